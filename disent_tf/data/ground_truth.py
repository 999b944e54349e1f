"""Data whose generative factors are known: the protocol that models, metrics and pictures share."""

import abc

import numpy as np

from disent_tf.data.observations import Observations


class GroundTruthData(Observations):
    """Observations that are a function of known factors, indexed over the full grid of factor values.

    Method names and meaning are those of disentanglement_lib's `GroundTruthData`, so its metrics and this project's
    accept both. A subclass states `factor_names`, `factor_sizes`, `observation_shape` and `__getitem__`; a set whose
    observations are random overrides `sample_observations_from_factors`.
    """

    factor_names: tuple[str, ...]
    factor_sizes: tuple[int, ...]

    @abc.abstractmethod
    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the observations of rows of the factor grid.

        Args:
          indices: int `[num]`, rows of the grid in C order: the last factor changes fastest.

        Returns:
          float32 `[num, *observation_shape]`; images are in [0, 1].
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

    @property
    def has_every_combination(self) -> bool:
        """Whether there is an observation for every combination of the factors' values."""
        return True

    @property
    def is_full_grid(self) -> bool:
        """Whether the factors are drawn uniformly from the whole grid and determine the observation.

        False for a subclass that samples in its own way.
        """
        own = (type(self).sample_factors, type(self).sample_observations_from_factors, type(self).sample)
        base = GroundTruthData
        return own == (base.sample_factors, base.sample_observations_from_factors, base.sample)

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
        """Returns observations, float32 `[num, *observation_shape]`, of factors `[num, num_factors]`."""
        del random_state  # The factors determine the observation.
        return self[self.factors_to_indices(factors)]

    def sample(self, num: int, random_state: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        """Draws `num` factors and then their observations."""
        factors = self.sample_factors(num, random_state)
        return factors, self.sample_observations_from_factors(factors, random_state)

    def sample_observations(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws `num` observations."""
        return self.sample(num, random_state)[1]
