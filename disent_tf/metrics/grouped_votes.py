"""The FactorVAE metric on given points: which code varies least among those that share a factor's value?

E. Mathieu, T. Rainforth, N. Siddharth and Y. W. Teh, "Disentangling Disentanglement in Variational Autoencoders"
(https://arxiv.org/abs/1812.02833), by their code: the points of a vote are those of the data set that
share a value, not drawn anew, and the votes that make the classifier also test it. `factor_vae` is the original.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from disent_tf.errors import InputError
from disent_tf.metrics import _checks
from disent_tf.metrics.factor_vae import CodeScale, code_scale, least_varying_code


class GroupedVotes(NamedTuple):
    """The score, its limit, and the votes behind them."""

    score: float  # In [0, 1]: the share of votes for the code's most frequent factor.
    limit: float  # The score of infinitely many votes in which every group is taken whole.
    votes: np.ndarray  # int64 [num_factors, num_codes]
    least_varying: list[np.ndarray]  # For every factor, the code int64 [num_values] that varies least in each group.
    num_active_dims: int


class _Group(NamedTuple):
    """Points that share a value of a factor."""

    factor: int
    codes: np.ndarray  # [num_points, num_codes]
    weight: float  # Probability that a vote is on it.


def disentanglement_votes(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    random_state: np.random.RandomState,
    max_points: int = 1000,
    num_votes: int = 20_000,
    *,
    prune_threshold: float = 0.0,
) -> GroupedVotes:
    """Returns the FactorVAE metric of the groups of points that share a factor's value.

    A vote draws a factor and one of its values, takes the points that have it, at most `max_points` of them drawn
    without replacement, and is for the code with the smallest ratio of variances there and overall. A group of fewer
    points always votes the same, so that the score is then a noisy estimate of `limit`. With few groups it is
    high for noise (.65 of 18 groups and 10 codes), since one code wins each of them.

    Args:
      codes: `[num_points, num_codes]`.
      factors: discrete, `[num_points, num_factors]`.
      random_state: source of randomness.
      max_points: L, points per vote.
      num_votes: M.
      prune_threshold: standard deviation below which a code gets no votes; a constant one never gets any (in the
        authors' code it makes every ratio NaN, and gets them all).

    Raises:
      InputError: the arrays do not fit together or are not finite, a number is too small, or a value has one point
        only.
    """
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    _checks.require_at_least(2, max_points=max_points)
    _checks.require_at_least(1, num_votes=num_votes)
    scale = code_scale(codes, prune_threshold)
    groups = _groups(codes.astype(np.float64), factors)
    num_factors, num_codes = factors.shape[1], codes.shape[1]
    if not scale.active.any():
        return GroupedVotes(0.0, 0.0, np.zeros((num_factors, num_codes), np.int64), [], 0)
    winners = np.array([least_varying_code(group.codes[None], scale)[0] for group in groups])
    expected = np.zeros((num_factors, num_codes))
    of_factor = np.array([group.factor for group in groups])
    np.add.at(expected, (of_factor, winners), [group.weight for group in groups])
    drawn = random_state.multinomial(num_votes, [group.weight for group in groups])
    votes = np.zeros((num_factors, num_codes), np.int64)
    for group, winner, num in zip(groups, winners, drawn, strict=True):
        whole = len(group.codes) <= max_points
        voted = [winner] * num if whole else _drawn_votes(group, scale, max_points, num, random_state)
        votes[group.factor] += np.bincount(np.array(voted, np.int64), minlength=num_codes)
    least = [winners[of_factor == factor] for factor in range(num_factors)]
    score, limit = (float(table.max(axis=0).sum() / table.sum()) for table in (votes, expected))
    return GroupedVotes(score, limit, votes, least, int(scale.active.sum()))


def _groups(codes: np.ndarray, factors: np.ndarray) -> list[_Group]:
    groups = []
    for factor, column in enumerate(factors.T):
        values, labels, counts = np.unique(column, return_inverse=True, return_counts=True)
        if counts.min() < 2:
            message = (
                f"value {values[counts.argmin()]} of factor {factor} has a single point, whose codes do not vary; "
            )
            raise InputError(message + "expected at least 2 points of each value: leave it out or give more points.")
        ordered = np.split(codes[np.argsort(labels, kind="stable")], np.cumsum(counts)[:-1])
        groups += [_Group(factor, part, 1.0 / (factors.shape[1] * len(values))) for part in ordered]
    return groups


def _drawn_votes(
    group: _Group, scale: CodeScale, num_points: int, num_votes: int, random_state: np.random.RandomState
) -> np.ndarray:
    """Returns the code that varies least in each of `num_votes` subsets of a group, int64 `[num_votes]`."""
    rows = (random_state.choice(len(group.codes), num_points, replace=False) for _ in range(num_votes))
    winners = [least_varying_code(group.codes[chosen][None], scale)[0] for chosen in rows]
    return np.array(winners, np.int64)


def student_t_transport(
    means: npt.ArrayLike, df: float, loc: npt.ArrayLike = 0.0, scale: npt.ArrayLike = 1.0
) -> np.ndarray:
    """Returns posterior means under a Student-t prior, moved to where a normal prior would have them.

    `loc + scale * Phi^-1(T_df((z - loc) / scale))`, the optimal transport map in each dimension, which Mathieu et al.
    apply before the metric when the prior is a Student-t. It keeps the order and pulls the tails in, far ones too,
    where the distribution function rounds to 1.

    Args:
      means: any shape, `[num_points, num_codes]` as a rule.
      df: degrees of freedom, above 0.
      loc: of the prior; broadcast against the means.
      scale: of the prior, above 0; likewise.

    Raises:
      InputError: `df` or a scale is not above 0, or a mean is not finite.
    """
    means, loc, scale = (np.asarray(values, np.float64) for values in (means, loc, scale))
    if not df > 0 or not np.all(scale > 0):
        raise InputError(f"df is {df!r} and scale {scale!r}; expected numbers above 0: give those of the prior.")
    if not np.all(np.isfinite(means)):
        raise InputError("means hold NaN or infinity; every value has to be finite: check that training converged.")
    standard = (means - loc) / scale
    # By the lower tail of both, which does not round to 1, and the symmetry of the two distributions.
    return loc + scale * np.sign(standard) * -stats.norm.ppf(stats.t.cdf(-np.abs(standard), df))
