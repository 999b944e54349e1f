"""Mutual information and entropy of discrete columns, in nats. Rows are points."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.metrics import _checks

_SPARSE = 16  # Cells per point from which a table of all joint labels costs more than sorting the points.


class _NumberedLabels(NamedTuple):
    """The labels of several columns, numbered so that no two columns share one."""

    of_points: np.ndarray  # int64 [num_columns, num_points]
    counts: np.ndarray  # [num_labels]: how many points have each.
    owner: np.ndarray  # [num_labels]: the column whose label it is.


def mutual_information_matrix(codes_binned: npt.ArrayLike, factors: npt.ArrayLike) -> np.ndarray:
    """Returns the mutual information of every code with every factor.

    `I(x; y) = sum_xy p(x, y) ln(p(x, y) / (p(x) p(y)))` with the frequencies of the given points: the plug-in
    estimate, biased upwards by about `(num_x - 1)(num_y - 1) / (2 num_points)`.

    Args:
      codes_binned: labels `[num_points, num_codes]`; any numbers, equal ones are one label.
      factors: labels `[num_points, num_factors]`.

    Returns:
      float64 `[num_codes, num_factors]` in nats, never negative; exactly 0 for a constant code or factor.

    Raises:
      InputError: an array is not 2-d, holds NaN, or the two have different lengths.
    """
    codes_binned, factors = _checks.as_codes_and_factors(codes_binned, factors)
    labels = _number_labels(factors)
    return np.array([_information_about(_labels(code), labels) for code in codes_binned.T])


def entropies(labels: npt.ArrayLike) -> np.ndarray:
    """Returns the entropy in nats, float64 `[num_columns]`, of every column of labels `[num_points, num_columns]`."""
    columns = _checks.as_points(labels, "labels").T
    return np.array([_entropy(np.bincount(_labels(column))) for column in columns])


def _labels(column: np.ndarray) -> np.ndarray:
    """Returns labels renamed to small whole numbers from 0, int64 `[num_points]`."""
    low, high = column.min(), column.max()
    if column.dtype.kind in "biu" and int(high) - int(low) <= len(column):
        return column.astype(np.int64) - low.astype(np.int64)  # No need to sort; a number without a point does no harm.
    return np.unique(column, return_inverse=True)[1]


def _number_labels(columns: np.ndarray) -> _NumberedLabels:
    named = [_labels(column) for column in columns.T]
    counts = [np.bincount(column) for column in named]
    sizes = np.array([len(count) for count in counts])
    of_points = np.stack(named) + (np.cumsum(sizes) - sizes)[:, None]
    return _NumberedLabels(of_points, np.concatenate(counts), np.repeat(np.arange(len(sizes)), sizes))


def _information_about(x: np.ndarray, labels: _NumberedLabels) -> np.ndarray:
    """Returns the information `[num_columns]` that x, labels from 0 `[num_points]`, has about each of the columns."""
    num_points, num_labels = len(x), len(labels.counts)
    cells, joint = _count(x * num_labels + labels.of_points, (int(x.max()) + 1) * num_labels)
    row, column = np.divmod(cells, num_labels)
    independent = np.bincount(x)[row] * labels.counts[column].astype(np.float64)
    # Products of whole numbers, divided once: a constant column makes every ratio exactly 1 and the sum exactly 0,
    # where logarithms of rounded frequencies leave 1e-17 (and modularity, a ratio of such numbers, about 1).
    terms = joint * np.log(joint * float(num_points) / independent)
    return np.maximum(0.0, np.bincount(labels.owner[column], terms) / num_points)


def _count(keys: np.ndarray, num_keys: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns which of the keys 0 to `num_keys - 1` occur, ascending, and how often each does."""
    if num_keys > _SPARSE * keys.size:
        return np.unique(keys, return_counts=True)
    counts = np.bincount(keys.ravel())
    seen = np.flatnonzero(counts)
    return seen, counts[seen]


def _entropy(counts: np.ndarray) -> float:
    counts = counts[counts > 0]
    frequencies = counts / counts.sum()
    return max(0.0, float(-np.sum(frequencies * np.log(frequencies))))
