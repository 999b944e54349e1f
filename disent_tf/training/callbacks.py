"""What happens between training steps: progress, curves, checkpoints and the watch for NaN.

Each callback counts absolute steps, so that a resumed run goes on where it stopped.
"""

import csv
import logging
import math
import pathlib
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from disent_tf import files
from disent_tf.distributions.aggregate_posterior import decompose
from disent_tf.errors import TrainingError
from disent_tf.training.checkpointing import Checkpoints

_log = logging.getLogger(__name__)

Logs = dict[str, Any]
_ADVICE = "Try a lower learning rate, or check the data for values outside [0, 1]; checkpoints written before are kept."


class EverySteps(keras.callbacks.Callback):
    """Calls `at_step` whenever the number of steps passes a multiple of `every`, and after the last one."""

    def __init__(self, first_step: int, every: int, last_step: int) -> None:
        super().__init__()
        self.step = first_step
        self._first_step, self._every, self._last_step = first_step, every, last_step

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        before, self.step = self.step, self._first_step + batch + 1
        if self.step // self._every > before // self._every or self.step == self._last_step:
            self.at_step(self.step, logs or {})

    def at_step(self, step: int, logs: Logs) -> None:
        """Acts after `step` steps; `logs` are the means since the last interval."""
        raise NotImplementedError


class ContinueMeans(keras.callbacks.Callback):
    """Puts restored running means back, which `fit` resets when it starts."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self._values = [(variable, variable.numpy()) for variable in model.metrics_variables]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for variable, value in self._values:
            variable.assign(value)


class StopOnNaN(EverySteps):
    """Raises TrainingError, naming the terms, when a term of the loss is not finite."""

    def at_step(self, step: int, logs: Logs) -> None:
        terms = [f"{name} = {float(value)}" for name, value in logs.items() if not math.isfinite(float(value))]
        if terms:
            raise TrainingError(f"Training diverged at step {step}: {', '.join(terms)}. {_ADVICE}")


class Progress(EverySteps):
    """A progress bar with steps/s, time left and the parts of the loss; lines in the log where there is no terminal."""

    def __init__(self, first_step: int, every: int, last_step: int, terms: Sequence[str]) -> None:
        super().__init__(first_step, every, last_step)
        self._terms = terms

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._bar = tqdm(total=self._last_step, initial=self.step, unit="step", disable=None, dynamic_ncols=True)
        self._last = (self.step, time.perf_counter())

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        before = self.step
        super().on_train_batch_end(batch, logs)
        self._bar.update(self.step - before)

    def at_step(self, step: int, logs: Logs) -> None:
        text = " ".join(f"{term} {float(logs[term]):.4g}" for term in self._terms)
        self._bar.set_postfix_str(text, refresh=False)
        if self._bar.disable:
            _log.info("step %d/%d %s, %s", step, self._last_step, text, self._pace(step))

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._bar.close()

    def _pace(self, step: int) -> str:
        (last_step, last_time), now = self._last, time.perf_counter()
        self._last = (step, now)
        rate = (step - last_step) / (now - last_time)
        return f"{rate:.1f} steps/s, {tqdm.format_interval((self._last_step - step) / rate)} left"


class Curves(EverySteps):
    """Writes the means over each interval to a CSV file and TensorBoard, and starts new means."""

    def __init__(
        self, first_step: int, every: int, last_step: int, path: pathlib.Path, tensorboard: pathlib.Path
    ) -> None:
        super().__init__(first_step, every, last_step)
        self._path, self._tensorboard = path, tensorboard
        _truncate(self._path, first_step)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._writer = tf.summary.create_file_writer(str(self._tensorboard))

    def at_step(self, step: int, logs: Logs) -> None:
        self.write(step, logs)
        self.model.reset_metrics()

    def write(self, step: int, values: Logs) -> None:
        """Adds a row of scalars."""
        row = {"step": step, **{name: float(value) for name, value in values.items()}}
        new = not self._path.exists()
        with self._path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=row, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.scalar(name, float(value), step=step)
        self._writer.flush()


class DecompositionCurves(Curves):
    """Writes what the KL divergence is made of, estimated on the same images at every interval.

    By minibatch-stratified sampling (see `aggregate_posterior`) over a batch of all `images`, far larger than a
    training batch. The mutual information so estimated cannot exceed log N, and all three are biased where posteriors
    are so narrow that those of other images do not meet z.
    """

    def __init__(self, *where: Any, images: np.ndarray, num_data: int) -> None:
        super().__init__(*where)
        self._images, self._num_data = tf.constant(images), num_data

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self._estimate = tf.function(self._means, jit_compile=False)

    def at_step(self, step: int, logs: Logs) -> None:
        del logs
        self.write(step, self._estimate(self._images))

    def _means(self, images: tf.Tensor) -> Logs:
        posterior = self.model.encode(images)
        # A seed of its own: training must not depend on being watched.
        parts = decompose(
            posterior, self.model.prior.distribution(), posterior.sample(seed=(0, 0)), self._num_data, "mss"
        )
        return {f"{name}_mss": tf.reduce_mean(part) for name, part in parts._asdict().items()}


class SaveCheckpoints(EverySteps):
    """Saves a checkpoint at every interval; raises TrainingError rather than save weights that are not finite."""

    def __init__(self, first_step: int, every: int, last_step: int, checkpoints: Checkpoints) -> None:
        super().__init__(first_step, every, last_step)
        self._checkpoints = checkpoints

    def at_step(self, step: int, logs: Logs) -> None:
        del logs
        # The loss of a step is that before its update: a finite one says nothing about the weights after it.
        if not all(np.isfinite(weights).all() for weights in self.model.get_weights()):
            raise TrainingError(f"Training diverged at step {step}: weights are not finite. {_ADVICE}")
        self._checkpoints.save(step)


def _truncate(path: pathlib.Path, last_step: int) -> None:
    """Drops the rows after `last_step`, which a resumed run writes again, and a row cut short by a crash."""
    if not path.exists():
        return
    whole = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    kept = whole[:1] + [row for row in whole[1:] if int(row.partition(",")[0]) <= last_step]
    if kept:
        files.write_text(path, "".join(kept))
    else:
        path.unlink()
