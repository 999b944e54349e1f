"""Parts of a data set: to train on, to validate and to test on."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import gin
import numpy as np

from disent_tf.checks import check_choice, check_number, check_seed
from disent_tf.data.factor_choice import all_factors, columns_of, combination_numbers
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations, check_feeds_itself
from disent_tf.data.subset import Subset, subset
from disent_tf.errors import InputError

FRACTIONS: Mapping[str, float] = {"train": 0.7, "validation": 0.15, "test": 0.15}


def split(
    data: Observations, fractions: Mapping[str, float] = FRACTIONS, by: Iterable[str] | None = None, seed: int = 0
) -> dict[str, Subset]:
    """Splits a data set at random into parts that have no observation in common and together have all.

    Args:
      data: what to split. Parts of a `GroundTruthData` keep their factors.
      fractions: the share of each part by its name; together 1. The default is that of Peychev et al. (2017).
      by: names of factors: all observations with the same values of them go to the same part, and the shares are those
        of combinations of these values. None splits by observation.
      seed: of the split.

    Returns:
      the parts by name.

    Raises:
      InputError: an argument cannot be used, or a part is left empty.
    """
    check_feeds_itself(data, "What is split")
    check_seed(seed)
    _check_fractions(fractions)
    fractions = dict(sorted(fractions.items()))  # Whatever order they are written in, the parts are the same.
    numbers, num = _units(data, by)
    ends = [math.floor(share * num + 0.5) for share in np.cumsum(list(fractions.values()))]
    ends[-1] = num  # Whatever the rounding of the shares.
    part_of_unit = np.searchsorted(ends, np.random.RandomState(seed).permutation(num), side="right")
    sizes = np.bincount(part_of_unit, minlength=len(fractions))
    for name, size in zip(fractions, sizes, strict=True):
        if not size:
            raise InputError(
                f"The part {name!r} is empty: a share of {fractions[name]} of {num}; expected something in every part: "
                "enlarge its share, or split by more factors."
            )
    parts = part_of_unit[numbers]
    return {name: subset(data, np.flatnonzero(parts == number)) for number, name in enumerate(fractions)}


@gin.register
def split_part(
    data: Observations,
    name: str = "train",
    fractions: Mapping[str, float] = FRACTIONS,
    by: Iterable[str] | None = None,
    seed: int = 0,
) -> Subset:
    """Returns one part of a split: for gin, where the parts are named in several places.

    Args:
      data: what to split.
      name: of the part, one of those in `fractions`.
      fractions: as of `split`.
      by: as of `split`.
      seed: as of `split`; parts of one split have the same.

    Raises:
      InputError: an argument cannot be used, or a part is left empty.
    """
    _check_fractions(fractions)
    check_choice("split_part.name", name, fractions)
    return split(data, fractions, by, seed)[name]


def _units(data: Observations, by: Iterable[str] | None) -> tuple[np.ndarray, int]:
    """Returns the number of the unit that each row belongs to, int64 `[len(data)]`, and how many units there are."""
    if by is None:
        return np.arange(len(data)), len(data)
    if not isinstance(data, GroundTruthData):
        raise InputError(f"{type(data).__name__} has no factors to split by; expected by = None, which splits by row.")
    columns = columns_of(data, by, "by")
    if not columns:
        raise InputError("by is empty; expected names of factors, or None to split by observation.")
    return combination_numbers(all_factors(data)[:, columns])


def _check_fractions(fractions: Any) -> None:
    if not isinstance(fractions, Mapping) or not fractions:
        raise InputError(f"fractions is {fractions!r}; expected shares by name, such as {{'train': 0.8, 'test': 0.2}}.")
    total = sum(check_number(f"fractions[{name!r}]", share, least=0.0, most=1.0) for name, share in fractions.items())
    if not math.isclose(total, 1.0, abs_tol=1e-6):
        raise InputError(f"fractions add up to {total:g}; expected 1: change one of {', '.join(map(repr, fractions))}.")
