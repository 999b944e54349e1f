"""Data whose generative factors are known: the protocol that models, metrics and pictures share."""

import abc

import numpy as np
import tensorflow as tf

_ENDLESS = np.iinfo(np.int64).max


class GroundTruthData(abc.ABC):
    """Observations that are a function of known factors, indexed over the full grid of factor values.

    Method names and meaning are those of disentanglement_lib's `GroundTruthData`, so its metrics and this project's
    accept both. A subclass states `factor_names`, `factor_sizes`, `observation_shape` and `__getitem__`; a set whose
    observations are random overrides `sample_observations_from_factors`.
    """

    factor_names: tuple[str, ...]
    factor_sizes: tuple[int, ...]
    observation_shape: tuple[int, int, int]

    @abc.abstractmethod
    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the observations of rows of the factor grid.

        Args:
          indices: int `[num]`, rows of the grid in C order: the last factor changes fastest.

        Returns:
          float32 `[num, *observation_shape]` in [0, 1].
        """

    def __len__(self) -> int:
        return int(np.prod(self.factor_sizes))

    @property
    def num_factors(self) -> int:
        """Number of factors of variation."""
        return len(self.factor_sizes)

    @property
    def factors_num_values(self) -> tuple[int, ...]:
        """disentanglement_lib's name for `factor_sizes`."""
        return self.factor_sizes

    def factors_to_indices(self, factors: np.ndarray) -> np.ndarray:
        """Returns the grid rows, int64 `[num]`, of factors `[num, num_factors]`; ValueError if one is out of range."""
        return np.ravel_multi_index(tuple(np.asarray(factors).T), self.factor_sizes)

    def indices_to_factors(self, indices: np.ndarray) -> np.ndarray:
        """Returns the factors, int64 `[num, num_factors]`, of grid rows `[num]`."""
        return np.stack(np.unravel_index(np.asarray(indices), self.factor_sizes), axis=1)

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws factors uniformly, int64 `[num, num_factors]`, column by column as disentanglement_lib does."""
        return np.stack([random_state.randint(size, size=num) for size in self.factor_sizes], axis=1)

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns observations float32 `[num, *observation_shape]` in [0, 1] of factors `[num, num_factors]`."""
        del random_state  # The factors determine the observation.
        return self[self.factors_to_indices(factors)]

    def sample(self, num: int, random_state: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        """Draws `num` factors and then their observations."""
        factors = self.sample_factors(num, random_state)
        return factors, self.sample_observations_from_factors(factors, random_state)

    def sample_observations(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws `num` observations."""
        return self.sample(num, random_state)[1]

    def dataset(self, batch_size: int, seed: int, *, first_batch: int = 0) -> tf.data.Dataset:
        """Returns an endless feed of shuffled batches, float32 `[batch_size, *observation_shape]`.

        Batch number k is a function of `(seed, batch_size, k)` alone: every epoch is a fresh permutation of the whole
        set, batches run across its end, and a run that resumes at step k asks for `first_batch=k`.
        """
        order = _ShuffledOrder(len(self), batch_size, seed)

        def load(batch: np.int64) -> np.ndarray:
            return self[order.rows(int(batch))]

        def load_in_graph(batch: tf.Tensor) -> tf.Tensor:
            images = tf.numpy_function(load, [batch], tf.float32, stateful=False)
            return tf.ensure_shape(images, (batch_size, *self.observation_shape))

        options = tf.data.Options()
        options.autotune.enabled = False  # Its thread is joined at its next wake-up: seconds, in a short run.
        options.deterministic = True
        feed = tf.data.Dataset.range(first_batch, _ENDLESS).map(load_in_graph).prefetch(2)
        return feed.with_options(options)


class _ShuffledOrder:
    """The rows of every batch of an endless shuffled pass over `num` rows, computed from the batch number alone."""

    def __init__(self, num: int, batch_size: int, seed: int) -> None:
        self._num, self._batch_size, self._seed = num, batch_size, seed
        self._epoch, self._permutation = -1, np.empty(0, np.int64)

    def rows(self, batch: int) -> np.ndarray:
        epochs, rows = np.divmod(batch * self._batch_size + np.arange(self._batch_size), self._num)
        return np.concatenate([self._of_epoch(epoch)[rows[epochs == epoch]] for epoch in np.unique(epochs)])

    def _of_epoch(self, epoch: int) -> np.ndarray:
        if epoch != self._epoch:
            self._permutation = np.random.default_rng((self._seed, epoch)).permutation(self._num)
            self._epoch = epoch
        return self._permutation
