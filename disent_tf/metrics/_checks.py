"""Checks that every metric makes of its input, and the one-line errors that they give."""

import numbers
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError


def require_at_least(minimum: int, **counts: int) -> None:
    """Raises InputError unless every named count is a whole number of at least `minimum`."""
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, numbers.Integral) or count < minimum:
            message = f"{name} is {count!r}; this metric needs a whole number of at least {minimum}: "
            raise InputError(message + f"set {name}={minimum} or more.")


def as_sizes(num_train: int | Sequence[int]) -> list[int]:
    """Returns numbers of points, which name results, as a list; InputError unless they are positive and different."""
    sizes = np.atleast_1d(num_train).tolist()
    for size in sizes:
        require_at_least(1, num_train=size)
    if len(set(sizes)) != len(sizes) or not sizes:
        message = f"num_train is {sizes}; expected one or more different numbers of points, which name the results: "
        raise InputError(message + "give each once.")
    return sizes


def require_number(**values: float) -> None:
    """Raises InputError unless every named value is a finite number."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Real) or not np.isfinite(value):
            raise InputError(f"{name} is {value!r}; expected a finite number: set {name} to one.")


def as_points(values: npt.ArrayLike, name: str) -> np.ndarray:
    """Returns `values` as a finite array `[num_points, num_columns]` with at least one point; InputError otherwise."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} have dtype {array.dtype}; expected real numbers: convert them, labels to integers.")
    if array.ndim != 2 or array.size == 0:
        message = f"{name} have shape {array.shape}; expected [num_points, num_columns], neither of them 0: "
        raise InputError(message + "give one row per point, and reshape a single column with [:, None].")
    if not np.all(np.isfinite(array)):
        bad = np.count_nonzero(~np.isfinite(array))
        message = f"{name} hold {bad} values that are NaN or infinite; every value has to be finite: "
        raise InputError(message + "check that training did not diverge.")
    return array


def as_codes_and_factors(codes: npt.ArrayLike, factors: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Returns both as finite arrays whose rows are the same points; InputError otherwise."""
    codes, factors = as_points(codes, "codes"), as_points(factors, "factors")
    if len(codes) != len(factors):
        message = f"there are {len(codes)} codes and {len(factors)} factors; row i of both has to be the same point: "
        raise InputError(message + "pass as many of one as of the other, points as rows.")
    return codes, factors
