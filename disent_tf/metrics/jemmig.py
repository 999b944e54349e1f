"""JEMMIG: is each factor told by one code alone, and does that code tell nothing else?

K. Do and T. Tran, "Theory and Evaluation Metrics for Learning Disentangled Representations"
(https://arxiv.org/abs/1908.09961): joint entropy minus mutual information gap,

    JEMMIG_k = H(z_i*, y_k) - I(z_i*; y_k) + I(z_j°; y_k)   in nats, 0 at best,
    normalised: 1 - JEMMIG_k / (H(y_k) + ln num_bins)        in [0, 1], 1 at best,

with `i*` and `j°` the codes that know most and second most of factor k; the scores are means over the factors.
Entropies and information are plug-in estimates for codes in `num_bins` bins of equal width. (Do and Tran bin samples of
a posterior from -4 to 4; here the bins are those of the other metrics, so that any codes will do.)
"""

import math
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.metrics import _binned_information, _checks, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

_ROUNDING = 1e-12  # Relative: information that differs by less is the same.


class JointEntropyMinusGap(NamedTuple):
    """The scores and what they were computed from; in nats."""

    score: float  # Mean of `per_factor`: lower is better.
    score_normalized: float  # Mean of `normalized_per_factor`, in [0, 1]: higher is better.
    per_factor: np.ndarray  # [num_factors]; NaN for a factor that takes a single value.
    normalized_per_factor: np.ndarray  # [num_factors]; likewise.
    mutual_information: np.ndarray  # [num_codes, num_factors]
    joint_entropy: np.ndarray  # [num_codes, num_factors]


def jemmig(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    num_bins: int = 20,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
) -> JointEntropyMinusGap:
    """Returns JEMMIG of codes: see the module.

    Both scores reward a code for having little entropy: dead codes alone give H(y) and `ln num_bins / (H(y) + ln
    num_bins)`, which is better than noise gets. Compare with the mutual information gap.

    Args:
      codes: `[num_points, num_codes]`. A single code is compared with no information.
      factors: discrete, `[num_points, num_factors]`.
      num_bins: bins per code.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to at most so many labels, of the same shape.

    Raises:
      InputError: the arrays do not fit together, are not finite, or no factor varies.
    """
    known = _binned_information.binned_information(codes, factors, num_bins=num_bins, discretizer_fn=discretizer_fn)
    information, entropy = known.mutual_information, known.factor_entropy
    joint = known.code_entropy[:, None] + entropy - information
    first, second = _binned_information.two_largest(information)
    # Of codes that know equally much, the one that tells least else: neither their order nor rounding then matters.
    of_best = np.where(information >= first * (1 - _ROUNDING), joint, np.inf).min(axis=0)
    per_factor = np.where(entropy > 0, of_best - first + second, np.nan)
    normalized = 1.0 - per_factor / (entropy + math.log(num_bins) + (entropy == 0))  # Not 0/0 where it is NaN.
    return JointEntropyMinusGap(
        float(np.nanmean(per_factor)), float(np.nanmean(normalized)), per_factor, normalized, information, joint
    )


@utils.protocol
def compute_jemmig(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    batch_size: int = 16,
    *,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    num_bins: int = 20,
) -> dict[str, float]:
    """Computes JEMMIG of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for jemmig.npz, the fields of `JointEntropyMinusGap`; None writes nothing.
      num_train: number of points.
      batch_size: has no effect; it is there for the order of arguments of the other metrics.
      discretizer_fn: see `jemmig`.
      num_bins: bins per code.

    Returns:
      jemmig_normalized in [0, 1] (higher is better), jemmig in nats (lower is better), and the num_bins and num_train
      that they depend on.

    Raises:
      InputError: a number is not positive, the codes are not finite, or no factor varies.
    """
    _checks.require_at_least(1, num_train=num_train, num_bins=num_bins)
    codes, factors = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    result = jemmig(codes.T, factors.T, num_bins=num_bins, discretizer_fn=discretizer_fn)
    utils.save_arrays(artifact_dir, "jemmig.npz", **result._asdict())
    scores = {"jemmig_normalized": result.score_normalized, "jemmig": result.score}
    return {**scores, "num_bins": num_bins, "num_train": num_train}
