"""Scores of a trained model."""

import inspect
import logging
import os
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from typing import Any

import gin
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from disent_tf import score_files
from disent_tf.checks import check_choice, check_seed
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations
from disent_tf.distributions.structure import marginals
from disent_tf.errors import InputError
from disent_tf.metrics.representation import Representation
from disent_tf.metrics.utils import RepresentationFunction
from disent_tf.models.representation_model import RepresentationModel
from disent_tf.models.vae import VAE
from disent_tf.training.checkpointing import load_model_and_step
from disent_tf.training.run_folder import RunFolder

_log = logging.getLogger(__name__)

_ENCODER_BATCH = 512
_NUM_GIVEN = {"model": 3, "posteriors": 2, None: 4}  # Arguments that a metric gets, by what it wants.
_EXPECTED = "expected names with metrics, as in metrics/fast.gin: evaluate.metrics = {'mig': @compute_mig}."
Metric = Callable[..., dict[str, Any]]


@gin.configurable(denylist=["run_dir", "overwrite"])
def evaluate(
    run_dir: str | os.PathLike[str],
    *,
    data: Observations,
    metrics: Mapping[str, Metric] | Sequence[Mapping[str, Metric]],
    seed: int = 0,
    codes: str = "mean",
    overwrite: bool = False,
) -> dict[str, dict[str, Any]]:
    """Scores the newest checkpoint of a run: one file `scores/NAME.json` for each metric, as soon as it is known.

    A score that is there, of the same checkpoint, data, seed and arguments, is kept, so an evaluation that was stopped
    goes on where it was. Of data that are a full grid every image is encoded at most once, for all metrics.

    Args:
      run_dir: the run folder.
      data: what to score on.
      metrics: functions by the name of their result, or several such mappings. They have disentanglement_lib's
        signature (data, representation function, random state, folder for matrices). Others are told by the name of
        their first argument: (model, data, random state), or (posteriors, random state) with the `Representation` of
        a full grid by means and log variances. Gin's bindings in the scope of a name are its metric's:
        `mig_40/compute_mig.num_bins = 40` is for {'mig_40': @compute_mig}.
      seed: each metric starts from its own `RandomState(seed)`, as in disentanglement_lib.
      codes: what represents an image: the "mean" of its posterior, as in disentanglement_lib, or a "sample" of it, as
        in Peychev et al. (2017). Metrics of a model or of its posteriors do not ask.
      overwrite: compute again what the run has.

    Returns:
      The result of each metric, by its name.

    Raises:
      InputError: there is no run or checkpoint, the run has scores of another checkpoint, data, seed, codes or
        arguments, the arguments cannot be used, or a metric cannot be computed on these data; then the others are.
    """
    run = RunFolder.existing(run_dir)
    check_seed(seed)
    check_choice("evaluate.codes", codes, ("mean", "sample"))
    model, step = load_model_and_step(run_dir)
    metrics = _of_posteriors_too(_merged(metrics), model)
    shared = {"step": step, "seed": seed, "data": score_files.fingerprint(data), "codes": codes}
    asked = {name: {**shared, "arguments": _arguments(name, metric)} for name, metric in metrics.items()}
    files = {name: run.scores / f"{name}.json" for name in metrics}
    kept = {} if overwrite else {name: score_files.kept(files[name], asked[name]) for name in metrics}
    scorer, scores, errors = _Scorer(model, data, seed, codes, run), {}, []
    with logging_redirect_tqdm():
        for name in tqdm(metrics, unit="metric", disable=None, dynamic_ncols=True):
            try:
                scores[name] = kept.get(name) or scorer.score(name, metrics[name], files[name], asked[name])
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:  # InputError is a ValueError.
                _log.debug("%s failed", name, exc_info=True)
                kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
                errors.append(f"{name}: {kind}{str(error).splitlines()[0]}")  # Below it, gin says whom it called.
    if errors:
        raise InputError(f"{len(errors)} of {len(metrics)} metrics cannot be computed: {' | '.join(errors)}")
    return scores


