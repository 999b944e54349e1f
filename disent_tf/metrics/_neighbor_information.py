"""Information of a continuous code about a discrete factor by nearest neighbours, in nats.

B. C. Ross, "Mutual Information between Discrete and Continuous Data Sets" (PLoS ONE 9(2), 2014), as scikit-learn's
`mutual_info_classif` has it: with `r_i` the distance of point i to its k-th nearest neighbour among the points of its
own label, n_i the number of these and m_i of all points nearer than `r_i`, each with the point itself,

    I = psi(num_points) + mean psi(k) - mean psi(n_i) - mean psi(m_i),   not below 0.

No bins, and almost no bias for independent codes. On the line neighbours are found by sorting. Where the k-th
neighbour is at distance 0, as with codes of few values, k and m_i are the numbers of points at that very value (W. Gao
et al., https://arxiv.org/abs/1709.06212), where scikit-learn adds noise.
"""

import numpy as np
import numpy.typing as npt
from scipy import special

from disent_tf.metrics import _checks


def neighbor_information_matrix(codes: npt.ArrayLike, factors: npt.ArrayLike, num_neighbors: int = 10) -> np.ndarray:
    """Returns the information of every code about every factor, `[num_codes, num_factors]` in nats.

    Args:
      codes: `[num_points, num_codes]`.
      factors: labels `[num_points, num_factors]`; a point whose label no other has is left out.
      num_neighbors: k; less for a label with fewer points.

    Raises:
      InputError: the arrays do not fit together, are not finite, or `num_neighbors` is not positive.
    """
    _checks.require_at_least(1, num_neighbors=num_neighbors)
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    labels = [np.unique(factor, return_inverse=True)[1] for factor in factors.T]
    return np.array([[_information(code, label, num_neighbors) for label in labels] for code in codes.T])


def _information(code: np.ndarray, labels: np.ndarray, num_neighbors: int) -> float:
    counts = np.bincount(labels)
    kept = counts[labels] > 1
    if not kept.any():
        return 0.0
    code, labels = code[kept], labels[kept]
    order = np.lexsort((code, labels))  # By label, and by value among those of a label.
    code, size = code[order], counts[labels[order]]
    start = np.searchsorted(labels[order], labels[order], side="left")
    num_nearest = np.minimum(num_neighbors, size - 1)
    radius = _radius(code, start, start + size, num_nearest)
    at_value = radius == 0
    nearest = np.where(at_value, _count_equal(code, labels[order]), num_nearest)
    within = _count_within(code, radius)
    terms = special.digamma(nearest) - special.digamma(size) - special.digamma(within)
    return max(0.0, float(special.digamma(len(code)) + terms.mean()))


def _radius(code: np.ndarray, start: np.ndarray, stop: np.ndarray, num_nearest: np.ndarray) -> np.ndarray:
    """Returns the distance of every point to its k-th neighbour among the points `start` to `stop`, in order."""
    place, radius = np.arange(len(code)), np.full(len(code), np.inf)
    for below in range(int(num_nearest.max()) + 1):  # How many of the k neighbours are smaller.
        left = place - below
        right = left + num_nearest
        fits = (left >= start) & (right < stop) & (below <= num_nearest)
        reach = np.maximum(code[fits] - code[left[fits]], code[right[fits]] - code[fits])
        radius[fits] = np.minimum(radius[fits], reach)
    return radius


def _count_equal(code: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns how many points have both the code and the label of each; points are in order of both."""
    new = np.flatnonzero(np.concatenate([[True], (np.diff(code) != 0) | (np.diff(labels) != 0)]))
    return np.repeat(np.diff(np.append(new, len(code))), np.diff(np.append(new, len(code))))


def _count_within(code: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Returns how many points are nearer to each than its radius, or at its value where the radius is 0."""
    values, of_point, counts = np.unique(code, return_inverse=True, return_counts=True)
    before = np.concatenate([[0], np.cumsum(counts)])
    last = len(values) - 1
    low = np.clip(np.searchsorted(values, code - radius, side="left"), 0, of_point)
    high = np.clip(np.searchsorted(values, code + radius, side="right") - 1, of_point, last)
    # The sums are rounded; what counts is the rounded distance, which the radius is.
    low -= (low > 0) & (code - values[np.maximum(low - 1, 0)] < radius)
    low += (low < of_point) & (code - values[low] >= radius)
    high += (high < last) & (values[np.minimum(high + 1, last)] - code < radius)
    high -= (high > of_point) & (values[high] - code >= radius)
    return before[high + 1] - before[low]
