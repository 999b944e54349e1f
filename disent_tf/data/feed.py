"""Endless feeds whose every batch is computed from its number alone, so that a run can resume at any step."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from disent_tf.checks import check_positive

_ENDLESS = np.iinfo(np.int64).max


def endless(load: Callable[[int], Any], element_spec: Any, first_batch: int = 0) -> tf.data.Dataset:
    """Returns a feed of the batches `load(first_batch)`, `load(first_batch + 1)`, and so on.

    Args:
      load: batch number -> NumPy arrays; its result has to depend on nothing else.
      element_spec: `tf.TensorSpec` of a batch, or a nested tuple or dict of them: the structure of what `load` returns.
      first_batch: number of the batch to begin with.
    """
    specs = tf.nest.flatten(element_spec)

    def load_flat(batch: np.int64) -> list[np.ndarray]:
        arrays = load(int(batch))
        tf.nest.assert_same_structure(element_spec, arrays)
        return tf.nest.flatten(arrays)

    def load_in_graph(batch: tf.Tensor) -> Any:
        flat = tf.numpy_function(load_flat, [batch], [spec.dtype for spec in specs], stateful=False)
        shaped = [tf.ensure_shape(tensor, spec.shape) for tensor, spec in zip(flat, specs, strict=True)]
        return tf.nest.pack_sequence_as(element_spec, shaped)

    options = tf.data.Options()
    options.autotune.enabled = False  # Its thread is joined at its next wake-up: seconds, in a short run.
    options.deterministic = True
    # There are no files to share out: every worker makes all batches, and takes its rows of each.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return tf.data.Dataset.range(first_batch, _ENDLESS).map(load_in_graph).prefetch(2).with_options(options)


class ShuffledOrder:
    """The rows of every batch of an endless shuffled pass over `num` rows, computed from the batch number alone.

    Every epoch is a fresh permutation of all rows, and batches run across its end.
    """

    def __init__(self, num: int, batch_size: int, seed: int) -> None:
        check_positive(batch_size=batch_size)
        self._num, self._batch_size, self._seed = num, batch_size, seed
        self._latest = -1, np.empty(0, np.int64)

    def rows(self, batch: int) -> np.ndarray:
        """Returns the rows of a batch, int64 `[batch_size]`."""
        epochs, rows = np.divmod(batch * self._batch_size + np.arange(self._batch_size), self._num)
        return np.concatenate([self._permutation(epoch)[rows[epochs == epoch]] for epoch in np.unique(epochs)])

    def _permutation(self, epoch: int) -> np.ndarray:
        latest, permutation = self._latest  # In one step: the feed's iterators share this object between threads.
        if epoch != latest:
            permutation = np.random.default_rng((self._seed, epoch)).permutation(self._num)
            self._latest = epoch, permutation
        return permutation
