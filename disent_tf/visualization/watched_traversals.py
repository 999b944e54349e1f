"""Traversals while a model trains, as images in TensorBoard."""

import gin
import numpy as np
import tensorflow as tf

from disent_tf.checks import check_positive, check_positive_number
from disent_tf.data.observations import Observations
from disent_tf.training.callbacks import EverySteps, Logs
from disent_tf.training.run_folder import RunFolder
from disent_tf.visualization import arrays


@gin.register
class TraversalImages(EverySteps):
    """Draws, at an interval, each dimension of one image's code from -limit to limit: the same image every time.

    Dimensions stay in their order, one row each, so that a row can be followed through the run. Of data that are no
    images, nothing is drawn.

    Args:
      data: where the image comes from.
      every: steps.
      row: of the data, whose image it is.
      num_values: columns.
      limit: end of the traversals, in standard deviations of N(0, I) whatever the prior.

    Raises:
      InputError: an argument cannot be used.
    """

    def __init__(
        self, data: Observations, every: int = 5000, row: int = 0, num_values: int = 9, limit: float = 2.0
    ) -> None:
        super().__init__(every)
        check_positive(**{"TraversalImages.num_values": num_values})
        self._values = np.linspace(-1.0, 1.0, num_values) * check_positive_number("TraversalImages.limit", limit)
        self._data, self._row = data, row

    def attach(self, first_step: int, last_step: int, run: RunFolder) -> None:
        super().attach(first_step, last_step, run)
        self._folder = run.tensorboard

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._writer = tf.summary.create_file_writer(str(self._folder))

    def at_step(self, step: int, logs: Logs) -> None:
        del logs
        shape = self._data.observation_shape
        if len(shape) != 3 or shape[-1] not in (1, 3):
            return
        code = self.model.encode(self._data[np.array([self._row])]).mean().numpy()[0]
        rows = arrays.traversals(self.model, code, np.arange(len(self.model.part_names)), self._values)
        with self._writer.as_default():
            tf.summary.image("traversals", arrays.grid(rows)[None], step=step)
        self._writer.flush()
