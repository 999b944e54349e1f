"""How sure is a score of given points, and what would it be by chance? Bootstrap intervals and permutation nulls."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks

Sample = Sequence[npt.ArrayLike]
"""Arrays with the same points as rows: (codes, factors)."""


class Bootstrap(NamedTuple):
    """A score and its interval."""

    score: float
    low: float
    high: float
    resampled: np.ndarray  # [num_resamples], the scores behind it.


class PermutationNull(NamedTuple):
    """A score and those of permuted codes."""

    score: float
    mean: float  # Of the scores without a relation.
    high: float  # Their upper quantile: a score above it is more than chance.
    p_value: float  # Chance of a score at least as high without a relation; at least 1 / (num_permutations + 1).
    permuted: np.ndarray  # [num_permutations]


def bootstrap(
    score: Callable[..., float],
    *samples: Sample,
    random_state: np.random.RandomState,
    num_resamples: int = 200,
    confidence: float = 0.95,
) -> Bootstrap:
    """Returns a bootstrap interval of a score of points that were drawn once and cannot be drawn again.

    Rows are drawn with replacement from each sample, those of its arrays together. The interval is the basic
    (pivotal) one, `[2 score - q_high, 2 score - q_low]` with quantiles q of the resampled scores. Not the percentiles
    themselves: rows that occur twice raise plug-in information in a resample over that of the sample, as much as the
    sample's is over the truth, and percentiles lie a bias too high where they should be corrected by one; with many
    bins and few points they need not even contain the score. What is left of a bias several times as large as the
    interval still makes it miss more often than it says. An end may lie outside of the score's range.

    Args:
      score: a function of all arrays, in order, to a number.
      *samples: (codes, factors), or (codes_train, factors_train), (codes_test, factors_test): each is resampled by
        itself.
      random_state: source of randomness.
      num_resamples: more give less noisy ends; at least 2.
      confidence: how often such intervals contain the true score, in (0, 1).

    Raises:
      InputError: the arrays of a sample have different lengths, or a number is out of range.
    """
    _checks.require_at_least(2, num_resamples=num_resamples)
    check_confidence(confidence)
    arrays = _as_arrays(samples)

    def resampled() -> Iterable[np.ndarray]:
        for sample in arrays:
            rows = random_state.randint(len(sample[0]), size=len(sample[0]))
            yield from (array[rows] for array in sample)

    value = _number(score(*(array for sample in arrays for array in sample)))
    values = np.array([_number(score(*resampled())) for _ in range(num_resamples)])
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Bootstrap(value, float(2 * value - high), float(2 * value - low), values)


def permutation_null(
    score: Callable[..., float],
    *samples: Sample,
    random_state: np.random.RandomState,
    num_permutations: int = 200,
    confidence: float = 0.95,
) -> PermutationNull:
    """Returns what a score is where the same codes and the same factors have no relation.

    Args:
      score: a function of all arrays, in order, to a number.
      *samples: (codes, factors), or (codes_train, factors_train), (codes_test, factors_test): in each the rows of the
        first array are permuted against the rest.
      random_state: source of randomness.
      num_permutations: how often.
      confidence: which quantile is `high`; with `1 / (1 - confidence)` permutations or fewer it is the largest score.

    Raises:
      InputError: the arrays of a sample have different lengths, or a number is out of range.
    """
    _checks.require_at_least(1, num_permutations=num_permutations)
    check_confidence(confidence)
    arrays = _as_arrays(samples)

    def permuted() -> Iterable[np.ndarray]:
        for first, *rest in arrays:
            yield first[random_state.permutation(len(first))]
            yield from rest

    value = _number(score(*(array for sample in arrays for array in sample)))
    values = np.array([_number(score(*permuted())) for _ in range(num_permutations)])
    as_high = int(np.count_nonzero(values >= value))
    p_value = (1 + as_high) / (1 + num_permutations)
    return PermutationNull(value, float(values.mean()), upper_quantile(values, confidence), p_value, values)


def upper_quantile(values: np.ndarray, confidence: float) -> float:
    """Returns the quantile at `confidence` of scores `[num]`, which is one of them."""
    # Without interpolation, and upwards: of few scores the largest, so that chance is not made smaller than it is.
    return float(np.quantile(values, confidence, method="higher"))


def _as_arrays(samples: Sequence[Sample]) -> list[list[np.ndarray]]:
    arrays = [[np.asarray(array) for array in sample] for sample in samples]
    lengths = [[len(array) for array in sample] for sample in arrays]
    if not arrays or any(len(set(sample)) != 1 or sample[0] == 0 for sample in lengths):
        message = (
            f"samples have arrays of {lengths} rows; expected as many in each array of a sample, and at least one: "
        )
        raise InputError(message + "pass (codes, factors).")
    return arrays


def _number(value: Any) -> float:
    if np.ndim(value) != 0:
        raise InputError(f"the score has shape {np.shape(value)}; expected one number: pass a function that gives one.")
    return float(value)


def check_confidence(confidence: float) -> None:
    """Raises InputError unless `confidence` is in (0, 1)."""
    if not 0 < confidence < 1:
        message = f"confidence is {confidence}; expected a share between 0 and 1: "
        raise InputError(message + "choose .95, say.")
