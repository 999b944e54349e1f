"""A data set some of whose factors are hidden: they vary, but are not told."""

from collections.abc import Iterable

import gin
import numpy as np

from disent_tf.data.derived import DerivedData
from disent_tf.data.factor_choice import columns_of
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


@gin.register
class HiddenFactors(DerivedData):
    """The observations of a data set with fewer factors: the hidden ones are drawn whenever one is observed.

    As with disentanglement_lib's `latent_factor_indices`, and in its order: hidden factors are drawn one by one before
    whatever else the observations need. The rows are those of `data`, so that an epoch shows every value of what is
    hidden; a combination of visible factors has several of them.

    Args:
      data: a full grid, such as dSprites; its observations may be random.
      names: of the factors to hide.

    Raises:
      InputError: there are no such factors or no others, or `data` is no full grid.
    """

    def __init__(self, data: GroundTruthData, names: Iterable[str]) -> None:
        super().__init__(data)
        _check_grid(data)
        self._hidden = sorted(columns_of(data, names, "HiddenFactors.names"))
        self._visible = [column for column in range(data.num_factors) if column not in self._hidden]
        if not self._hidden or not self._visible:
            raise InputError(
                f"HiddenFactors.names is {names!r}; expected some, but not all, of {', '.join(data.factor_names)}."
            )
        self.factor_names = tuple(data.factor_names[column] for column in self._visible)
        self.factor_sizes = tuple(data.factor_sizes[column] for column in self._visible)

    @property
    def is_full_grid(self) -> bool:
        return False

    def factors_to_indices(self, factors: np.ndarray) -> np.ndarray:
        """Returns for factors `[num, num_factors]` the rows, int64 `[num]`, in which every hidden factor is 0."""
        return self.data.factors_to_indices(self._completed(factors, np.zeros((len(factors), len(self._hidden)))))

    def indices_to_factors(self, indices: np.ndarray) -> np.ndarray:
        """Returns the visible factors, int64 `[num, num_factors]`, of rows `[num]`."""
        return self.data.indices_to_factors(indices)[:, self._visible]

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws the visible factors uniformly, int64 `[num, num_factors]`, column by column."""
        return GroundTruthData.sample_factors(self, num, random_state)

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns observations of factors `[num, num_factors]`; the hidden ones are drawn uniformly."""
        sizes = [self.data.factor_sizes[column] for column in self._hidden]
        hidden = np.stack([random_state.randint(size, size=len(factors)) for size in sizes], axis=1)
        return self.data.sample_observations_from_factors(self._completed(factors, hidden), random_state)

    def _completed(self, factors: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Returns the factors of `data`, int64 `[num, data.num_factors]`."""
        completed = np.empty((len(factors), self.data.num_factors), np.int64)
        completed[:, self._visible], completed[:, self._hidden] = factors, hidden
        return completed


def _check_grid(data: GroundTruthData) -> None:
    """Raises InputError unless every combination of factors is there and equally likely."""
    while isinstance(data, DerivedData) and type(data).sample_factors is DerivedData.sample_factors:
        data = data.data
    if isinstance(data, HiddenFactors) or type(data).sample_factors is GroundTruthData.sample_factors:
        return
    raise InputError(
        f"HiddenFactors.data draws its factors as {type(data).__name__} does; expected a full grid: hide factors of "
        "that first, and then correlate, hold out or split the others."
    )
