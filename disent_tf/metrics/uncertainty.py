"""How sure is a score, and what would noise score?

On protocols, `compute_with_uncertainty` tells both for any metric; on arrays, `resampling.bootstrap` and
`resampling.permutation_null` do for any score.
"""

import copy
import inspect
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import stats

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, representation, resampling, unrelated_data, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

Metric = Callable[..., Mapping[str, Any]]


@utils.protocol
def compute_with_uncertainty(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    metrics: Sequence[Metric] | Mapping[str, Metric] = (),
    num_replicates: int = 10,
    num_null: int = 20,
    confidence: float = 0.95,
) -> dict[str, float]:
    """Computes metrics with, for every score k, an interval k_ci_low to k_ci_high, and k_null and k_null_high.

    k itself is what the metric gives with this random state. As data can be drawn again, the interval needs no
    bootstrap: the metric is run `num_replicates` times more on draws of its own, and with s the standard deviation of
    these scores the interval is `k -+ t s`, t the quantile of Student's t distribution with `num_replicates - 1`
    degrees of freedom. It is a confidence interval of the score's expected value over draws, for scores that are about
    normal. It tells how much of k is the luck of this seed; not what the metric's own bias is (few points, coarse
    bins), nor how another training run would score. It may reach beyond the range of the score.

    The null is the score of the same factors with observations that have no relation to them (see `unrelated_data`):
    k_null is the mean over `num_null` runs and k_null_high the upper quantile, the largest with 20 runs or fewer at a
    confidence of .95. A score that is not above k_null_high says nothing (of those where higher is better and that use
    factors). On a small full grid a permuted observation is still a function of the factors, which a classifier can
    learn by heart.

    It costs `1 + num_replicates + num_null` runs. Each image of data that are a full grid is encoded at most once.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for each metric's files, in folders of their names, and uncertainty.npz, which holds all
        scores behind an interval (k_replicates) and a null (k_nulls); None writes nothing.
      metrics: functions with the first four arguments of this one; or these by their names.
      num_replicates: runs for the intervals, at least 2; 0 gives none.
      num_null: runs for the null; 0 gives none.
      confidence: of the intervals and of k_null_high.

    Returns:
      For one metric its keys and theirs with the endings above; for several, each with the name of its metric and a dot
      before it, `mig.discrete_mig_null`. Numbers that only repeat an argument (num_bins) have no endings.

    Raises:
      InputError: a number is out of range, there is no metric or one without a name, or one cannot be computed.
    """
    resampling.check_confidence(confidence)
    _checks.require_at_least(0, num_null=num_null)
    _checks.require_at_least(2 if num_replicates else 0, num_replicates=num_replicates)
    named = _by_name(metrics)
    data, represent = _encoded_once(ground_truth_data, representation_function)
    seeds = np.random.RandomState(utils.separate_seed(random_state)).randint(2**31, size=num_replicates + num_null)
    own = [np.random.RandomState(seed) for seed in seeds]
    results: dict[str, float] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, metric in named.items():
        folder = None if artifact_dir is None else pathlib.Path(artifact_dir) / name
        scores = metric(data, represent, copy.deepcopy(random_state), folder)
        replicates = [metric(data, represent, copy.deepcopy(state)) for state in own[:num_replicates]]
        unrelated = (unrelated_data.unrelated(data, state) for state in own[num_replicates:])
        nulls = [metric(without, represent, copy.deepcopy(random_state)) for without in unrelated]
        runs = _Runs(scores, replicates, nulls)
        before = f"{name}." if len(named) > 1 else ""
        results |= {before + key: value for key, value in runs.summary(metric, confidence).items()}
        arrays |= {before + key: values for key, values in runs.arrays(metric).items()}
    utils.save_arrays(artifact_dir, "uncertainty.npz", **arrays)
    return results


class _Runs(NamedTuple):
    """What a metric gave."""

    scores: Mapping[str, Any]
    replicates: list[Mapping[str, Any]]  # On other draws.
    nulls: list[Mapping[str, Any]]  # Without a relation of codes and factors.

    def summary(self, metric: Metric, confidence: float) -> dict[str, Any]:
        """Returns the scores, and for each its interval and null."""
        result = dict(self.scores)
        for key in self._keys(metric):
            score, replicates, nulls = float(self.scores[key]), _values(self.replicates, key), _values(self.nulls, key)
            if len(replicates):
                reach = _reach(replicates, confidence)
                result |= {f"{key}_ci_low": score - reach, f"{key}_ci_high": score + reach}
            if len(nulls):
                high = resampling.upper_quantile(nulls, confidence)
                result |= {f"{key}_null": float(nulls.mean()), f"{key}_null_high": high}
        return result

    def arrays(self, metric: Metric) -> dict[str, np.ndarray]:
        """Returns the scores of all runs."""
        keys = self._keys(metric)
        replicates = {f"{key}_replicates": _values(self.replicates, key) for key in keys}
        return replicates | {f"{key}_nulls": _values(self.nulls, key) for key in keys}

    def _keys(self, metric: Metric) -> list[str]:
        arguments = inspect.signature(metric).parameters
        return [
            key
            for key, value in self.scores.items()
            if key not in arguments and isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        ]


def _values(runs: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    return np.array([run.get(key, np.nan) for run in runs], np.float64)


def _reach(replicates: np.ndarray, confidence: float) -> float:
    with np.errstate(invalid="ignore"):  # Of infinite scores it is NaN.
        deviation = np.std(replicates, ddof=1)
    return float(stats.t.ppf((1 + confidence) / 2, len(replicates) - 1) * deviation)


def _encoded_once(data: Any, represent: utils.RepresentationFunction) -> tuple[Any, utils.RepresentationFunction]:
    if isinstance(data, representation.Representation) or not getattr(data, "is_full_grid", False):
        return data, represent
    return representation.Representation(data, represent), representation.as_codes


def _by_name(metrics: Sequence[Metric] | Mapping[str, Metric]) -> dict[str, Metric]:
    if not isinstance(metrics, Mapping):
        names = [getattr(metric, "__name__", "").removeprefix("compute_") for metric in metrics]
        if len(set(names)) < len(names) or not all(names):
            message = f"metrics are called {names}; expected a name of its own for each: "
            raise InputError(message + "pass a dictionary of names and metrics.")
        metrics = dict(zip(names, metrics, strict=True))
    for name, metric in metrics.items():
        if (first := next(iter(inspect.signature(metric).parameters), None)) in ("model", "posteriors"):
            message = f"metric {name} takes {first} in place of data and codes, which cannot be drawn again; "
            raise InputError(message + "expected one of the others: leave it out.")
    if not metrics:
        raise InputError("there is no metric to compute; expected one: pass metrics=[compute_mig], say.")
    return dict(metrics)
