"""Factors that are chosen by name, and the combinations of their values."""

from collections.abc import Iterable

import numpy as np

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


def columns_of(data: GroundTruthData, names: Iterable[str], parameter: str) -> list[int]:
    """Returns the numbers of the factors that are named by `parameter`; InputError if one is not, or is named twice."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise InputError(f"{parameter} is {names!r}; expected a list of names of factors, such as ['shape'].")
    names = list(names)
    if unknown := [name for name in names if name not in data.factor_names]:
        raise InputError(f"{parameter} has {unknown[0]!r}; expected factors of {', '.join(data.factor_names)}.")
    if len(set(names)) < len(names):
        raise InputError(f"{parameter} is {names!r}; expected each factor once.")
    return [data.factor_names.index(name) for name in names]


def all_factors(data: GroundTruthData) -> np.ndarray:
    """Returns the factors of all rows, int64 `[len(data), num_factors]`."""
    return data.indices_to_factors(np.arange(len(data)))


def combination_numbers(factors: np.ndarray) -> tuple[np.ndarray, int]:
    """Numbers the different rows of factors `[num, num_factors]` in their sorted order.

    Returns:
      the number of each row's combination, int64 `[num]`, and how many combinations there are.
    """
    numbers = np.zeros(len(factors), np.int64)
    for column in factors.T:  # One after the other: the product of many factors' sizes is too big a number.
        _, numbers = np.unique(numbers * (int(column.max(initial=0)) + 1) + column, return_inverse=True)
    return numbers, int(numbers.max(initial=-1)) + 1
