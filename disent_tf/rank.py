"""Ranks runs of one setting without labels, by how much their models agree."""

import os
import pathlib
from collections.abc import Callable, Sequence

import gin
import numpy as np

from disent_tf.checks import check_seed
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.metrics.udr import compute_udr_sklearn
from disent_tf.models.vae import VAE
from disent_tf.training.checkpointing import load_model
from disent_tf.visualization.arrays import kl_per_dimension


@gin.configurable(denylist=["run_dirs"])
def rank(run_dirs: Sequence[str | os.PathLike[str]], *, data: Observations, seed: int = 0) -> dict[str, float]:
    """Returns the unsupervised disentanglement ranking (Duan et al. 2020) of each run, by the name of its folder.

    Runs of one configuration and different seeds are meant. The score is in [0, 1], higher is better, and needs no
    factors; gin's bindings of `compute_udr_sklearn` are heeded.

    Args:
      run_dirs: two run folders of VAEs, or more.
      data: where images are drawn from.
      seed: of the draw.

    Raises:
      InputError: there are fewer than two runs, two of a name, one is no VAE's, or one has no checkpoint.
    """
    names = [pathlib.Path(run_dir).resolve().name for run_dir in run_dirs]
    if len(set(names)) < len(names):
        raise InputError(f"Two runs have the same name, {names}; expected folders of different names.")
    check_seed(seed)
    models = [load_model(run_dir) for run_dir in run_dirs]
    for name, model in zip(names, models, strict=True):
        if not isinstance(model, VAE):
            message = f"{name!r} is a {type(model).__name__}, which has no KL divergence; expected runs of VAEs: "
            raise InputError(message + "leave it out.")
    metric = gin.get_configurable(compute_udr_sklearn)
    scores = metric(data, [_codes_and_kl(model) for model in models], np.random.RandomState(seed))["model_scores"]
    return dict(zip(names, map(float, scores), strict=True))


def _codes_and_kl(model: VAE) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    return lambda images: (model.encode(images).mean().numpy(), kl_per_dimension(model, images))
