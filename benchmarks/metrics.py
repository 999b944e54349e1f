"""How long the metrics take on given codes, against disentanglement_lib where it is importable.

Takes a npz of the codes of a whole data set, `mean` `[num, latent_dim]` and `factor_sizes`, or makes noisy codes of the
size of dSprites, and prints a table. Each metric is run in turn by both libraries, on the same draws:

    python benchmarks/metrics.py codes_vae_dsprites.npz
    python benchmarks/metrics.py --repeats 1 --metrics dci fairness

Names are those of the modules of `disent_tf.metrics`; by default all but the slow
ones, which grow boosted trees or train a classifier step by step.
"""

import argparse
import importlib
import inspect
import itertools
import math
import os
import pkgutil
import statistics
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import gin
import numpy as np

import disent_tf.metrics
from disent_tf.metrics.representation import Representation, as_codes

PEER = "disentanglement_lib.evaluation.metrics"
PROTOCOL = ["ground_truth_data", "representation_function", "random_state"]
SLOW = {"dci", "downstream_task", "reduced_downstream_task", "strong_downstream_task", "fairness", "unified_scores"}
SLOW |= {"single_factor_change"}
NOT_METRICS = {"utils", "uncertainty"}  # They draw points, and run other metrics.
BINDINGS = f"""
discretizer.discretizer_fn = @{PEER}.utils.histogram_discretizer
discretizer.num_bins = 20
histogram_discretizer.num_bins = 20
predictor.predictor_fn = @{PEER}.utils.gradient_boosting_classifier
prune_dims.threshold = 0.05
irs.diff_quantile = 0.99
"""


def protocols() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yields the protocol functions of disent_tf.metrics, with the names of their modules."""
    for module in pkgutil.iter_modules(disent_tf.metrics.__path__):
        contents = vars(importlib.import_module(f"disent_tf.metrics.{module.name}"))
        for function in contents.values():
            own = inspect.isfunction(function) and function.__module__ == contents["__name__"]
            if own and list(inspect.signature(function).parameters)[:3] == PROTOCOL:
                yield module.name, function


def default_of(function: Callable[..., Any], argument: str) -> Any:
    """Returns the default of an argument."""
    return inspect.signature(function).parameters[argument].default


def peer_of(name: str, function: Callable[..., Any], **given: Any) -> Callable[..., Any] | None:
    """Returns the function of disentanglement_lib of the same name; None if it is not importable.

    Args:
      name: of the module of both.
      function: ours, whose defaults it gets where it has none.
      given: arguments for it.
    """
    configurable = gin.configurable

    def accept_blacklist(*names: Any, blacklist: Any = None, **options: Any) -> Any:
        return configurable(*names, **({"denylist": blacklist} if blacklist else {}), **options)

    # It imports gin.tf, which needs an estimator that TensorFlow no longer has, and names an argument as gin once did.
    sys.modules.setdefault("gin.tf", types.ModuleType("gin.tf"))
    gin.configurable = accept_blacklist
    try:
        module = importlib.import_module(f"{PEER}.{name}")
        theirs = getattr(module, function.__name__)
    except (ImportError, AttributeError):
        return None
    finally:
        gin.configurable = configurable
    ours, arguments = inspect.signature(function).parameters, {}
    for argument, parameter in inspect.signature(theirs).parameters.items():
        if parameter.default is gin.REQUIRED and argument in ours:
            default = default_of(function, argument)
            of_functions = isinstance(default, (list, tuple)) and all(map(callable, default))
            arguments[argument] = [getattr(module, each.__name__) for each in default] if of_functions else default
    return lambda *first: theirs(*first, **arguments | given)


def noisy_codes() -> tuple[np.ndarray, tuple[int, ...]]:
    """Returns ten codes of a grid of the size of dSprites: five noisy factors and five of noise."""
    sizes = (3, 6, 40, 32, 32)
    factors = np.stack(np.unravel_index(np.arange(math.prod(sizes)), sizes), axis=1)
    codes = np.random.RandomState(0).standard_normal((len(factors), 10))
    codes[:, : len(sizes)] = 0.3 * codes[:, : len(sizes)] + (factors - factors.mean(axis=0)) / factors.std(axis=0)
    return codes, sizes


def run(metric: Callable[..., Any], data: Representation, seed: int) -> tuple[float, dict[str, Any]]:
    """Returns seconds and scores."""
    random_state = np.random.RandomState(seed)
    np.random.seed(seed)  # noqa: NPY002  disentanglement_lib draws from it.
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = metric(data, as_codes, random_state)
    return time.perf_counter() - start, scores


def row(name: str, function: Callable[..., Any], data: Representation, repeats: int, seed: int) -> list[str]:
    """Returns the cells of a metric: name, key, our score, theirs, our seconds, theirs, ratio."""
    theirs = peer_of(name, function)
    if theirs:
        with gin.unlock_config():
            gin.parse_config(BINDINGS, skip_unknown=True)
    seconds: tuple[list[float], list[float]] = ([], [])
    scores: list[dict[str, Any]] = [{}, {}]
    for _, (side, metric) in itertools.product(range(repeats), enumerate((function, theirs))):
        if metric:
            try:
                took, scores[side] = run(metric, data, seed)
                seconds[side].append(took)
            except Exception as error:  # A metric that cannot be run is told, and the table goes on.
                scores[side] = {"error": type(error).__name__}
    known = {each: value for each, value in scores[0].items() if isinstance(value, (int, float))}
    key = next((each for each in known if each in scores[1]), next(iter(known), "error"))
    cells = [f"{score[key]:.4g}" if isinstance(score.get(key), (int, float, np.number)) else "" for score in scores]
    cells = [cell or str(score.get("error", "")) for cell, score in zip(cells, scores, strict=True)]
    medians = [statistics.median(each) if each else math.nan for each in seconds]
    ratio = medians[1] / medians[0]
    times = ["" if math.isnan(median) else f"{median:.3g}" for median in medians]
    return [function.__name__, key, *cells, *times, "" if math.isnan(ratio) else f"{ratio:.1f}"]


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codes", nargs="?", help="npz; without, noisy codes are made")
    parser.add_argument("--metrics", nargs="+", metavar="NAME", help="which modules")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each, of which the median is told")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    codes, sizes = noisy_codes()
    if arguments.codes:
        with np.load(arguments.codes) as file:
            codes, sizes = file["mean"].astype(np.float64), tuple(map(int, file["factor_sizes"]))
    data = Representation.of_codes(codes, sizes)
    data[np.arange(len(data))]  # Codes are at hand before the first metric is timed.
    print(f"{len(codes)} x {codes.shape[1]} codes, medians of {arguments.repeats} runs, {os.cpu_count()} cores\n")
    print("| metric | score | disent_tf | disentanglement_lib | disent_tf, s | disentanglement_lib, s | ratio |")
    print("|---|---|---|---|---|---|---|")
    for name, function in protocols():
        if name in arguments.metrics if arguments.metrics else name not in SLOW | NOT_METRICS:
            print("|", " | ".join(row(name, function, data, arguments.repeats, arguments.seed)), "|", flush=True)


if __name__ == "__main__":
    main()
