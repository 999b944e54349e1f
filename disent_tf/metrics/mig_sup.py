"""MIG-sup: is each code about one factor alone? The mutual information gap with codes and factors exchanged.

Z. Li et al., "Progressive Learning and Disentanglement of Hierarchical Representations"
(https://arxiv.org/abs/2002.10549): a code that knows two factors, which the mutual information gap does not
punish, has no gap here.

    MIG-sup = mean_j (I_norm(z_j; v_k(j)) - max_{k != k(j)} I_norm(z_j; v_k)),   I_norm(z_j; v_k) = I(z_j; v_k) / H(v_k)

with `k(j)` the factor of which code j has the largest `I_norm`. Information is the plug-in estimate for codes in bins
of equal width, as in `mig`.
"""

import math
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.metrics import _binned_information, _checks, factor_vae, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class GapPerCode(NamedTuple):
    """The score and what it was computed from."""

    score: float  # Mean of the gaps over all codes, in [0, 1].
    gaps: np.ndarray  # [num_codes]
    normalized_information: np.ndarray  # [num_codes, num_factors] in [0, 1]; 0 for a factor that does not vary.


def mig_sup(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    num_bins: int = 20,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
) -> GapPerCode:
    """Returns MIG-sup of codes: see the module.

    The mean is over all codes, as in the paper: codes that know nothing have no gap and lower it, so that a
    representation with more codes than factors cannot reach 1. See `mig_sup_pruned` of `compute_mig_sup`.

    Args:
      codes: `[num_points, num_codes]`.
      factors: discrete, `[num_points, num_factors]`. A single factor is compared with no information.
      num_bins: bins per code.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to labels of the same shape.

    Raises:
      InputError: the arrays do not fit together, are not finite, or no factor varies.
    """
    known = _binned_information.binned_information(codes, factors, num_bins=num_bins, discretizer_fn=discretizer_fn)
    information, entropy = known.mutual_information, known.factor_entropy
    share = np.divide(information, entropy, out=np.zeros(information.shape), where=entropy > 0)
    first, second = _binned_information.two_largest(share.T)
    return GapPerCode(_mean(first - second), first - second, share)


@utils.protocol
def compute_mig_sup(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    batch_size: int = 16,
    *,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    num_bins: int = 20,
    prune_threshold: float = 0.05,
) -> dict[str, float]:
    """Computes MIG-sup of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for mig_sup.npz (gaps, normalized_information, active); None writes nothing.
      num_train: number of points, at least two.
      batch_size: has no effect; it is there for the order of arguments of the other metrics.
      discretizer_fn: see `mig_sup`.
      num_bins: bins per code.
      prune_threshold: standard deviation below which a code is not active.

    Returns:
      mig_sup over all codes, mig_sup_pruned over active codes (0 where there is none), their number num_active_dims,
      and the num_bins and num_train that the scores depend on.

    Raises:
      InputError: a number is too small, the codes are not finite, or no factor varies.
    """
    _checks.require_at_least(1, num_bins=num_bins)
    _checks.require_at_least(2, num_train=num_train)
    codes, factors = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    gap = mig_sup(codes.T, factors.T, num_bins=num_bins, discretizer_fn=discretizer_fn)
    active = factor_vae.code_scale(codes.T, prune_threshold).active
    arrays = {"gaps": gap.gaps, "normalized_information": gap.normalized_information, "active": active}
    utils.save_arrays(artifact_dir, "mig_sup.npz", **arrays)
    return {
        "mig_sup": gap.score,
        "mig_sup_pruned": _mean(gap.gaps[active]) if active.any() else 0.0,
        "num_active_dims": int(active.sum()),
        "num_bins": num_bins,
        "num_train": num_train,
    }


def _mean(gaps: np.ndarray) -> float:
    return math.fsum(gaps) / len(gaps)  # Exactly rounded: the order of the codes does not matter.
