"""Mean correlation coefficient: are the codes the factors, up to their order, direction and scale?

A. Hyvarinen and H. Morioka, "Unsupervised Feature Extraction by Time-Contrastive Learning and Nonlinear ICA"
(https://arxiv.org/abs/1605.06336), the score of identifiable representation learning: every factor is matched with a
code of its own so that the sum of absolute correlations is as large as it can be (the assignment problem), and

    MCC = 1/num_factors sum_k |corr(z_a(k), v_k)|,   0 for a factor that is left without a code.

Pearson's correlation asks for a linear relation; Spearman's, that of ranks (ties get their average), for a monotone
one.
"""

import math
import os
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class MatchedCorrelation(NamedTuple):
    """The score and what it was computed from."""

    score: float  # Mean of `per_factor` over the factors that vary, in [0, 1].
    per_factor: np.ndarray  # [num_factors]: of the code matched with it; NaN for a factor that takes a single value.
    code_of_factor: np.ndarray  # int64 [num_factors]; -1 for a factor that is left without a code.
    correlation: np.ndarray  # [num_codes, num_factors], absolute; 0 for a column that is constant.


def mean_correlation_coefficient(
    codes: npt.ArrayLike, factors: npt.ArrayLike, *, method: Literal["spearman", "pearson"] = "spearman"
) -> MatchedCorrelation:
    """Returns the mean correlation coefficient of codes: see the module.

    The values of factors have to be in an order that means something: of a shape, or an angle, little is correlated.

    Args:
      codes: `[num_points, num_codes]`.
      factors: numbers, `[num_points, num_factors]`.
      method: spearman or pearson.

    Raises:
      InputError: the arrays do not fit together or are not finite, no factor varies, or there is no such method.
    """
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    if method not in ("spearman", "pearson"):
        raise InputError(f"method is {method!r}; expected 'spearman' or 'pearson': choose one of them.")
    varies = np.ptp(factors, axis=0) > 0
    if not varies.any():
        message = "no factor takes more than one value; a correlation needs one that varies: draw more points."
        raise InputError(message)
    if method == "spearman":
        codes, factors = (np.asarray(stats.rankdata(columns, axis=0)) for columns in (codes, factors))
    correlation = _absolute_correlation(codes, factors)
    return _match(correlation, varies)


def _absolute_correlation(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Returns Pearson's correlation, without its sign, of every code with every factor, `[num_codes, num_factors]`."""
    of_codes, of_factors = (utils.normalize_data(columns.T.astype(np.float64))[0] for columns in (codes, factors))
    # Not a matrix product: the rounding of its sums depends on where a code stands.
    means = np.stack([(of_codes * factor).mean(axis=1) for factor in of_factors], axis=1)
    return np.minimum(np.abs(means), 1.0)


def _match(correlation: np.ndarray, varies: np.ndarray) -> MatchedCorrelation:
    chosen_codes, chosen_factors = optimize.linear_sum_assignment(correlation, maximize=True)
    code_of_factor = np.full(len(varies), -1)
    code_of_factor[chosen_factors] = chosen_codes
    per_factor = np.zeros(len(varies))
    per_factor[chosen_factors] = correlation[chosen_codes, chosen_factors]
    per_factor[~varies] = np.nan
    return MatchedCorrelation(
        math.fsum(per_factor[varies]) / int(varies.sum()), per_factor, code_of_factor, correlation
    )


@utils.protocol
def compute_mcc(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    batch_size: int = 16,
) -> dict[str, float]:
    """Computes the mean correlation coefficient of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for mcc_spearman.npz and mcc_pearson.npz, the fields of `MatchedCorrelation`; None writes
        nothing.
      num_train: number of points, at least two.
      batch_size: has no effect; it is there for the order of arguments of the other metrics.

    Returns:
      mcc_spearman, mcc_pearson and num_train.

    Raises:
      InputError: a number is too small, the codes are not finite, or no factor varies.
    """
    _checks.require_at_least(2, num_train=num_train)
    codes, factors = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    scores: dict[str, float] = {}
    methods: tuple[Literal["spearman", "pearson"], ...] = ("spearman", "pearson")
    for method in methods:
        result = mean_correlation_coefficient(codes.T, factors.T, method=method)
        utils.save_arrays(artifact_dir, f"mcc_{method}.npz", **result._asdict())
        scores[f"mcc_{method}"] = result.score
    return scores | {"num_train": num_train}
