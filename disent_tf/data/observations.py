"""What every data set is, whether or not its factors are known: numbered observations and an endless feed of them."""

import abc
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from disent_tf.checks import check_positive, check_seed
from disent_tf.data.feed import ShuffledOrder, endless
from disent_tf.errors import InputError

RowsOfBatch = Callable[[int, np.random.RandomState], np.ndarray]


class Observations(abc.ABC):
    """Numbered observations, read by row number.

    A subclass states `observation_shape`, `__len__` and `__getitem__`. Models learn from any of them; metrics that ask
    for factors need a `GroundTruthData`.
    """

    observation_shape: tuple[int, ...]
    """(height, width, channels) of images; (2,) of points in the plane."""

    @property
    def is_full_grid(self) -> bool:
        """Whether the observations are a function of factors that are drawn uniformly from a whole grid.

        Metrics then draw many points at once and encode each observation once.
        """
        return False

    @abc.abstractmethod
    def __len__(self) -> int:
        """Returns the number of observations."""

    @abc.abstractmethod
    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the observations of rows `[num]`: float32 `[num, *observation_shape]`; images are in [0, 1]."""

    def observe(self, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns observations of rows `[num]`, drawn anew where a row has many, as those on noise.

        The feed gives these; evaluations that go through the rows see those of `__getitem__`, the same ones each time.
        """
        return self[indices]

    def sample_observations(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws `num` rows, with replacement, and returns what `__getitem__` gives of them."""
        return self[random_state.randint(len(self), size=num)]

    def rows_of_batches(self, batch_size: int, seed: int) -> RowsOfBatch:
        """Returns which rows each batch of the feed has: a function of its number and of the batch's random state."""
        order = ShuffledOrder(len(self), batch_size, seed)
        return lambda batch, random_state: order.rows(batch)

    def dataset(self, batch_size: int, seed: int, *, first_batch: int = 0) -> tf.data.Dataset:
        """Returns an endless feed of shuffled batches, float32 `[batch_size, *observation_shape]`.

        Batch number k is a function of `(seed, batch_size, k)` alone: every epoch is a fresh permutation of the whole
        set, batches run across its end, and a run that resumes at step k asks for `first_batch=k`. What `observe` draws
        comes from a state of the batch's own.
        """
        check_positive(batch_size=batch_size)
        check_seed(seed)
        rows = self.rows_of_batches(batch_size, seed)
        spec = tf.TensorSpec((batch_size, *self.observation_shape), tf.float32)

        def load(batch: int) -> np.ndarray:
            random_state = np.random.RandomState((seed, batch))
            return self.observe(rows(batch, random_state), random_state)

        return endless(load, spec, first_batch)


def check_feeds_itself(data: Any, parameter: str) -> None:
    """Raises InputError unless `data` is a data set that feeds observations alone: pairs or labels would be lost."""
    if not isinstance(data, Observations):
        found = " ".join(repr(data).split())  # Arrays have several lines.
        raise InputError(f"{parameter} is {found}; expected a data set, written as '@DSprites()' or '%data'.")
    if type(data).dataset is not Observations.dataset:
        raise InputError(
            f"{parameter} is {type(data).__name__}, whose feed has more than observations; expected it outermost: "
            f"build {type(data).__name__} on the other."
        )
