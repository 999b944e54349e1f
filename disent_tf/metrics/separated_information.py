"""What each code tells of the observation that the other codes do not, without factors.

`I(x; z_i | z_others) = I(x; z) - I(x; z_others)`, in nats: K. Do and T. Tran, "Theory and Evaluation Metrics for
Learning Disentangled Representations" (https://arxiv.org/abs/1908.09961).

Two estimators. `separated_information_of_bins`: codes are functions of x, cut into few bins of equal width; then
`I(x; z_i) = H(bin_i)` and the separated information is `H(all bins) - H(bins of the others)`, by frequencies.
`separated_information_of_posteriors`: codes are random, with normal posteriors q(z|x), and entropies those of their
mixture over the given x at samples of it, as in the paper.

With either, N points cannot tell more than ln N nats: where all codes but one tell every point from every other
already, nothing is left for that one, whatever the representation. Compare `joint` with ln N.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, utils

_DENSITIES_AT_ONCE = 1 << 21  # Of a sample under a posterior: 16 MiB.


class SeparatedInformation(NamedTuple):
    """Information of codes about the observation, in nats."""

    informativeness: np.ndarray  # [num_codes], I(x; z_i).
    separated: np.ndarray  # [num_codes], I(x; z_i | z_others).
    joint: float  # I(x; z), at most the logarithm of the number of points.


def separated_information_of_bins(
    codes: npt.ArrayLike, *, num_bins: int = 5, discretizer_fn: utils.Discretizer = utils.histogram_discretize
) -> SeparatedInformation:
    """Returns the separated information of codes that are functions of the observation, from their bins.

    Args:
      codes: `[num_points, num_codes]`.
      num_bins: bins per code. Few: joint frequencies of `num_bins` to the power of `num_codes` cells are needed.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to labels of the same shape.

    Raises:
      InputError: codes are not finite and 2-d.
    """
    codes = _checks.as_points(codes, "codes")
    binned = utils.make_discretizer(codes.T, num_bins, discretizer_fn)
    labels = [np.unique(row, return_inverse=True)[1] for row in binned]
    nothing = np.zeros(len(codes), np.int64)
    before, after = [nothing], [nothing]  # Joint labels of the first codes, and of the last ones.
    for first, last in zip(labels, reversed(labels), strict=True):
        before.append(_join(before[-1], first))
        after.append(_join(after[-1], last))
    joint = _entropy(before[-1])
    of_others = [_entropy(_join(before[i], after[-2 - i])) for i in range(len(labels))]
    separated = np.maximum(0.0, joint - np.array(of_others))
    return SeparatedInformation(np.array([_entropy(label) for label in labels]), separated, joint)


def separated_information_of_posteriors(
    means: npt.ArrayLike, log_vars: npt.ArrayLike, random_state: np.random.RandomState, num_samples: int = 1000
) -> SeparatedInformation:
    """Returns the separated information of codes with normal posteriors, estimated at samples; it may be negative.

    It computes `num_samples * num_points * num_codes` densities.

    Args:
      means: `[num_points, num_codes]`, for observations that stand for all.
      log_vars: logarithms of the variances, of the same shape.
      random_state: source of randomness.
      num_samples: of codes, each of an observation that is drawn for it.

    Raises:
      InputError: the arrays do not fit together, are not finite, or `num_samples` is not positive.
    """
    _checks.require_at_least(1, num_samples=num_samples)
    means, log_vars = (
        _checks.as_points(a, n).astype(np.float64) for a, n in ((means, "means"), (log_vars, "log_vars"))
    )
    if means.shape != log_vars.shape:
        message = f"means have shape {means.shape} and log_vars {log_vars.shape}; expected the same: "
        raise InputError(message + "pass both of every posterior.")
    rows = random_state.randint(len(means), size=num_samples)
    samples = means[rows] + np.exp(0.5 * log_vars[rows]) * random_state.standard_normal((num_samples, means.shape[1]))
    step = max(1, _DENSITIES_AT_ONCE // means.size)
    parts = [slice(start, start + step) for start in range(0, num_samples, step)]
    gains = np.concatenate([_gains(samples[part], rows[part], means, log_vars) for part in parts]).mean(axis=0)
    num_codes = means.shape[1]
    return SeparatedInformation(gains[:num_codes], gains[-1] - gains[num_codes:-1], float(gains[-1]))


def _join(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns labels from 0 of the pairs of two labels from 0, `[num_points]`."""
    return np.unique(first * (second.max() + 1) + second, return_inverse=True)[1]


def _entropy(labels: np.ndarray) -> float:
    frequencies = np.sort(np.bincount(labels)) / len(labels)  # In an order that no order of the codes changes.
    return float(special.entr(frequencies).sum())


def _gains(samples: np.ndarray, rows: np.ndarray, means: np.ndarray, log_vars: np.ndarray) -> np.ndarray:
    """Returns ln q(z|x) - ln q(z) of samples, `[num, 2 * num_codes + 1]`: each code, all without it, and all."""
    log_densities = -0.5 * (math.log(2 * math.pi) + log_vars + (samples[:, None] - means) ** 2 * np.exp(-log_vars))
    total = log_densities.sum(axis=2)
    own = np.arange(len(samples)), rows

    def gain(log_density: np.ndarray) -> np.ndarray:
        return log_density[own] - special.logsumexp(log_density, axis=1) + math.log(len(means))

    of_codes = np.moveaxis(log_densities, 2, 0)
    return np.stack([*map(gain, of_codes), *(gain(total - of_code) for of_code in of_codes), gain(total)], axis=1)
