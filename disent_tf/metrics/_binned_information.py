"""Information between binned codes and factors: what the scores that compare entries of that matrix start from."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _mutual_information, utils


class BinnedInformation(NamedTuple):
    """The plug-in estimates of `_mutual_information` for binned codes, in nats."""

    mutual_information: np.ndarray  # [num_codes, num_factors]
    code_entropy: np.ndarray  # [num_codes], of the bins.
    factor_entropy: np.ndarray  # [num_factors]; at least one is positive.


def binned_information(
    codes: npt.ArrayLike,
    factors: npt.ArrayLike,
    *,
    num_bins: int = 20,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
) -> BinnedInformation:
    """Returns the information of every code, binned, about every factor.

    Args:
      codes: `[num_points, num_codes]`.
      factors: discrete, `[num_points, num_factors]`.
      num_bins: bins per code.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to labels of the same shape.

    Raises:
      InputError: the arrays do not fit together, are not finite, or no factor varies.
    """
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    binned = utils.make_discretizer(codes.T, num_bins, discretizer_fn).T
    entropy = _mutual_information.entropies(factors)
    require_a_varying_factor(entropy)
    known = _mutual_information.mutual_information_matrix(binned, factors)
    return BinnedInformation(known, _mutual_information.entropies(binned), entropy)


def require_a_varying_factor(factor_entropy: np.ndarray) -> None:
    """Raises InputError if no factor has any entropy `[num_factors]`."""
    if not np.any(factor_entropy > 0):
        message = "no factor takes more than one value; expected one that varies, for codes to tell something of: "
        raise InputError(message + "draw more points.")


def two_largest(information: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the largest and the second largest entry of every column; the rival of a single entry is 0."""
    in_order = np.sort(np.vstack([np.zeros_like(information[:1]), information]), axis=0)
    return in_order[-1], in_order[-2]
