"""Curves of a run: CSV files and TensorBoard scalars, without a step twice or missing after a resumption."""

import csv
import pathlib
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from disent_tf import files
from disent_tf.distributions.aggregate_posterior import decompose
from disent_tf.training.callbacks import EverySteps, Logs
from disent_tf.training.run_folder import RunFolder


class Curves(EverySteps):
    """Writes the means over each interval to `metrics.csv` and TensorBoard, and starts new means."""

    name: ClassVar[str] = "metrics"
    """Of the CSV file, and of the folder in `tensorboard/` where it is not this one."""

    def attach(self, first_step: int, last_step: int, run: RunFolder) -> None:
        super().attach(first_step, last_step, run)
        self.path = run.path / f"{self.name}.csv"
        self._tensorboard = run.tensorboard if self.name == Curves.name else run.tensorboard / self.name
        _truncate(self.path, first_step)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._writer = tf.summary.create_file_writer(str(self._tensorboard))

    def at_step(self, step: int, logs: Logs) -> None:
        self.write(step, logs)
        self.model.reset_metrics()

    def write(self, step: int, values: Logs) -> None:
        """Adds a row of scalars."""
        row = {"step": step, **{name: float(value) for name, value in values.items()}}
        new = not self.path.exists()
        with self.path.open("a", newline="", encoding="utf-8") as file:
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

    name = "decomposition"

    def __init__(self, every: int, images: np.ndarray, num_data: int) -> None:
        super().__init__(every)
        self._images, self._num_data = tf.constant(images), num_data

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self._estimate = tf.function(self._means, jit_compile=False)

    def at_step(self, step: int, logs: Logs) -> None:
        del logs
        self.write(step, self._estimate(self._images))

    def _means(self, images: tf.Tensor) -> dict[str, Any]:
        posterior = self.model.encode(images)
        # A seed of its own: training must not depend on being watched.
        parts = decompose(
            posterior, self.model.prior.distribution(), posterior.sample(seed=(0, 0)), self._num_data, "mss"
        )
        return {f"{name}_mss": tf.reduce_mean(part) for name, part in parts._asdict().items()}


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
