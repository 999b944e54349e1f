"""Data whose factors are not independent: some combinations of their values are more likely than others."""

from collections.abc import Sequence
from typing import Any

import gin
import numpy as np

from disent_tf.checks import check_flag, check_positive_number
from disent_tf.data.derived import DerivedData
from disent_tf.data.factor_choice import all_factors, columns_of
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import RowsOfBatch
from disent_tf.errors import InputError


class ReweightedData(DerivedData):
    """A data set whose rows are drawn, each by itself, with chances in proportion to weights.

    So are `sample_factors`, from which metrics draw their points, and the feed; there are no epochs. What observes
    factors that are given, and what goes through the rows, is as in `data`.

    Args:
      data: where the observations come from.
      weights: float `[len(data)]`, at least 0, one for each row and the same for all that have the same factors, of
        which an observation of these factors may be any.

    Raises:
      InputError: the weights cannot be used, or `data` is not a `GroundTruthData`.
    """

    def __init__(self, data: GroundTruthData, weights: np.ndarray) -> None:
        super().__init__(data)
        weights = np.asarray(weights, np.float64)
        _check_weights(weights, data)
        weights = weights / (weights.max(initial=0.0) or 1.0)  # So that no sum is beyond the largest float.
        if isinstance(data, ReweightedData):
            weights = weights * data.probabilities
        if not weights.sum() > 0.0:
            raise InputError("weights are all 0; expected a row that can be drawn: give one a weight above 0.")
        self.probabilities: np.ndarray = weights / weights.sum()
        """float64 `[len(data)]`, of the rows."""
        self._cumulated = np.cumsum(self.probabilities)

    @property
    def is_full_grid(self) -> bool:
        return False

    def sample_rows(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws rows, int64 `[num]`, by their probabilities."""
        # A draw of 0 is no row of probability 0, and rounding leaves no draw behind the last row that can be drawn.
        places = (1.0 - random_state.random_sample(num)) * self._cumulated[-1]
        return np.searchsorted(self._cumulated, places, side="left")

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws the factors, int64 `[num, num_factors]`, of rows that are drawn by their probabilities."""
        return self.data.indices_to_factors(self.sample_rows(num, random_state))

    def rows_of_batches(self, batch_size: int, seed: int) -> RowsOfBatch:
        """Returns which rows each batch of the feed has: they are drawn by their probabilities, with replacement."""
        del seed  # It is in the random state of each batch.
        return lambda batch, random_state: self.sample_rows(batch_size, random_state)


@gin.register
class CorrelatedFactors(ReweightedData):
    """A data set in which pairs of factors are correlated: their values tend to lie on a diagonal.

    p(factors) ∝ Π exp(-(a - b)² / (2 sigma²)) over the pairs, where a and b are the values of the two factors, from 0,
    the first one, to 1, the last one. Factors in no pair stay independent and uniform.

    Source: Träuble, Creager, Kilbertus, Locatello, Dittadi, Goyal, Schölkopf, Bauer (2021), "On Disentangled
    Representations Learned from Correlated Data"; several pairs and the inverse are as in Roth, Ibrahim, Akata,
    Vincent, Bouchacourt (2023), "Disentanglement of Correlated Factors via Hausdorff Factorized Support".

    Args:
      data: where the observations come from. Its own weights, if it is reweighted, are kept.
      pairs: names of two factors each. A factor paired with each of the others confounds them.
      sigma: how far from the diagonal values lie, for all pairs or a list with one for each: 0.1 to 0.7 in the papers,
        less is more correlated.
      inverse: whether a high value of one goes with a low value of the other.

    Raises:
      InputError: an argument cannot be used.
    """

    def __init__(
        self,
        data: GroundTruthData,
        pairs: Sequence[tuple[str, str]],
        sigma: float | Sequence[float] = 0.2,
        inverse: bool = False,
    ) -> None:
        DerivedData.__init__(self, data)
        check_flag("CorrelatedFactors.inverse", inverse)
        columns = _columns_of_pairs(data, pairs)
        sigmas = _sigmas(sigma, len(columns))
        values = all_factors(data) / np.maximum(np.array(data.factor_sizes) - 1, 1)
        distances = [values[:, a] - (1.0 - values[:, b] if inverse else values[:, b]) for a, b in columns]
        exponents = sum(-(d**2) / (2.0 * s**2) for d, s in zip(distances, sigmas, strict=True))
        # Relative to the likeliest row: all of them might otherwise be too unlikely for a float.
        super().__init__(data, np.exp(exponents - np.max(exponents)))


def _columns_of_pairs(data: GroundTruthData, pairs: Any) -> list[list[int]]:
    usable = isinstance(pairs, list | tuple) and len(pairs) > 0
    if not usable or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise InputError(
            f"CorrelatedFactors.pairs is {pairs!r}; expected a list of pairs of names, such as "
            f"[({data.factor_names[0]!r}, {data.factor_names[-1]!r})]."
        )
    return [columns_of(data, pair, "CorrelatedFactors.pairs") for pair in pairs]


def _sigmas(sigma: Any, num_pairs: int) -> list[float]:
    sigmas = list(sigma) if isinstance(sigma, list | tuple) else [sigma] * num_pairs
    if len(sigmas) != num_pairs:
        raise InputError(
            f"CorrelatedFactors.sigma has {len(sigmas)} numbers; expected one for each of {num_pairs} pairs, or one "
            "number for all."
        )
    return [check_positive_number("CorrelatedFactors.sigma", value) for value in sigmas]


def _check_weights(weights: np.ndarray, data: GroundTruthData) -> None:
    num = len(data)
    if weights.shape != (num,):
        raise InputError(f"weights have shape {weights.shape}; expected one for each of {num} rows: shape ({num},).")
    if not (np.isfinite(weights) & (weights >= 0.0)).all():
        raise InputError("weights have negative or infinite numbers or NaN; expected finite ones of at least 0.")
    first = data.factors_to_indices(all_factors(data))  # Of the rows that have the same factors.
    if (other := ~np.isclose(weights, weights[first], rtol=1e-6, atol=0.0)).any():
        row = int(other.argmax())
        raise InputError(
            f"weights of rows {first[row]} and {row}, which have the same factors, are {weights[first[row]]:g} and "
            f"{weights[row]:g}; expected the same: to leave rows out, take a subset of the others and reweight that."
        )
