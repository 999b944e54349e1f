"""Observations that are random, given their row: noise, backgrounds, factors that are hidden."""

import abc

import numpy as np
import tensorflow as tf

from disent_tf.data.feed import ShuffledOrder, endless
from disent_tf.data.observations import Observations


class RandomObservations(Observations):
    """Observations of which every row has many: one that `__getitem__` always gives, and those that `observe` draws.

    The feed draws every observation anew; evaluations that go through the rows see the same ones each time.
    """

    @abc.abstractmethod
    def observe(self, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Draws observations of rows `[num]`: float32 `[num, *observation_shape]`."""

    def dataset(self, batch_size: int, seed: int, *, first_batch: int = 0) -> tf.data.Dataset:
        """Returns an endless feed of shuffled batches, float32 `[batch_size, *observation_shape]`, drawn anew.

        Batch number k is a function of `(seed, batch_size, k)` alone: rows as `Observations.dataset` shuffles them,
        and whatever else is random from a state of its own.
        """
        order = ShuffledOrder(len(self), batch_size, seed)
        spec = tf.TensorSpec((batch_size, *self.observation_shape), tf.float32)

        def load(batch: int) -> np.ndarray:
            return self.observe(order.rows(batch), np.random.RandomState((seed, batch)))

        return endless(load, spec, first_batch)


def observe(data: Observations, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
    """Returns observations of rows `[num]` of any data: drawn anew where they are random."""
    return data.observe(indices, random_state) if isinstance(data, RandomObservations) else data[indices]
