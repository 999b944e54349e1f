"""Data whose observations have nothing to do with their factors: what scores are by chance."""

from typing import Any

import numpy as np

from disent_tf.metrics import utils

_LARGEST_PERMUTATION = 1 << 27  # Rows: 1 GiB.


def unrelated(ground_truth_data: Any, random_state: np.random.RandomState) -> "Unrelated":
    """Returns data with the factors and the observations of other data, and no relation of the two.

    A metric draws from them the factors that it draws from the original, and codes of the same distribution. On a full
    grid the observations of all its rows are permuted once: an observation is still a function of the factors, an
    arbitrary one. With other data every observation is that of factors drawn anew.

    Args:
      ground_truth_data: an object with the sampling protocol.
      random_state: source of the permutation, or of the other factors; not advanced.
    """
    is_grid = getattr(ground_truth_data, "is_full_grid", False)
    if is_grid and np.prod(ground_truth_data.factor_sizes, dtype=float) <= _LARGEST_PERMUTATION:
        return _UnrelatedGrid(ground_truth_data, random_state)
    return Unrelated(ground_truth_data, random_state)


class Unrelated:
    """Data with observations of other factors than those asked for; see `unrelated`. The rest is the original's."""

    is_full_grid = False

    def __init__(self, ground_truth_data: Any, random_state: np.random.RandomState) -> None:
        self._data = ground_truth_data
        self._stream = np.random.RandomState(utils.separate_seed(random_state))

    def __getattr__(self, name: str) -> Any:
        if name == "_data":  # Not there yet, as in a copy that is being made.
            raise AttributeError(name)
        return getattr(self._data, name)

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns as many observations as there are factors `[num, num_factors]`, of others."""
        # Others from a stream of their own; what is random in an observation still from `random_state`, which is then
        # where the original would leave it for the factors that follow.
        others = self._data.sample_factors(len(factors), self._stream)
        return self._data.sample_observations_from_factors(others, random_state)

    def sample(self, num: int, random_state: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        """Draws `num` factors, and observations of others."""
        factors = self._data.sample_factors(num, random_state)
        return factors, self.sample_observations_from_factors(factors, random_state)


class _UnrelatedGrid(Unrelated):
    """A full grid whose observations are permuted."""

    is_full_grid = True

    def __init__(self, ground_truth_data: Any, random_state: np.random.RandomState) -> None:
        super().__init__(ground_truth_data, random_state)
        self._rows = self._stream.permutation(int(np.prod(ground_truth_data.factor_sizes)))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the observations that rows of the grid have here."""
        return self._data[self._rows[indices]]

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns the observations that factors `[num, num_factors]` have here."""
        del random_state  # The factors determine the observation.
        return self[np.ravel_multi_index(tuple(np.asarray(factors).T), self._data.factor_sizes)]
