"""Normalised Hoyer sparsity: does each code vector have few large entries, whichever they are?

E. Mathieu, T. Rainforth, N. Siddharth and Y. W. Teh, "Disentangling Disentanglement in Variational Autoencoders"
(https://arxiv.org/abs/1812.02833): Hoyer's measure of sparseness of codes scaled to one standard deviation.
"""

import logging
import math
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.metrics import _checks, factor_vae, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

_log = logging.getLogger(__name__)


class Sparsity(NamedTuple):
    """The score and what it is the mean of."""

    score: float  # In [0, 1].
    per_point: np.ndarray  # [num_points]; NaN for a point whose codes are all 0.
    deviations: np.ndarray  # [num_codes]: standard deviations (n - 1 in the denominator); 0 for a code left out.


def hoyer_sparsity(codes: npt.ArrayLike, *, normalize: bool = True, legacy: bool = False) -> Sparsity:
    """Returns how sparse codes are: 1 where each point has a single entry that is not 0, 0 where all are as large.

    `mean_n (sqrt(d) - |z_n|_1 / |z_n|_2) / (sqrt(d) - 1)` with the codes divided by their standard deviations, so that
    a code that is small everywhere does not pass for sparse. They are not centred: a code whose mean is many standard
    deviations from 0 outweighs the others in every point, so one that hardly varies looks like perfect sparsity. Codes
    of N(0, I) score .23 with d = 50 and .26 with d = 10.

    Args:
      codes: `[num_points, num_codes]`.
      normalize: divide by the standard deviations; a constant code is left out then, of d too, since it says nothing
        (the authors' code divides by 0, and returns NaN). With fewer than two codes left there is nothing to be sparse
        among: 0. Without it every code counts.
      legacy: the authors' value, NaN where a code is constant.

    Raises:
      InputError: the codes are not 2-d, not finite, or, to normalise, fewer than two points.
    """
    codes = _checks.as_points(codes, "codes").astype(np.float64)
    deviations, used = np.ones(codes.shape[1]), codes
    if normalize:
        _checks.require_at_least(2, num_points=len(codes))
        # A constant float can have a deviation of 1e-17.
        deviations = np.where(np.ptp(codes, axis=0) > 0, np.std(codes, axis=0, ddof=1), 0.0)
        active = deviations > 0
        if legacy and not active.all():
            return Sparsity(math.nan, np.full(len(codes), math.nan), deviations)
        used = codes[:, active] / deviations[active]
    per_point = _per_point(used)
    defined = ~np.isnan(per_point)
    return Sparsity(float(per_point[defined].mean()) if defined.any() else 0.0, per_point, deviations)


def _per_point(codes: np.ndarray) -> np.ndarray:
    num_codes = codes.shape[1]
    if num_codes < 2:
        return np.full(len(codes), np.nan)
    largest = np.abs(codes).max(axis=1, keepdims=True)
    zero = largest == 0
    relative = np.abs(codes) / np.where(zero, 1.0, largest)  # Squares of tiny codes are 0.
    relative.sort(axis=1)  # So that the order of the codes has no say in the rounding.
    lengths = np.sqrt(np.sum(relative**2, axis=1))
    ratios = relative.sum(axis=1) / np.where(zero[:, 0], np.nan, lengths)
    return np.clip((math.sqrt(num_codes) - ratios) / (math.sqrt(num_codes) - 1.0), 0.0, 1.0)


@utils.protocol
def compute_sparsity(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    batch_size: int = 16,
    *,
    normalize: bool = True,
    prune_threshold: float = 0.05,
    legacy: bool = False,
) -> dict[str, float]:
    """Computes the sparsity of a representation. It does not look at the factors.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for sparsity.npz, the fields of `Sparsity`; None writes nothing.
      num_train: number of points.
      batch_size: of disentanglement_lib; it has no effect here.
      normalize: see `hoyer_sparsity`.
      prune_threshold: standard deviation below which a code is not active.
      legacy: see `hoyer_sparsity`.

    Returns:
      hoyer_sparsity, hoyer_sparsity_pruned over active codes (0 where there are fewer than two), their number
      num_active_dims, and num_train.

    Raises:
      InputError: a number is too small, or the codes are not finite.
    """
    _checks.require_at_least(2, num_train=num_train)
    codes, _ = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    sparsity = hoyer_sparsity(codes.T, normalize=normalize, legacy=legacy)
    active = factor_vae.code_scale(codes.T, prune_threshold).active
    num_active = int(active.sum())
    if num_active < 2:
        _log.warning("%d codes are active: there is nothing to be sparse among.", num_active)
    pruned = hoyer_sparsity(codes[active].T, normalize=normalize).score if num_active else 0.0
    utils.save_arrays(artifact_dir, "sparsity.npz", **sparsity._asdict())
    scores = {"hoyer_sparsity": sparsity.score, "hoyer_sparsity_pruned": pruned}
    return scores | {"num_active_dims": num_active, "num_train": num_train}
