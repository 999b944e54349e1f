"""Interventional robustness score: does a code stay where it is while all factors but one change?

R. Suter et al., "Robustly Disentangled Causal Mechanisms" (https://arxiv.org/abs/1811.00007), section 4, as
disentanglement_lib estimates it.
"""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class InterventionalRobustness(NamedTuple):
    """The score and what it was computed from."""

    score: float  # Mean of scores_per_code weighted by max_deviations, in [0, 1].
    scores_per_code: np.ndarray  # [num_codes]: the largest entry of a row.
    parents: np.ndarray  # int [num_codes]: the factor of that entry.
    robustness: np.ndarray  # [num_codes, num_factors]
    max_deviations: np.ndarray  # [num_codes]: largest distance from the mean.


def interventional_robustness(
    codes: npt.ArrayLike, factors: npt.ArrayLike, *, diff_quantile: float = 0.99
) -> InterventionalRobustness:
    """Returns the interventional robustness of codes.

    `R_ik = 1 - mean_v Q(|z_i - E[z_i | v_k = v]|) / max |z_i - E[z_i]|`, where Q is a quantile over the points with
    `v_k = v`. A constant code has robustness 0 and weight 0; where all are constant, so is the score.

    Args:
      codes: `[num_points, num_codes]`.
      factors: discrete, `[num_points, num_factors]`.
      diff_quantile: which quantile, from 0 to 1; 1 takes the maximum, as the paper does.

    Raises:
      InputError: the arrays do not fit together or are not finite, or the quantile is not from 0 to 1.
    """
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    if not 0.0 <= diff_quantile <= 1.0:
        raise InputError(f"diff_quantile is {diff_quantile!r}; expected a number from 0 to 1: .99 is usual.")
    rows = np.ascontiguousarray(codes.T, dtype=np.float64)
    varies = np.ptp(rows, axis=1) > 0  # The distance of a constant from its mean is 1e-17 by rounding.
    max_deviations = np.where(varies, np.abs(rows - rows.mean(axis=1, keepdims=True)).max(axis=1), 0.0)
    deviations = np.stack([_mean_deviation(rows, factor, diff_quantile) for factor in factors.T], axis=1)
    scale = np.broadcast_to(max_deviations[:, None], deviations.shape)
    robustness = 1.0 - np.divide(deviations, scale, out=np.ones(deviations.shape), where=scale > 0)
    best, parents = robustness.max(axis=1), robustness.argmax(axis=1)
    score = float(np.average(best, weights=max_deviations)) if varies.any() else 0.0
    return InterventionalRobustness(score, best, parents, robustness, max_deviations)


def scalable_disentanglement_score(
    gen_factors: npt.ArrayLike, latents: npt.ArrayLike, diff_quantile: float = 0.99
) -> dict[str, Any]:
    """Returns `interventional_robustness` under disentanglement_lib's names.

    Args:
      gen_factors: `[num_points, num_factors]`.
      latents: `[num_points, num_codes]`.
      diff_quantile: see `interventional_robustness`.

    Returns:
      avg_score, and the arrays disentanglement_scores, parents, IRS_matrix and max_deviations.
    """
    result = interventional_robustness(latents, gen_factors, diff_quantile=diff_quantile)
    names = ("avg_score", "disentanglement_scores", "parents", "IRS_matrix", "max_deviations")
    return dict(zip(names, result, strict=True))


def drop_constant_dims(ys: npt.ArrayLike) -> np.ndarray:
    """Returns those rows of `ys`, `[num_dimensions, num_points]`, that take more than one value.

    Raises:
      InputError: `ys` is not 2-d or not finite.
    """
    rows = _checks.as_points(np.transpose(ys), "codes").T
    return rows[np.ptp(rows, axis=1) > 0]


@utils.protocol
def compute_irs(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    diff_quantile: float = 0.99,
    num_train: int = 10_000,
    batch_size: int = 16,
    *,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    num_bins: int = 20,
    legacy: bool = False,
) -> dict[str, float]:
    """Computes the interventional robustness score of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for irs.npz, the fields of `InterventionalRobustness`; None writes nothing.
      diff_quantile: see `interventional_robustness`.
      num_train: number of points.
      batch_size: of disentanglement_lib; it has no effect here.
      discretizer_fn: factors `[num_factors, num_points]` and number of bins to labels of the same shape.
      num_bins: bins per factor.
      legacy: returns for num_active_dims what disentanglement_lib does, the sum of the values of active codes.

    Returns:
      IRS in [0, 1]; num_active_dims, how many codes are not constant; and the num_bins and num_train that the score
      depends on.

    Raises:
      InputError: a number is not positive, the quantile is not from 0 to 1, or the codes are not finite.
    """
    _checks.require_at_least(1, num_train=num_train, num_bins=num_bins)
    codes, factors = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    binned = utils.make_discretizer(factors, num_bins, discretizer_fn)
    result = interventional_robustness(codes.T, binned.T, diff_quantile=diff_quantile)
    utils.save_arrays(artifact_dir, "irs.npz", **result._asdict())
    active = drop_constant_dims(codes)
    num_active = float(np.sum(active)) if legacy else len(active)
    return {"IRS": result.score, "num_active_dims": num_active, "num_bins": num_bins, "num_train": num_train}


def _mean_deviation(rows: np.ndarray, factor: np.ndarray, quantile: float) -> np.ndarray:
    """Returns the mean over the values of a factor of how far codes `[num_codes, num_points]` are from their mean."""
    _, labels, counts = np.unique(factor, return_inverse=True, return_counts=True)
    few = labels.astype(np.int16) if len(counts) < 2**15 else labels  # Sorted by their digits, which is far faster.
    grouped = np.take(rows, np.argsort(few, kind="stable"), axis=1)
    starts = np.cumsum(counts) - counts
    means = np.add.reduceat(grouped, starts, axis=1) / counts
    distances = np.abs(grouped - np.repeat(means, counts, axis=1))
    return np.mean([_quantile(group, quantile) for group in np.split(distances, starts[1:], axis=1)], axis=0)


def _quantile(values: np.ndarray, quantile: float) -> np.ndarray:
    """`np.quantile` of every row, by linear interpolation, without what that costs for few values."""
    place = quantile * (values.shape[1] - 1)
    below = int(place)
    in_part_order = np.partition(values, below, axis=1)
    low = in_part_order[:, below]
    if place == below:
        return low
    return low + (in_part_order[:, below + 1 :].min(axis=1) - low) * (place - below)
