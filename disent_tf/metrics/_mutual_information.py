"""Mutual information and entropy of discrete columns, in nats. Rows are points."""

import numpy as np
import numpy.typing as npt

from disent_tf.metrics import _checks


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
    code_labels, factor_labels = ([_labels(column) for column in array.T] for array in (codes_binned, factors))
    return np.array([[_mutual_information(code, factor) for factor in factor_labels] for code in code_labels])


def entropies(labels: npt.ArrayLike) -> np.ndarray:
    """Returns the entropy in nats, float64 `[num_columns]`, of every column of labels `[num_points, num_columns]`."""
    columns = _checks.as_points(labels, "labels").T
    return np.array([_entropy(np.unique(column, return_counts=True)[1]) for column in columns])


def _labels(column: np.ndarray) -> np.ndarray:
    """Returns the labels of a column renamed to 0, 1, ..., none of them unused."""
    return np.unique(column, return_inverse=True)[1]


def _mutual_information(x: np.ndarray, y: np.ndarray) -> float:
    num_x, num_y, num_points = x.max() + 1, y.max() + 1, len(x)
    joint = np.bincount(x * num_y + y, minlength=num_x * num_y).reshape(num_x, num_y).astype(np.float64)
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    seen = joint > 0
    # Products of whole numbers, divided once: a constant column makes every ratio exactly 1 and the sum exactly 0,
    # where logarithms of rounded frequencies leave 1e-17 (and modularity, a ratio of such numbers, about 1).
    terms = joint[seen] * np.log(joint[seen] * num_points / independent[seen])
    return max(0.0, float(terms.sum() / num_points))


def _entropy(counts: np.ndarray) -> float:
    frequencies = counts / counts.sum()
    return max(0.0, float(-np.sum(frequencies * np.log(frequencies))))
