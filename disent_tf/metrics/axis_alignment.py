"""Axis alignment (AAM) and modified information gap (MMIG): does one code hold all that the codes know of a factor?

Y. Dubois, A. Kastanos, D. Lines and B. Melman, "Understanding Disentangling in VAE", equations 2 and 3, with the
discretised estimate of mutual information of disentanglement_lib. By the posteriors of a model instead of their means:
`posterior_information`.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _mutual_information, mig, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class AxisAlignment(NamedTuple):
    """Three scores of one matrix of information; the means leave out the factors for which a score is undefined."""

    aam: float  # In [0, 1].
    mmig: float  # At least 0; above 1 where a code knows of its factor what no other factor tells.
    mig: float  # In [0, 1].
    aam_per_factor: np.ndarray  # [num_factors]; NaN for a factor that takes a single value.
    mmig_per_factor: np.ndarray  # [num_factors]; NaN for a factor that takes a single value or follows from another.
    mig_per_factor: np.ndarray  # [num_factors]; NaN for a factor that takes a single value.
    mutual_information: np.ndarray  # [num_codes, num_factors], nats.
    entropy: np.ndarray  # [num_factors], nats.


def axis_alignment(
    mutual_information: npt.ArrayLike, entropy: npt.ArrayLike, factor_information: npt.ArrayLike | None = None
) -> AxisAlignment:
    """Returns AAM, MMIG and MIG of the information between codes and factors.

    `AAM = mean_k max(0, I_(1)k - sum_{j > 1} I_(j)k) / I_(1)k` with `I_(1)k >= I_(2)k >= ...` the information of the
    codes with factor k; 0 for a factor that no code knows. `MMIG = mean_k (I_(1)k - I_(2)k) / (H(v_k) - max_{l != k}
    I(v_k; v_l))`; of independent factors it is the MIG, which divides by H(v_k) alone.

    Args:
      mutual_information: I(z_j; v_k), `[num_codes, num_factors]`, in nats. Negative estimates count as 0.
      entropy: H(v_k), `[num_factors]`, in nats.
      factor_information: I(v_k; v_l), `[num_factors, num_factors]`, in nats; its diagonal is not read. None if the
        factors are independent.

    Raises:
      InputError: the arrays do not fit together or are not finite, no factor varies, or each follows from another.
    """
    known = np.maximum(_checks.as_points(mutual_information, "mutual_information"), 0.0)
    entropy, shared = _checked(known, entropy, factor_information)
    mig_per_factor = mig.gap_per_factor(known, entropy)
    mmig_per_factor = _modified_gaps(mig_per_factor, entropy, shared)
    aam_per_factor = np.where(entropy > 0, _alignment(known), np.nan)
    per_factor = (aam_per_factor, mmig_per_factor, mig_per_factor)
    aam, mmig, gap = (float(np.nanmean(values)) for values in per_factor)
    return AxisAlignment(aam, mmig, gap, *per_factor, known, entropy)


def _checked(
    known: np.ndarray, entropy: npt.ArrayLike, factor_information: npt.ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the entropies and the information between factors, which fit the information of the codes."""
    num_factors = known.shape[1]
    entropy = _checks.as_points(np.atleast_2d(np.asarray(entropy)), "entropy")
    if entropy.shape != (1, num_factors):
        message = (
            f"there are {entropy.size} entropies and information on {num_factors} factors; expected one for each: "
        )
        raise InputError(message + "pass mutual_information as [num_codes, num_factors].")
    shared = np.zeros((num_factors, num_factors)) if factor_information is None else factor_information
    shared = _checks.as_points(shared, "factor_information")
    if shared.shape != (num_factors, num_factors):
        message = f"factor_information has shape {shared.shape}; expected {(num_factors, num_factors)}: "
        raise InputError(message + "pass the information of every factor with every factor.")
    return entropy[0], shared


def _alignment(known: np.ndarray) -> np.ndarray:
    ordered = np.sort(known, axis=0)  # So that the order of the codes has no say in the rounding.
    largest = ordered[-1]
    surplus = np.maximum(largest - ordered[:-1].sum(axis=0), 0.0)
    return np.divide(surplus, largest, out=np.zeros_like(largest), where=largest > 0)


def _modified_gaps(gaps: np.ndarray, entropy: np.ndarray, shared: np.ndarray) -> np.ndarray:
    others = np.where(np.eye(len(entropy), dtype=bool), 0.0, shared)  # The formula means another factor by k'.
    left = entropy - np.maximum(others, 0.0).max(axis=0)
    defined = left > 1e-9 * entropy  # A factor that follows from another leaves only rounding.
    if not defined.any():
        message = "every factor follows from another one, which leaves MMIG nothing to divide by; "
        raise InputError(message + "expected a factor with values of its own: remove duplicates among the factors.")
    return np.divide(gaps * entropy, left, out=np.full(len(entropy), np.nan), where=defined)


@utils.protocol
def compute_aam_mmig(
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
    """Computes AAM, MMIG and MIG of a representation from a histogram of its codes.

    The points are those of `compute_mig`. The information between independent factors is estimated above 0 from few
    points, so that MMIG comes out a little higher than MIG.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for axis_alignment.npz, the fields of `AxisAlignment`; None writes nothing.
      num_train: number of points.
      batch_size: of disentanglement_lib; it has no effect here.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to labels of the same shape.
      num_bins: bins per code.

    Returns:
      aam_histogram, mmig_histogram and mig_histogram (disentanglement_lib's discrete_mig), and the num_bins and
      num_train that they depend on.

    Raises:
      InputError: a number is not positive, the codes are not finite, no factor varies, or each follows from another.
    """
    _checks.require_at_least(1, num_train=num_train, num_bins=num_bins)
    codes, factors = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    binned = utils.make_discretizer(codes, num_bins, discretizer_fn).T
    information = _mutual_information.mutual_information_matrix(binned, factors.T)
    between = _mutual_information.mutual_information_matrix(factors.T, factors.T)
    scores = axis_alignment(information, _mutual_information.entropies(factors.T), between)
    utils.save_arrays(artifact_dir, "axis_alignment.npz", **scores._asdict())
    return {
        "aam_histogram": scores.aam,
        "mmig_histogram": scores.mmig,
        "mig_histogram": scores.mig,
        "num_bins": num_bins,
        "num_train": num_train,
    }
