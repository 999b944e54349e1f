"""Training, from top to bottom."""

import atexit
import contextlib
import logging
import os
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import gin
import keras
import numpy as np

from disent_tf import config
from disent_tf.checks import check_count, check_positive, check_seed
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.files import write_text
from disent_tf.models.representation_model import RepresentationModel
from disent_tf.models.vae import VAE
from disent_tf.optimizers import fused
from disent_tf.training import devices, provenance
from disent_tf.training.callbacks import ContinueMeans, EverySteps, Progress, SaveCheckpoints, StopOnNaN
from disent_tf.training.checkpointing import Checkpoints, architecture, check_same_architecture
from disent_tf.training.curves import Curves, DecompositionCurves
from disent_tf.training.interruption import StopOnSignal
from disent_tf.training.profiling import ProfileSteps
from disent_tf.training.run_folder import RunFolder, read_json, write_json

_log = logging.getLogger(__name__)

for _module, _kind in (
    ("keras.optimizers", keras.optimizers.Optimizer),
    ("keras.optimizers.schedules", keras.optimizers.schedules.LearningRateSchedule),
):
    _classes = vars(sys.modules[_module]).values()
    for _class in sorted({c for c in _classes if isinstance(c, type) and issubclass(c, _kind)}, key=str):
        gin.external_configurable(_class, module=_module)

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
T = TypeVar("T")


@gin.configurable(denylist=["output_dir", "overwrite", "resume"])
def train(
    output_dir: str | os.PathLike[str],
    *,
    data: Observations,
    model: Callable[[], RepresentationModel],
    steps: int,
    optimizer: Callable[[], keras.optimizers.Optimizer] | None = None,
    batch_size: int = 64,
    seed: int = 0,
    precision: str = "float32",
    strategy: str | None = None,
    jit_compile: bool | None = None,
    threads: int | None = None,
    onednn: bool | None = None,
    steps_per_execution: int = 1,
    log_every: int = 100,
    decomposition_every: int = 1000,
    decomposition_images: int = 1000,
    checkpoint_every: int = 1000,
    keep_checkpoints: int = 3,
    profile_steps: Sequence[int] | None = None,
    callbacks: Sequence[EverySteps] = (),
    overwrite: bool = False,
    resume: bool = False,
) -> RepresentationModel:
    """Trains a model and fills a run folder.

    Args:
      output_dir: the run folder to make or, with `resume`, to continue.
      data: what to train on.
      model: makes the model; called once the random seed is set, so that a seed means the same weights.
      steps: training steps in all; 0 for a model that stays as it is made, and for one that learns at once, as PCA.
      optimizer: makes the optimizer of the model's loss. A model that learns at once needs none.
      batch_size: images in each batch of a step (FactorVAE takes two batches a step).
      seed: of weights, noise and the order of the data.
      precision: Keras dtype policy: "float32", "mixed_float16" or "mixed_bfloat16".
      strategy: "mirrored" shares each batch between all GPUs of this machine (without any, between logical CPUs),
        "multi_worker" between those of all machines in TF_CONFIG; None computes on one device. See docs/gpu.md.
      jit_compile: compile the step with XLA; None does so on one GPU only, as on a CPU it is slower.
      threads: of TensorFlow; None takes all cores. It has to come before anything is computed.
      onednn: whether TensorFlow computes with oneDNN; None takes what it was imported with. The command line can still
        choose, as it imports TensorFlow after reading this.
      steps_per_execution: steps in one call of TensorFlow; divides the intervals below.
      log_every: steps between rows of `metrics.csv`, each the mean since the last row.
      decomposition_every: steps between rows of `decomposition.csv`, estimates of mutual information, total
        correlation and dimension-wise KL in nats, of a VAE; 0 for none.
      decomposition_images: images that they are estimated on, the same every time.
      checkpoint_every: steps between checkpoints; there is always one at the end and at an interruption.
      keep_checkpoints: how many of the newest checkpoints stay.
      profile_steps: (first, last) of the steps that are traced for TensorBoard.
      callbacks: what else happens between steps, such as `EarlyStopping` and `TraversalImages`.
      overwrite: replace a run that is in `output_dir`.
      resume: continue the run that is in `output_dir`.

    Returns:
      The trained model.

    Raises:
      InputError: the arguments cannot be used; nothing has been written.
      TrainingError: the loss became NaN.
      KeyboardInterrupt: Ctrl-C or SIGTERM; the run has been saved and can be resumed (of several workers only up to its
        last checkpoint).
    """
    on = devices.choose(strategy, jit_compile, threads, onednn)
    run = (_open if on.is_chief else _open_for_worker)(output_dir, overwrite=overwrite, resume=resume)
    check_positive(batch_size=batch_size, keep_checkpoints=keep_checkpoints, steps_per_execution=steps_per_execution)
    check_positive(log_every=log_every, checkpoint_every=checkpoint_every)
    check_count(steps=steps)
    _check_multiples(steps_per_execution, steps=steps, log_every=log_every, checkpoint_every=checkpoint_every)
    if decomposition_every:
        check_positive(decomposition_every=decomposition_every, decomposition_images=decomposition_images)
        _check_multiples(steps_per_execution, decomposition_every=decomposition_every)
    check_seed(seed)
    _check_data(data)
    _check_shares(batch_size, on.num_replicas)
    _check_callbacks(callbacks)
    extras = [*callbacks, *([] if profile_steps is None else [ProfileSteps(profile_steps)])]

    keras.utils.set_random_seed(seed)
    with _dtype_policy(precision), on.strategy.scope():
        net = _make("train.model", model)
        _check_training(net, optimizer, steps)
        if optimizer is not None and not net.learns_at_once:
            fast = fused(_make("train.optimizer", optimizer))
            net.compile(fast, jit_compile=on.jit_compile, steps_per_execution=steps_per_execution)
            net.optimizer.build(net.trainable_variables)  # One built later, in `fit`, would not be restored.
    net.check_feed(data.dataset(batch_size, seed).element_spec, data)

    info = {"seed": seed, **provenance.describe()}
    if resume:
        check_same_architecture(net, run)
    else:
        run.start(info, architecture(net), config.operative())
    checkpoints = Checkpoints(net, run.checkpoints, keep_checkpoints)
    step = checkpoints.restore()
    if resume:
        _check_multiples(steps_per_execution, **{"the step to resume from": step})
        _record_resumption(run, {"step": step, **info})

    _log.info("%s", _headline(net, data, run, f"{precision} on {on.place}", step, steps))
    _log.info("Chosen: %s.", on.choices)
    if step == 0:
        net.fit_at_once(data, seed)
    if steps == 0:
        checkpoints.save(0)
        return net
    progress = Progress(log_every, net.headline_terms)
    watchers = [StopOnNaN(1), progress, Curves(log_every)]
    if decomposition_every and isinstance(net, VAE):  # Of a posterior and a prior.
        images = _some_images(data, decomposition_images, seed)
        watchers.append(DecompositionCurves(decomposition_every, images, len(data)))
    watchers.extend([*extras, SaveCheckpoints(checkpoint_every, checkpoints)])
    for watcher in watchers:
        watcher.attach(step, steps, run)
    if step >= steps or any(watcher.done for watcher in watchers):
        return net
    feed = data.dataset(batch_size * net.batches_per_step, seed, first_batch=step)
    with StopOnSignal(listen=on.num_workers == 1) as stop:
        means = ContinueMeans(net)
        net.fit(feed, steps_per_epoch=steps - step, verbose=0, shuffle=False, callbacks=[means, *watchers, stop])
        if progress.step < steps:
            checkpoints.save(progress.step)
    if progress.step < steps and stop.requested:
        raise KeyboardInterrupt(f"Stopped after step {progress.step} of {steps}; continue with --resume.")
    return net


