"""Mutual Information Gap: is each factor told by one code alone?

R. T. Q. Chen et al., "Isolating Sources of Disentanglement in Variational Autoencoders" (https://arxiv.org/abs/1802.04942),
section 4.1, with the discretised estimate of disentanglement_lib.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _binned_information, _checks, _mutual_information, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class MutualInformationGap(NamedTuple):
    """The gap and what it was computed from; information in nats."""

    score: float  # Mean of the gaps that are defined, in [0, 1].
    gaps: np.ndarray  # [num_factors]; NaN for a factor that takes a single value.
    mutual_information: np.ndarray  # [num_codes, num_factors]
    entropy: np.ndarray  # [num_factors]


def mutual_information_gap(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    num_bins: int = 20,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
) -> MutualInformationGap:
    """Returns the mutual information gap of codes.

    `MIG = mean_k (I(z_j(k); v_k) - max_{j != j(k)} I(z_j; v_k)) / H(v_k)`, where `j(k)` is the code that knows most of
    factor k. The bins matter: with 20 of equal width a perfect code of dSprites, whose position has 32 values, scores
    about .90, with 10 about .79. So does the number of points, which biases information upwards. Report both.

    Args:
      codes: `[num_points, num_codes]`. A single code is compared with no information.
      factors: discrete, `[num_points, num_factors]`.
      num_bins: bins per code.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to labels of the same shape.

    Raises:
      InputError: the arrays do not fit together, are not finite, or no factor varies.
    """
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    binned = utils.make_discretizer(codes.T, num_bins, discretizer_fn).T
    mutual_information = _mutual_information.mutual_information_matrix(binned, factors)
    entropy = _mutual_information.entropies(factors)
    gaps = gap_per_factor(mutual_information, entropy)
    return MutualInformationGap(float(np.nanmean(gaps)), gaps, mutual_information, entropy)


def gap_per_factor(mutual_information: np.ndarray, entropy: np.ndarray) -> np.ndarray:
    """Returns the gaps `[num_factors]` of information `[num_codes, num_factors]` and entropy `[num_factors]`, in nats.

    Raises:
      InputError: no factor has any entropy.
    """
    if not np.any(entropy > 0):
        raise InputError("no factor takes more than one value; a gap needs one that varies: draw more points.")
    first, second = _binned_information.two_largest(mutual_information)
    return np.divide(first - second, entropy, out=np.full(entropy.shape, np.nan), where=entropy > 0)


@utils.protocol
def compute_mig(
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
    """Computes the mutual information gap of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for mutual_information.npz, the fields of `MutualInformationGap`; None writes nothing.
      num_train: number of points.
      batch_size: of disentanglement_lib; it has no effect here.
      discretizer_fn: see `mutual_information_gap`.
      num_bins: bins per code.

    Returns:
      discrete_mig, and the num_bins and num_train that it depends on.

    Raises:
      InputError: a number is not positive, the codes are not finite, or no factor varies.
    """
    _checks.require_at_least(1, num_train=num_train, num_bins=num_bins)
    codes, factors = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    gap = mutual_information_gap(codes.T, factors.T, num_bins=num_bins, discretizer_fn=discretizer_fn)
    utils.save_arrays(artifact_dir, "mutual_information.npz", **gap._asdict())
    return _scores(gap, num_bins, num_train)


def compute_mig_on_fixed_data(
    observations: np.ndarray,
    labels: npt.ArrayLike,
    representation_function: utils.RepresentationFunction,
    batch_size: int = 100,
    *,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    num_bins: int = 20,
) -> dict[str, float]:
    """Computes the mutual information gap on given observations.

    Args:
      observations: `[num_points, ...]`.
      labels: their factors `[num_factors, num_points]`, in disentanglement_lib's orientation.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      batch_size: observations per call of the representation function.
      discretizer_fn: see `mutual_information_gap`.
      num_bins: bins per code.

    Returns:
      The keys of `compute_mig`.

    Raises:
      InputError: as `compute_mig`, or the labels do not fit the observations.
    """
    codes = utils.obtain_representation(observations, representation_function, batch_size)
    factors = np.transpose(labels)
    gap = mutual_information_gap(codes.T, factors, num_bins=num_bins, discretizer_fn=discretizer_fn)
    return _scores(gap, num_bins, len(factors))


def _scores(gap: MutualInformationGap, num_bins: int, num_train: int) -> dict[str, float]:
    return {"discrete_mig": gap.score, "num_bins": num_bins, "num_train": num_train}
