"""Observations whose factors are listed in a table: any set of labelled images, and any part of a grid."""

import functools
import math

import numpy as np

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


class TabulatedData(GroundTruthData):
    """Observations whose factors are the rows of a table, which need not be a full grid.

    A combination of factors may have several observations, of which one is drawn, or none, which is an error: protocols
    that draw points (MIG, DCI, SAP, …) always work, those that set one factor and draw the others anew (the β-VAE and
    FactorVAE metrics, IRS) only where the combinations that they ask for are there.

    A subclass sets `factor_names`, `observation_shape` and `factor_table`, and states `__getitem__`.
    """

    factor_table: np.ndarray
    """int64 `[num, num_factors]`, from 0 to each factor's size - 1; row i belongs to observation i."""

    @property
    def is_full_grid(self) -> bool:
        return False

    @functools.cached_property
    def has_every_combination(self) -> bool:
        return len(np.unique(self._sorted_keys)) == math.prod(self.factor_sizes)

    def __len__(self) -> int:
        return len(self.factor_table)

    def factors_to_indices(self, factors: np.ndarray) -> np.ndarray:
        """Returns for factors `[num, num_factors]` the first row that has them, int64 `[num]`; InputError if none."""
        return self._order[self._found(factors)[0]]

    def indices_to_factors(self, indices: np.ndarray) -> np.ndarray:
        """Returns the factors, int64 `[num, num_factors]`, of rows `[num]`."""
        return self.factor_table[np.asarray(indices)]

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws the factors of rows that are drawn uniformly: int64 `[num, num_factors]`."""
        return self.factor_table[random_state.randint(len(self), size=num)]

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns, for each row of factors `[num, num_factors]`, one of the observations that have them.

        Raises:
          InputError: no observation has them.
        """
        first, last = self._found(factors)
        places = first + (random_state.random_sample(len(first)) * (last - first)).astype(np.int64)
        return self.observe(self._order[places], random_state)

    @functools.cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(self._keys(self.factor_table), kind="stable")

    @functools.cached_property
    def _sorted_keys(self) -> np.ndarray:
        return self._keys(self.factor_table)[self._order]

    def _found(self, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns for each row the first place in `_order` that has its factors, and the place behind the last."""
        factors = np.asarray(factors)
        keys = self._keys(factors)
        first, last = (np.searchsorted(self._sorted_keys, keys, side) for side in ("left", "right"))
        if (missing := first == last).any():
            wanted = dict(zip(self.factor_names, factors[missing.argmax()].tolist(), strict=True))
            raise InputError(
                f"{type(self).__name__} has no observation with {wanted}; a metric that combines factors freely needs "
                "a full grid: choose one that draws points, such as MIG, DCI or SAP."
            )
        return first, last

    def _keys(self, factors: np.ndarray) -> np.ndarray:
        """Returns one sortable key for each row of factors, whatever their number: its bytes, `[num]`."""
        rows = np.ascontiguousarray(factors, np.int64)
        return rows.view(f"S{8 * rows.shape[1]}").reshape(-1)
