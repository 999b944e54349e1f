"""Checks of plain arguments, for entry points that gin configures."""

from typing import Any

from disent_tf.errors import InputError


def check_positive(**values: Any) -> None:
    """Raises InputError unless every value is an integer of at least 1; the keys are what they are called."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name} is {value!r}; expected an integer of at least 1.")


def check_seed(seed: Any) -> None:
    """Raises InputError unless `seed` is an integer that NumPy, Python and TensorFlow all take."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InputError(f"seed is {seed!r}; expected an integer from 0 to 2**32 - 1.")
