"""DCIMIG: does each factor have a code of its own, about it and no other factor?

A. Sepliarskaia et al., "How to Not Measure Disentanglement" (https://arxiv.org/abs/1910.05587), where it is called
3CharM: disentangled, complete and informative at once.

    R_j = I(z_j; v_k(j)) - max_{k != k(j)} I(z_j; v_k),  k(j) the factor that code j knows most of;
    S_k = max of R_j over the codes with k(j) = k, 0 if there is none;   DCIMIG = sum_k S_k / sum_k H(v_k)

Information is the plug-in estimate for codes in bins of equal width, as in `mig`.
"""

import math
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.metrics import _binned_information, _checks, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class OwnCodes(NamedTuple):
    """The score and what it was computed from; information in nats."""

    score: float  # In [0, 1].
    gaps: np.ndarray  # [num_codes], R_j.
    best_gaps: np.ndarray  # [num_factors], S_k.
    mutual_information: np.ndarray  # [num_codes, num_factors]
    entropy: np.ndarray  # [num_factors]


def dcimig(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    num_bins: int = 20,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
) -> OwnCodes:
    """Returns DCIMIG of codes: see the module. Codes that know nothing neither raise nor lower it.

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
    first, second = _binned_information.two_largest(information.T)
    best_gaps = np.zeros(len(entropy))
    np.maximum.at(
        best_gaps, information.argmax(axis=1), first - second
    )  # A tie has no gap: any of its factors will do.
    score = math.fsum(best_gaps) / math.fsum(entropy)
    return OwnCodes(score, first - second, best_gaps, information, entropy)


@utils.protocol
def compute_dcimig(
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
    """Computes DCIMIG of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for dcimig.npz, the fields of `OwnCodes`; None writes nothing.
      num_train: number of points.
      batch_size: has no effect; it is there for the order of arguments of the other metrics.
      discretizer_fn: see `dcimig`.
      num_bins: bins per code.

    Returns:
      dcimig, and the num_bins and num_train that it depends on.

    Raises:
      InputError: a number is not positive, the codes are not finite, or no factor varies.
    """
    _checks.require_at_least(1, num_train=num_train, num_bins=num_bins)
    codes, factors = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    result = dcimig(codes.T, factors.T, num_bins=num_bins, discretizer_fn=discretizer_fn)
    utils.save_arrays(artifact_dir, "dcimig.npz", **result._asdict())
    return {"dcimig": result.score, "num_bins": num_bins, "num_train": num_train}
