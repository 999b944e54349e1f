"""An early end of training, when the loss on other data no longer falls."""

import contextlib
import csv
import logging
from collections.abc import Iterator

import gin
import keras

from disent_tf.checks import check_number, check_positive
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.training.callbacks import Logs
from disent_tf.training.checkpointing import random_streams
from disent_tf.training.curves import Curves
from disent_tf.training.run_folder import RunFolder

_log = logging.getLogger(__name__)


@gin.register
class EarlyStopping(Curves):
    """Writes the terms of the loss on data that are not trained on to `validation.csv`, and stops when it stays.

    The weights remain those of the last step. Training does not depend on being watched: random streams and running
    means go on as if nothing had been evaluated. What decides is the file, so that a resumed run decides the same.

    Args:
      data: what the loss is measured on, fed as what is trained on: pairs for models of pairs.
      every: steps between measurements.
      patience: measurements in a row without a new lowest loss after which training stops.
      min_delta: nats per image by which a loss has to be lower than the lowest one to count as new.
      num_batches: of the data, the same ones each time.
      batch_size: of these.

    Raises:
      InputError: an argument cannot be used.
    """

    name = "validation"

    def __init__(
        self,
        data: Observations,
        every: int = 1000,
        patience: int = 5,
        min_delta: float = 0.0,
        num_batches: int = 16,
        batch_size: int = 64,
    ) -> None:
        check_positive(**{"EarlyStopping.patience": patience, "EarlyStopping.num_batches": num_batches})
        check_positive(**{"EarlyStopping.every": every, "EarlyStopping.batch_size": batch_size})
        super().__init__(every)
        if not isinstance(data, Observations):
            raise InputError(f"EarlyStopping.data is {data!r}; expected a data set, such as a part of a split.")
        self._data, self._batch_size, self._num_batches = data, batch_size, num_batches
        self._patience, self._min_delta = patience, check_number("EarlyStopping.min_delta", min_delta, least=0.0)

    def attach(self, first_step: int, last_step: int, run: RunFolder) -> None:
        super().attach(first_step, last_step, run)
        # Not before: threads and workers are to be chosen before TensorFlow computes anything.
        self._feed = self._data.dataset(self._batch_size, seed=0).take(self._num_batches)
        self.done = self._is_spent()

    def at_step(self, step: int, logs: Logs) -> None:
        del logs
        with _undisturbed(self.model):
            self.write(step, self.model.evaluate(self._feed, verbose=0, return_dict=True))
        self.done = self._is_spent()
        if self.done:
            _log.info(
                "Stopped early after step %d: the loss on other data has not fallen for %d measurements; %s has them.",
                *(step, self._patience, self.path),
            )

    def _is_spent(self) -> bool:
        """Returns whether the last `patience` losses of the file are no new lowest ones."""
        if not self.path.exists():
            return False
        with self.path.open(newline="", encoding="utf-8") as file:
            losses = [float(row["loss"]) for row in csv.DictReader(file)]
        lowest, waited = float("inf"), 0
        for loss in losses:
            is_new = loss < lowest - self._min_delta
            lowest, waited = (loss, 0) if is_new else (lowest, waited + 1)
        return waited >= self._patience


@contextlib.contextmanager
def _undisturbed(model: keras.Model) -> Iterator[None]:
    """Puts random streams and running means back to what they were."""
    variables = [*random_streams(model), *model.metrics_variables]
    values = [keras.ops.convert_to_numpy(variable) for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
