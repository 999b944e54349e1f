"""The factors of a data set as its observations."""

import gin
import numpy as np

from disent_tf.data.derived import DerivedData
from disent_tf.data.ground_truth import GroundTruthData


@gin.register
class FactorVectors(DerivedData):
    """A data set that shows the factors themselves: value i of n as i / (n - 1), from 0 to 1.

    With `RawPixels` it is the representation that has nothing to learn: the row "ground truth" of the table of Higgins
    et al. (2017).

    Args:
      data: whose factors are shown.

    Raises:
      InputError: `data` has no factors.
    """

    def __init__(self, data: GroundTruthData) -> None:
        super().__init__(data)
        self.observation_shape = (data.num_factors,)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the factors of rows `[num]`: float32 `[num, num_factors]` in [0, 1]."""
        return self._vectors(self.data.indices_to_factors(np.asarray(indices)))

    def observe(self, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns the factors of rows `[num]`: there is nothing to draw."""
        return self[indices]

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns factors `[num, num_factors]` as observations: float32 `[num, num_factors]` in [0, 1]."""
        return self._vectors(np.asarray(factors))

    def _vectors(self, factors: np.ndarray) -> np.ndarray:
        return (factors / np.maximum(np.array(self.factor_sizes) - 1, 1)).astype(np.float32)
