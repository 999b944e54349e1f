"""Some of the observations of another data set."""

from typing import Any

import numpy as np

from disent_tf.data.correlated import ReweightedData
from disent_tf.data.factor_table import TabulatedData
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations, check_feeds_itself
from disent_tf.errors import InputError


class Subset(Observations):
    """Rows of a data set, as a data set: row i is row `rows[i]` of `data`.

    Args:
      data: where the observations come from.
      rows: int `[num]`, at least one.

    Raises:
      InputError: there are no such rows, or `data` does not draw its rows with equal chance.
    """

    def __init__(self, data: Observations, rows: np.ndarray) -> None:
        rows = np.array(rows)  # A copy: who gave them may change theirs.
        _check(data, rows)
        self.data, self.rows = data, rows
        self.observation_shape = data.observation_shape

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the observations of rows `[num]` of the subset."""
        return self.data[self.rows[np.asarray(indices)]]

    def observe(self, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Draws observations of rows `[num]` of the subset."""
        return self.data.observe(self.rows[np.asarray(indices)], random_state)


class FactorSubset(Subset, TabulatedData):
    """Rows of a data set whose factors are known, which they keep.

    Args:
      data: where the observations come from.
      rows: int `[num]`, at least one.

    Raises:
      InputError: there are no such rows, or `data` does not draw its rows with equal chance.
    """

    def __init__(self, data: GroundTruthData, rows: np.ndarray) -> None:
        super().__init__(data, rows)
        self.factor_names, self.factor_sizes = data.factor_names, data.factor_sizes
        self.factor_table = data.indices_to_factors(self.rows)


def subset(data: Observations, rows: np.ndarray) -> Subset:
    """Returns rows of a data set, with their factors where they are known; Subset tells what is an error."""
    return FactorSubset(data, rows) if isinstance(data, GroundTruthData) else Subset(data, rows)


def _check(data: Observations, rows: np.ndarray) -> None:
    check_feeds_itself(data, "What a subset is taken of")
    inner: Any = data
    while inner is not None:
        if isinstance(inner, ReweightedData):
            raise InputError(
                f"A subset of {type(inner).__name__} would lose its weights; expected data that draw their rows with "
                "equal chance: take the subset first, and reweight it."
            )
        inner = getattr(inner, "data", None)
    if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
        raise InputError(f"rows are {rows.dtype} {rows.shape}; expected the numbers of one row or more.")
    if rows.min() < 0 or rows.max() >= len(data):
        raise InputError(f"rows go from {rows.min()} to {rows.max()}; expected rows from 0 to {len(data) - 1}.")
