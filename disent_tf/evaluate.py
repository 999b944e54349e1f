"""Scores of a trained model."""

import inspect
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from disent_tf.checks import check_seed
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError
from disent_tf.metrics.representation import Representation, as_codes
from disent_tf.metrics.utils import RepresentationFunction
from disent_tf.training.checkpointing import load_model_and_step
from disent_tf.training.run_folder import RunFolder, read_json, write_json

_log = logging.getLogger(__name__)

_ENCODER_BATCH = 1024
_EXPECTED = "expected names with metrics, as in metrics/fast.gin: evaluate.metrics = {'mig': @compute_mig}."
Metric = Callable[..., dict[str, Any]]


@gin.configurable(denylist=["run_dir", "overwrite"])
def evaluate(
    run_dir: str | os.PathLike[str],
    *,
    data: GroundTruthData,
    metrics: Mapping[str, Metric] | Sequence[Mapping[str, Metric]],
    seed: int = 0,
    overwrite: bool = False,
) -> dict[str, dict[str, Any]]:
    """Scores the newest checkpoint of a run: one file `scores/NAME.json` for each metric, as soon as it is known.

    A score that is there, of the same checkpoint, seed and arguments, is kept, so an evaluation that was stopped goes
    on where it was. Every image of data that are a full grid is encoded at most once, for all metrics together.

    Args:
      run_dir: the run folder.
      data: what to score on.
      metrics: functions by the name of their result, or several such mappings. They have disentanglement_lib's
        signature (data, representation function, random state, folder for matrices), or their first argument is called
        `model` and they take (model, data, random state). Gin's bindings in the scope of a name are its metric's:
        `mig_40/compute_mig.num_bins = 40` is for {'mig_40': @compute_mig}.
      seed: each metric starts from its own `RandomState(seed)`, as in disentanglement_lib.
      overwrite: compute again what the run has.

    Returns:
      The result of each metric, by its name.

    Raises:
      InputError: there is no run or checkpoint, the run has scores of another checkpoint, seed or arguments, the
        arguments cannot be used, or a metric cannot be computed on these data; then the others are.
    """
    run = RunFolder.existing(run_dir)
    check_seed(seed)
    metrics = _merged(metrics)
    model, step = load_model_and_step(run_dir)
    asked = {name: {"step": step, "seed": seed, "arguments": _arguments(name, metrics[name])} for name in metrics}
    kept = {} if overwrite else {name: _kept(run, name, circumstances) for name, circumstances in asked.items()}
    scorer, scores, errors = _Scorer(model, data, seed, run), {}, []
    with logging_redirect_tqdm([logging.getLogger("disent_tf")]):
        for name in tqdm(metrics, unit="metric", disable=None, dynamic_ncols=True):
            try:
                scores[name] = kept.get(name) or scorer.score(name, metrics[name], asked[name])
            except InputError as error:
                errors.append(f"{name}: {str(error).splitlines()[0]}")  # Below it, gin says whom it called.
    if errors:
        raise InputError(f"{len(errors)} of {len(metrics)} metrics cannot be computed: {' | '.join(errors)}")
    return scores


class _Scorer:
    """Computes metrics of one model, for which each image of a full grid is encoded once, and writes what they give."""

    def __init__(self, model: keras.Model, data: GroundTruthData, seed: int, run: RunFolder) -> None:
        self._model, self._data, self._seed, self._run = model, data, seed, run
        represent = mean_representation(model)
        self._coded = (Representation(data, represent), as_codes) if data.is_full_grid else (data, represent)

    def score(self, name: str, metric: Metric, circumstances: dict[str, Any]) -> dict[str, Any]:
        start, state = time.perf_counter(), np.random.RandomState(self._seed)
        with gin.config_scope(name):
            if _takes_model(metric):
                scores = metric(self._model, self._data, state)
            else:
                scores = metric(*self._coded, state, str(self._run.matrices / name))
        seconds = round(time.perf_counter() - start, 3)
        write_json(self._run.scores / f"{name}.json", {"scores": scores, "seconds": seconds, **circumstances})
        _log.info("%s: %.1f s", name, seconds)
        return scores


def _kept(run: RunFolder, name: str, circumstances: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the scores of a metric that the run has, None if it has none; InputError if they are of another kind."""
    path = run.scores / f"{name}.json"
    if not path.exists():
        return None
    found = read_json(path)
    other = [key for key, value in circumstances.items() if found.get(key) != value]
    if other:
        message = f"{str(path)!r} has another {' and another '.join(other)} ({_difference(found, circumstances)}); "
        raise InputError(message + "replace it with --overwrite, or give the metric a name of its own.")
    return found["scores"]


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    found, wanted = ({**kind, **kind.get("arguments", {})} for kind in (found, wanted))
    keys = [key for key in wanted if key != "arguments" and found.get(key) != wanted[key]]
    return ", ".join(f"{key}: {found.get(key)} there, {wanted[key]} now" for key in keys) or "fewer arguments now"


def _arguments(name: str, metric: Metric) -> dict[str, str]:
    """Returns what a metric leaves open and what it is here, by gin or by default."""
    parameters = list(inspect.signature(metric).parameters.values())[3 if _takes_model(metric) else 4 :]
    with gin.config_scope(name):
        try:
            bound = gin.get_bindings(metric, resolve_references=False)
        except ValueError:  # A function that gin does not know has its defaults.
            bound = {}
    return {p.name: _told(bound.get(p.name, p.default)) for p in parameters}


def _told(value: Any) -> str:
    return value.__name__ if inspect.isfunction(value) else str(value)


def _takes_model(metric: Metric) -> bool:
    return next(iter(inspect.signature(metric).parameters), None) == "model"


def _merged(metrics: Any) -> dict[str, Metric]:
    parts = [metrics] if isinstance(metrics, Mapping) else metrics
    if not isinstance(parts, Sequence) or not all(isinstance(part, Mapping) for part in parts):
        raise InputError(f"evaluate.metrics is {metrics!r}; {_EXPECTED}")
    merged = {name: metric for part in parts for name, metric in part.items()}
    if not merged or not all(map(callable, merged.values())):
        raise InputError(f"evaluate.metrics is {metrics!r}; {_EXPECTED}")
    if len(merged) < sum(map(len, parts)):
        raise InputError("evaluate.metrics names a metric twice; give each its own name.")
    if wrong := [name for name in merged if not str(name).isidentifier()]:
        raise InputError(f"evaluate.metrics names a metric {wrong[0]!r}; expected letters, digits and underscores.")
    return merged


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