class _Scorer:
    """Computes metrics of one model, for which each image of a full grid is encoded once, and writes what they give."""

    def __init__(self, model: RepresentationModel, data: Observations, seed: int, codes: str, run: RunFolder) -> None:
        self._model, self._data, self._seed, self._codes, self._run = model, data, seed, codes, run
        self._posteriors = Representation(data, posterior_parameters(model)) if data.is_full_grid else None

    def score(self, name: str, metric: Metric, file: pathlib.Path, circumstances: dict[str, Any]) -> dict[str, Any]:
        start = time.perf_counter()
        with gin.config_scope(name):
            scores = metric(*self._given(metric), *([str(self._run.matrices / name)] if _kind(metric) is None else []))
        seconds = round(time.perf_counter() - start, 3)
        _log.info("%s: %.1f s", name, seconds)
        return score_files.write(file, scores, seconds, circumstances)

    def _given(self, metric: Metric) -> tuple:
        state, latent_dim = np.random.RandomState(self._seed), self._model.latent_dim
        if _kind(metric) == "model":
            return self._model, self._data, state
        if _kind(metric) == "posteriors":
            return self._normal_posteriors(), state
        if not isinstance(self._data, GroundTruthData):
            message = f"{type(self._data).__name__} has no factors, and this metric compares codes with factors; "
            raise InputError(message + "expected a GroundTruthData: leave it out, and take those that read a model.")
        represent = _sample_of(latent_dim, self._seed) if self._codes == "sample" else _mean_of(latent_dim)
        if self._posteriors is not None:
            return self._posteriors, represent, state
        parameters = posterior_parameters(self._model)
        return self._data, lambda images: represent(np.asarray(parameters(images))), state

    def _normal_posteriors(self) -> Representation:
        if self._posteriors is None:
            message = "the data are no full grid, and this metric is over every combination of factor values; "
            raise InputError(message + "expected a full grid: leave it out, and take those that draw points.")
        _check_normal(self._posteriors[np.zeros(1, int)].shape[1], self._model.latent_dim)
        return self._posteriors


def _mean_of(latent_dim: int) -> RepresentationFunction:
    return lambda parameters: parameters[:, :latent_dim]


def _sample_of(latent_dim: int, seed: int) -> RepresentationFunction:
    """Returns a function of parameters of posteriors to samples of them, a fresh one at every call."""
    noise = np.random.RandomState(seed)  # Of its own: the points of a seed stay the same.

    def sample(parameters: np.ndarray) -> np.ndarray:
        parameters = np.asarray(parameters)
        _check_normal(parameters.shape[1], latent_dim)
        mean, log_variance = np.split(parameters, 2, axis=1)
        return mean + np.exp(log_variance / 2) * noise.standard_normal(mean.shape)

    return sample


def _check_normal(num_parameters: int, latent_dim: int) -> None:
    if num_parameters != 2 * latent_dim:
        message = "the posterior of the model is not normal, and what is asked for knows no other; "
        raise InputError(message + "expected DiagonalNormal: leave it out, and take what reads means only.")


def _arguments(name: str, metric: Metric) -> dict[str, str]:
    return score_files.arguments(name, metric, _NUM_GIVEN[_kind(metric)])


def _of_posteriors_too(metrics: dict[str, Metric], model: RepresentationModel) -> dict[str, Metric]:
    """Returns the metrics that can be asked of a model: without posteriors, none that are about them."""
    if isinstance(model, VAE):
        return metrics
    left = {name: metric for name, metric in metrics.items() if _kind(metric) is None}
    if out := [name for name in metrics if name not in left]:
        _log.info("Left out, as %s is no VAE and has no posteriors: %s.", type(model).__name__, ", ".join(out))
    if not left:
        raise InputError(f"{type(model).__name__} has no posteriors, and all metrics ask for them: choose others.")
    return left


def _kind(metric: Metric) -> str | None:
    """Returns what a metric wants in place of data and codes, None if it wants these."""
    first = next(iter(inspect.signature(metric).parameters), None)
    return first if first in _NUM_GIVEN else None


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


def mean_representation(model: RepresentationModel) -> RepresentationFunction:
    """Returns what metrics call: images `[num, h, w, c]` -> posterior means, float32 `[num, latent_dim]`."""
    return _batched(model, lambda images: model.encode(images).mean())


def posterior_parameters(model: RepresentationModel) -> RepresentationFunction:
    """Returns a function of images `[num, h, w, c]` to the means and log variances of their posteriors.

    float32 `[num, 2 * latent_dim]`; of a model whose posterior is not normal the means alone, `[num, latent_dim]`.
    """

    def parameters(images: tf.Tensor) -> tf.Tensor:
        posterior = model.encode(images)
        normal = marginals(posterior)
        parts = [posterior.mean(), 2.0 * tf.math.log(normal.stddev())] if isinstance(normal, tfd.Normal) else None
        return tf.concat(parts, axis=-1) if parts else posterior.mean()

    return _batched(model, parameters)


def _batched(model: RepresentationModel, encode: Callable[[tf.Tensor], tf.Tensor]) -> RepresentationFunction:
    # A tf.function of the encoder alone: 1.6 times as fast as `predict` on a CPU, and two calls at a time a sixth more.
    signature = [tf.TensorSpec((None, *model.image_shape), tf.float32)]
    compiled = tf.function(encode, input_signature=signature, jit_compile=False, autograph=False)

    def represent(images: np.ndarray) -> np.ndarray:
        batches = [images[start : start + _ENCODER_BATCH] for start in range(0, len(images), _ENCODER_BATCH)]
        with futures.ThreadPoolExecutor(2) as workers:
            return np.concatenate([codes.numpy() for codes in workers.map(compiled, batches)])

    return represent
