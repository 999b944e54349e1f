"""Scores of a trained model."""

import inspect
import logging
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf

from disent_tf import config
from disent_tf.checks import check_seed
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError
from disent_tf.metrics.utils import RepresentationFunction
from disent_tf.training.checkpointing import load_model
from disent_tf.training.run_folder import RunFolder, check_free, write_json

_log = logging.getLogger(__name__)

_ENCODER_BATCH = 1024
Metric = Callable[..., dict[str, Any]]


@gin.configurable(denylist=["run_dir", "overwrite"])
def evaluate(
    run_dir: str | os.PathLike[str],
    *,
    data: GroundTruthData,
    metrics: Sequence[Metric] = (),
    model_metrics: Sequence[Metric] = (),
    seed: int = 0,
    overwrite: bool = False,
) -> dict[str, dict[str, Any]]:
    """Scores the newest checkpoint of a run, and writes `scores.json` and the matrices behind the scores.

    Args:
      run_dir: the run folder.
      data: what to score on.
      metrics: functions with disentanglement_lib's signature (data, representation function, random state, folder).
      model_metrics: functions of (model, data, random state), such as bounds on the likelihood.
      seed: each metric starts from its own `RandomState(seed)`, as in disentanglement_lib.
      overwrite: replace the scores that the run has.

    Returns:
      The result of each metric, by its name: the function's name without "compute_".

    Raises:
      InputError: there is no run or checkpoint, the run has scores, or the arguments cannot be used.
    """
    run = RunFolder.existing(run_dir)
    check_free(run.scores, overwrite=overwrite)
    check_seed(seed)
    named = _by_name(metrics, model_metrics)
    model = load_model(run_dir)
    represent = mean_representation(model)
    scores = {}
    for name, metric in named.items():
        start = time.perf_counter()
        state = np.random.RandomState(seed)
        if metric in model_metrics:
            scores[name] = metric(model, data, state)
        else:
            scores[name] = metric(data, represent, state, str(run.matrices / name))
        _log.info("%s: %s (%.1f s)", name, scores[name], time.perf_counter() - start)
    write_json(run.scores, {"seed": seed, "scores": scores, "configuration": config.operative().splitlines()})
    return scores


def _by_name(metrics: Sequence[Metric], model_metrics: Sequence[Metric]) -> dict[str, Metric]:
    lists = (metrics, model_metrics)
    if not all(isinstance(each, (list, tuple)) for each in lists):
        raise InputError("evaluate.metrics and evaluate.model_metrics are lists, as in metrics/all.gin.")
    metrics = [metric for each in lists for metric in each]
    if not metrics or not all(map(callable, metrics)):
        raise InputError(f"No metrics to compute: {metrics!r}; bind evaluate.metrics to a list, as in metrics/all.gin.")
    for metric in metrics:
        ours = next(iter(inspect.signature(metric).parameters), None) == "model"
        if ours != (metric in lists[1]):
            right = "evaluate.model_metrics" if ours else "evaluate.metrics"
            raise InputError(f"{metric.__name__} belongs into {right}: its first argument decides.")
    named = {metric.__name__.removeprefix("compute_"): metric for metric in metrics}
    if len(named) < len(metrics):
        raise InputError("A metric is named twice; evaluate its variants one after the other.")
    return named


def mean_representation(model: keras.Model) -> RepresentationFunction:
    """Returns what metrics call: images `[num, h, w, c]` -> posterior means, float32 `[num, latent_dim]`."""
    # A tf.function of the encoder alone, at batch 1024: 1.6 times as fast as `predict` on a CPU.
    encode = tf.function(
        lambda x: model.encode(x).mean(),
        input_signature=[tf.TensorSpec((None, *model.image_shape), tf.float32)],
        jit_compile=False,
    )

    def represent(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), _ENCODER_BATCH)
        return np.concatenate([encode(images[start : start + _ENCODER_BATCH]).numpy() for start in starts])

    return represent
