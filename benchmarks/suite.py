"""How long scoring a trained run takes from its images, against disentanglement_lib where it is importable.

Both sides encode with the same model on the same cores: `bin/evaluate`'s way, every image once in large batches, and
disentanglement_lib's, every draw in batches of 16 or 64. Its protocols of a hundred thousand draws are run at a share
of their votes, and their seconds scaled up, which is exact for what they do per vote.

    bin/train --gin_file=vae.gin --gin_param='train.steps = 600' --output_dir=runs/vae
    PYTHONPATH=. python benchmarks/suite.py runs/vae
"""

import argparse
import pathlib
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from benchmarks import metrics as peer
from disent_tf.data.dsprites import DSprites
from disent_tf.evaluate import evaluate, mean_representation
from disent_tf.metrics import (
    _predictors,
    beta_vae,
    downstream_task,
    factor_vae,
    irs,
    mig,
    modularity_explicitness,
    sap_score,
    unsupervised_metrics,
)
from disent_tf.models import VAE  # noqa: F401  Loading a run needs its classes.
from disent_tf.training.checkpointing import load_model

METRICS: dict[str, Callable[..., Any]] = {
    "mig": mig.compute_mig,
    "unsupervised_metrics": unsupervised_metrics.unsupervised_metrics,
    "irs": irs.compute_irs,
    "modularity_explicitness": modularity_explicitness.compute_modularity_explicitness,
    "sap_score": sap_score.compute_sap,
    "factor_vae": factor_vae.compute_factor_vae,
    "beta_vae": beta_vae.compute_beta_vae_sklearn,
    "downstream_task": downstream_task.compute_downstream_task,
}
PER_VOTE = {"factor_vae": ("num_train", "num_eval"), "beta_vae": ("num_train", "num_eval")}


def seconds_of_peer(name: str, data: DSprites, represent: Callable[..., Any], share: float) -> float:
    """Returns the seconds that disentanglement_lib takes for a metric, of a share of the votes where it votes."""
    ours = METRICS[name]
    votes = {argument: round(share * peer.default_of(ours, argument)) for argument in PER_VOTE.get(name, ())}
    theirs = peer.peer_of(name, ours, **votes)
    if theirs is None:
        raise SystemExit(f"disentanglement_lib has no {name} here; install it, or unpack its wheel on the path.")
    with gin.unlock_config():
        gin.parse_config(peer.BINDINGS, skip_unknown=True)
        gin.bind_parameter("predictor.predictor_fn", _predictors.logistic_regression_cv)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs(data, represent, np.random.RandomState(0))
    return (time.perf_counter() - start) / (share if votes else 1.0)


def main() -> None:
    """Prints a table of seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir")
    parser.add_argument("--share", type=float, default=0.05, help="of the votes of disentanglement_lib's protocols")
    arguments = parser.parse_args()
    gin.bind_parameter("compute_downstream_task.predictor_fn", _predictors.logistic_regression_cv)
    data = DSprites()
    with tempfile.TemporaryDirectory() as folder:  # The scores of the run itself stay.
        run = shutil.copytree(arguments.run_dir, pathlib.Path(folder, "run"), ignore=shutil.ignore_patterns("scores"))
        start = time.perf_counter()
        evaluate(run, data=data, metrics={name: gin.get_configurable(metric) for name, metric in METRICS.items()})
        ours = time.perf_counter() - start
    print(f"disent_tf: {ours:.0f} s for {len(METRICS)} metrics, every image encoded once", flush=True)
    represent = mean_representation(load_model(arguments.run_dir))
    represent(data[np.arange(64)])
    total = 0.0
    for name in METRICS:
        seconds = seconds_of_peer(name, data, represent, arguments.share)
        total += seconds
        print(f"disentanglement_lib, {name}: {seconds:.0f} s", flush=True)
    print(f"disentanglement_lib: {total:.0f} s in all, {total / ours:.1f} times as long")


if __name__ == "__main__":
    main()
