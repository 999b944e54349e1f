"""SEPIN and WSEPIN: how much does each code tell of the observation that the other codes do not?

K. Do and T. Tran, "Theory and Evaluation Metrics for Learning Disentangled Representations"
(https://arxiv.org/abs/1908.09961): no factors are needed. In nats, with `r_1, r_2, ...` the codes by falling
informativeness `I(x; z_i)`,

    separated information of code i:  I(x; z_i | z_others) = I(x; z) - I(x; z_others)
    SEPIN@k = mean over the codes r_1 to r_k of it
    WSEPIN = sum_i rho_i I(x; z_i | z_others),   rho_i = I(x; z_i) / sum_j I(x; z_j)

The estimators of the information are those of `separated_information`; the protocol's is that of bins.
"""

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from disent_tf.metrics import _checks, factor_vae, utils
from disent_tf.metrics.separated_information import SeparatedInformation, separated_information_of_bins

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


def sepin_at(information: SeparatedInformation, k: int) -> float:
    """Returns SEPIN@k in nats; of codes that are equally informative at the end, all count in equal parts."""
    _checks.require_at_least(1, k=k)
    k = min(k, len(information.separated))
    least = np.sort(information.informativeness)[-k]
    sure, tied = information.informativeness > least, information.informativeness == least
    of_tied = math.fsum(information.separated[tied]) / tied.sum()
    return float((math.fsum(information.separated[sure]) + (k - sure.sum()) * of_tied) / k)


def wsepin(information: SeparatedInformation) -> float:
    """Returns WSEPIN in nats; 0 where no code tells anything."""
    weights = np.maximum(0.0, information.informativeness)
    total = math.fsum(weights)
    return math.fsum(weights * information.separated) / total if total > 0 else 0.0


@utils.protocol
def compute_sepin(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    batch_size: int = 16,
    *,
    top_k: Sequence[int] = (1, 3),
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    num_bins: int = 5,
    prune_threshold: float = 0.05,
) -> dict[str, float]:
    """Computes SEPIN@k and WSEPIN of the bins of a representation; see `separated_information_of_bins`.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`, without noise of its own.
      random_state: source of randomness.
      artifact_dir: folder for sepin.npz, the fields of `SeparatedInformation` of active codes and which are; None
        writes nothing.
      num_train: number of points, at least two.
      batch_size: has no effect; it is there for the order of arguments of the other metrics.
      top_k: which SEPIN@k to give; more than there are codes is all of them.
      discretizer_fn: see `separated_information_of_bins`.
      num_bins: bins per code.
      prune_threshold: standard deviation below which a code is not active: it counts as constant.

    Returns:
      wsepin and sepin_at_K for every K of top_k, in nats; wsepin_normalized in [0, 1], the part of what codes tell,
      `sum_i rho_i I(x; z_i)`, that is separated; saturation, joint information over ln num_train: near 1 the scores are
      too low, and 0 in the end, for want of points; num_active_dims, num_bins and num_train.

    Raises:
      InputError: a number is too small or the codes are not finite.
    """
    _checks.require_at_least(2, num_train=num_train)
    _checks.require_at_least(1, num_bins=num_bins, **{"top_k's least": min(top_k, default=1)})
    codes, _ = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    active = factor_vae.code_scale(codes.T, prune_threshold).active
    pruned = codes[active] if active.any() else np.zeros_like(codes[:1])
    result = separated_information_of_bins(pruned.T, num_bins=num_bins, discretizer_fn=discretizer_fn)
    utils.save_arrays(artifact_dir, "sepin.npz", active=active, **result._asdict())
    score, told = wsepin(result), wsepin(result._replace(separated=result.informativeness))
    return {
        "wsepin": score,
        "wsepin_normalized": score / told if told > 0 else 0.0,
        **{f"sepin_at_{k}": sepin_at(result, k) for k in top_k},
        "saturation": result.joint / math.log(num_train),
        "num_active_dims": int(active.sum()),
        "num_bins": num_bins,
        "num_train": num_train,
    }