def _open(output_dir: str | os.PathLike[str], *, overwrite: bool, resume: bool) -> RunFolder:
    if resume:
        return RunFolder.existing(output_dir)
    run = RunFolder(output_dir)
    run.check_available(overwrite=overwrite)
    return run


def _open_for_worker(output_dir: str | os.PathLike[str], *, overwrite: bool, resume: bool) -> RunFolder:
    """Returns a folder that nobody reads: of several workers one fills the run folder, and all do the same steps."""
    del overwrite
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="disent_tf_worker_"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    if resume:  # The weights and curves to go on from.
        shutil.copytree(RunFolder.existing(output_dir).path, scratch / "run")
    return RunFolder(scratch / "run")


def _record_resumption(run: RunFolder, session: dict[str, Any]) -> None:
    info = read_json(run.info)
    write_json(run.info, {**info, "resumed": [*info.get("resumed", []), session]})
    write_text(run.config, config.operative())


def _check_multiples(steps_per_execution: int, **values: int) -> None:
    for name, value in values.items():
        if value % steps_per_execution:
            raise InputError(
                f"{name} = {value} is not a multiple of steps_per_execution = {steps_per_execution}: change one of "
                "them."
            )


def _check_training(net: RepresentationModel, optimizer: Any, steps: int) -> None:
    if net.learns_at_once and steps:
        raise InputError(f"{type(net).__name__} learns at once, train.steps is {steps}; expected train.steps = 0.")
    if steps and optimizer is None:
        raise InputError("train.optimizer is not set; expected an optimizer, written as @Adam.")


def _check_data(data: Any) -> None:
    if not isinstance(data, Observations):
        raise InputError(f"train.data is {data!r}; expected a data set, written as @DSprites() or %data.")


def _check_shares(batch_size: int, num_replicas: int) -> None:
    if batch_size % num_replicas:
        raise InputError(
            f"batch_size = {batch_size} cannot be shared between {num_replicas} replicas; expected a multiple of "
            f"{num_replicas}."
        )


def _check_callbacks(callbacks: Any) -> None:
    usable = isinstance(callbacks, list | tuple) and all(isinstance(each, EverySteps) for each in callbacks)
    if not usable:
        raise InputError(f"train.callbacks is {callbacks!r}; expected a list such as [@EarlyStopping()].")


@contextlib.contextmanager
def _dtype_policy(precision: str) -> Iterator[None]:
    if precision not in PRECISIONS:
        raise InputError(f"train.precision is {precision!r}; expected one of {', '.join(PRECISIONS)}.")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _make(parameter: str, factory: Callable[[], T]) -> T:
    """Calls a factory that gin configured; what it cannot accept is bad input."""
    if not callable(factory) or isinstance(factory, keras.Model):
        raise InputError(f"{parameter} is {factory!r}; expected a class, written as @Name without parentheses.")
    try:
        return factory()
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(f"Cannot make {parameter}: {str(error).splitlines()[0]}") from error


def _some_images(data: Observations, num: int, seed: int) -> np.ndarray:
    indices = np.random.default_rng(seed).permutation(len(data))[:num]
    return data[np.sort(indices)]


def _headline(net: RepresentationModel, data: Observations, run: RunFolder, where: str, step: int, steps: int) -> str:
    return (
        f"{type(net).__name__} ({net.count_params():,} parameters) on {type(data).__name__} ({len(data):,} images), "
        f"{where}, steps {step} to {steps}, into {run.path}"
    )
