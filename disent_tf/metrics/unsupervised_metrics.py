"""Scores that need no factors: how far are the codes from independent of each other?

Total correlation and Wasserstein distance of a Gaussian with the covariance of the codes, and the mutual information of
pairs of codes: disentanglement_lib's, used by F. Locatello et al., "Challenging Common Assumptions in the Unsupervised
Learning of Disentangled Representations" (https://arxiv.org/abs/1811.12359). Low is independent.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.metrics import _checks, _mutual_information, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class Dependence(NamedTuple):
    """How codes depend on each other; information in nats."""

    total_correlation: float  # Infinite, or about 40 by rounding, where a code is a linear function of others.
    wasserstein_correlation: float  # Grows with the square of the scale of the codes.
    wasserstein_correlation_norm: float  # The same divided by the sum of the variances; 0 where that is 0.
    mutual_info_score: float  # Mean over pairs of codes; 0 for a single code.
    covariance: np.ndarray  # [num_codes, num_codes]
    mutual_information: np.ndarray  # [num_codes, num_codes]; entropies of the binned codes on the diagonal.


def dependence(
    codes: npt.ArrayLike,
    *,
    num_bins: int = 20,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    legacy: bool = False,
) -> Dependence:
    """Returns how codes depend on each other.

    Args:
      codes: `[num_points, num_codes]`, at least two points.
      num_bins: bins per code.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to labels of the same shape.
      legacy: see `gaussian_total_correlation`.

    Raises:
      InputError: the codes are not 2-d, not finite, or fewer than two.
    """
    codes = _checks.as_points(codes, "codes").astype(np.float64, copy=False)
    _checks.require_at_least(2, num_points=len(codes))
    covariance = _covariance(codes)
    binned = utils.make_discretizer(codes.T, num_bins, discretizer_fn).T
    information = _mutual_information.mutual_information_matrix(binned, binned)
    num_pairs = max(1, codes.shape[1] * (codes.shape[1] - 1))
    wasserstein, variance = gaussian_wasserstein_correlation(covariance), float(np.trace(covariance))
    return Dependence(
        total_correlation=gaussian_total_correlation(covariance, legacy=legacy),
        wasserstein_correlation=wasserstein,
        wasserstein_correlation_norm=wasserstein / variance if variance > 0 else 0.0,
        mutual_info_score=float(np.sum(information[~np.eye(len(information), dtype=bool)]) / num_pairs),
        covariance=covariance,
        mutual_information=information,
    )


def gaussian_total_correlation(cov: npt.ArrayLike, *, legacy: bool = False) -> float:
    """Returns the total correlation in nats of a Gaussian: its KL divergence from the product of its marginals.

    `(sum_i ln C_ii - ln det C) / 2`. A code without variance is independent of all others and left out.

    Args:
      cov: covariance `[num_codes, num_codes]`.
      legacy: returns NaN where a code has no variance, as disentanglement_lib does.

    Returns:
      The total correlation; infinite for a singular matrix, or about 40 where rounding hides that it is singular.
    """
    cov = _checks.as_points(cov, "covariances").astype(np.float64)
    alive = np.diag(cov) > 0
    if legacy and not alive.all():
        return float("nan")
    cov = cov[np.ix_(alive, alive)]
    return float(0.5 * (np.sum(np.log(np.diag(cov))) - np.linalg.slogdet(cov)[1]))


def gaussian_wasserstein_correlation(cov: npt.ArrayLike) -> float:
    """Returns the squared 2-Wasserstein distance of a Gaussian from the product of its marginals.

    `2 tr C - 2 tr (D C)^(1/2)`, with D the diagonal of C. The eigenvalues of the root are the singular values of
    `D^(1/2) C^(1/2)`: real, for a singular C too, where the root of `D C` in disentanglement_lib may be complex.

    Args:
      cov: covariance `[num_codes, num_codes]`.
    """
    cov = _checks.as_points(cov, "covariances").astype(np.float64)
    variances, axes = np.linalg.eigh(cov)
    root = axes * np.sqrt(np.maximum(variances, 0.0))
    deviations = np.sqrt(np.maximum(np.diag(cov), 0.0))
    distance = 2 * np.trace(cov) - 2 * np.sum(np.linalg.svd(deviations[:, None] * root, compute_uv=False))
    return max(0.0, float(distance))  # Rounding may leave -1e-16.


def kl_gaussians_numerically_unstable(
    mean_0: np.ndarray, cov_0: np.ndarray, mean_1: np.ndarray, cov_1: np.ndarray, k: int
) -> float:
    """Returns `KL(N(mean_0, cov_0) || N(mean_1, cov_1))` in nats by determinants and an inverse: a check, for tests.

    Args:
      mean_0: `[k]`.
      cov_0: `[k, k]`.
      mean_1: `[k]`.
      cov_1: `[k, k]`, not singular.
      k: dimensions.
    """
    precision, shift = np.linalg.inv(cov_1), np.asarray(mean_1) - np.asarray(mean_0)
    log_ratio = np.log(np.linalg.det(cov_1) / np.linalg.det(cov_0))
    return float((np.trace(precision @ cov_0) + shift @ precision @ shift - k + log_ratio) / 2)


@utils.protocol
def unsupervised_metrics(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    batch_size: int = 16,
    *,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    num_bins: int = 20,
    legacy: bool = False,
) -> dict[str, float]:
    """Computes how far the codes of a representation are from independent.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for unsupervised_metrics.npz, the fields of `Dependence`; None writes nothing.
      num_train: number of points, at least two.
      batch_size: of disentanglement_lib; it has no effect here.
      discretizer_fn: see `dependence`.
      num_bins: bins per code.
      legacy: returns NaN for gaussian_total_correlation where a code is constant, as disentanglement_lib does.

    Returns:
      gaussian_total_correlation (nats), gaussian_wasserstein_correlation, gaussian_wasserstein_correlation_norm and
      mutual_info_score (nats), and the num_bins and num_train that the last depends on.

    Raises:
      InputError: a number is too small, or the codes are not finite.
    """
    _checks.require_at_least(2, num_train=num_train)
    _checks.require_at_least(1, num_bins=num_bins)
    codes, _ = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    result = dependence(codes.T, num_bins=num_bins, discretizer_fn=discretizer_fn, legacy=legacy)
    utils.save_arrays(artifact_dir, "unsupervised_metrics.npz", **result._asdict())
    return {
        "gaussian_total_correlation": result.total_correlation,
        "gaussian_wasserstein_correlation": result.wasserstein_correlation,
        "gaussian_wasserstein_correlation_norm": result.wasserstein_correlation_norm,
        "mutual_info_score": result.mutual_info_score,
        "num_bins": num_bins,
        "num_train": num_train,
    }


def _covariance(codes: np.ndarray) -> np.ndarray:
    """Returns covariances `[num_codes, num_codes]` (n - 1 in the denominator), exactly 0 for a constant code."""
    varies = np.ptp(codes, axis=0) > 0  # A constant may differ from its mean by rounding.
    return np.atleast_2d(np.cov(codes.T)) * np.outer(varies, varies)
