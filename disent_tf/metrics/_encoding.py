"""From observations to codes: the one place where the metrics call a representation function."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks

RepresentationFunction = Callable[[np.ndarray], npt.ArrayLike]
"""Observations `[num, ...]` to codes `[num, num_codes]`."""

IMAGES_PER_CALL = 1024  # Enough to keep an accelerator busy; 48 MiB of 64 x 64 RGB images.


def encode(representation_function: RepresentationFunction, observations: np.ndarray) -> np.ndarray:
    """Returns the codes of one call of the representation function, float64 `[num, num_codes]`.

    In float64 because variances and bin edges of a nearly constant float32 code are all rounding.

    Raises:
      InputError: the result is not one finite row per observation.
    """
    codes = _checks.as_points(representation_function(observations), "codes of the representation function")
    if len(codes) != len(observations):
        message = f"the representation function gave {len(codes)} codes for {len(observations)} observations; "
        raise InputError(message + "expected one row per observation: return [num, num_codes].")
    return codes.astype(np.float64, copy=False)
