"""A data set that feeds, changes or draws the observations of another one in its own way."""

import numpy as np

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import RowsOfBatch, check_feeds_itself
from disent_tf.errors import InputError


class DerivedData(GroundTruthData):
    """The same rows, factors and observations as `data`; a subclass states what it does in its own way.

    One that draws factors or observations in its own way also says that `is_full_grid` is False; one that changes
    observations does so in `__getitem__` and in `observe`.

    Raises:
      InputError: `data` is not a `GroundTruthData`, or feeds more than observations.
    """

    def __init__(self, data: GroundTruthData) -> None:
        if not isinstance(data, GroundTruthData):
            name = f"{type(self).__name__}.data"
            raise InputError(f"{name} is {data!r}; expected a GroundTruthData, written as '{name} = %data'.")
        check_feeds_itself(data, f"{type(self).__name__}.data")
        self.data = data
        self.factor_names = data.factor_names
        self.factor_sizes = data.factor_sizes
        self.observation_shape = data.observation_shape

    @property
    def is_full_grid(self) -> bool:
        return self.data.is_full_grid

    @property
    def has_every_combination(self) -> bool:
        return self.data.has_every_combination

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        return self.data[indices]

    def observe(self, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        return self.data.observe(indices, random_state)

    def factors_to_indices(self, factors: np.ndarray) -> np.ndarray:
        return self.data.factors_to_indices(factors)

    def indices_to_factors(self, indices: np.ndarray) -> np.ndarray:
        return self.data.indices_to_factors(indices)

    def rows_of_batches(self, batch_size: int, seed: int) -> RowsOfBatch:
        return self.data.rows_of_batches(batch_size, seed)

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        return self.data.sample_factors(num, random_state)

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        return self.data.sample_observations_from_factors(factors, random_state)
