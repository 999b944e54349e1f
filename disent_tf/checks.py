"""Checks of plain arguments, for entry points that gin configures."""

import math
from collections.abc import Iterable
from typing import Any

from disent_tf.errors import InputError


def check_positive(**values: Any) -> None:
    """Raises InputError unless every value is an integer of at least 1; the keys are what they are called."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name} is {value!r}; expected an integer of at least 1.")


def check_count(**values: Any) -> None:
    """Raises InputError unless every value is an integer of at least 0; the keys are what they are called."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InputError(f"{name} is {value!r}; expected an integer of at least 0.")


def check_seed(seed: Any) -> None:
    """Raises InputError unless `seed` is an integer that NumPy, Python and TensorFlow all take."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InputError(f"seed is {seed!r}; expected an integer from 0 to 2**32 - 1.")


def check_number(name: str, value: Any, *, least: float = -math.inf, most: float = math.inf) -> float:
    """Returns `value` as a float; InputError unless it is a number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        limits = f"from {least:g} to {most:g}" if math.isfinite(most) else f"of at least {least:g}"
        limits = f"up to {most:g}" if least == -math.inf and math.isfinite(most) else limits
        raise InputError(f"{name} is {value!r}; expected a number {limits}.")
    return float(value)


def check_positive_number(name: str, value: Any) -> float:
    """Returns `value` as a float; InputError unless it is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise InputError(f"{name} is {value!r}; expected a number above 0.")
    return float(value)


def check_flag(name: str, value: Any) -> bool:
    """Returns `value`; InputError unless it is True or False: as a text, which gin takes too, 'False' would be true."""
    if not isinstance(value, bool):
        raise InputError(f"{name} is {value!r}; expected True or False, without quotes.")
    return value


def check_choice(name: str, value: str, choices: Iterable[str]) -> str:
    """Returns `value`; InputError unless it is one of `choices`."""
    if value not in (known := tuple(choices)):
        raise InputError(f"{name} is {value!r}; expected one of {', '.join(map(repr, known))}.")
    return value
