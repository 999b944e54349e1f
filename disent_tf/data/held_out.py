"""A data set that never shows some combinations of factor values."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import gin
import numpy as np

from disent_tf.checks import check_flag, check_number, check_seed
from disent_tf.data.factor_choice import all_factors, columns_of, combination_numbers
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.subset import FactorSubset
from disent_tf.errors import InputError

Conditions = Mapping[str, tuple[str, Any]]

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": np.isin,
}


@gin.register
class HeldOutCombinations(FactorSubset):
    """A data set without some combinations of factor values, or only those.

    For tests of how a model generalises to combinations that it has not seen, as in Montero, Ludwig, Costa, Malhotra,
    Bowers (2021), "The Role of Disentanglement in Generalisation". Conditions compare values by number, from 0 to the
    factor's size - 1: {'shape': ('==', 2), 'position_x': ('>=', 16)} holds out, of dSprites, hearts in the right half.

    Args:
      data: where the observations come from.
      where: comparisons by name of factor, all of which have to hold, or a list of such mappings, of which one has to
        hold. Comparisons are ==, !=, <, <=, > and >= with a number, and in with a list of them.
      fraction: instead of `where`: the share of combinations, drawn at random.
      names: of the factors whose combinations are drawn, beside `fraction` only. None means all.
      seed: of that draw, beside `fraction` only.
      held_out: whether this is the held-out part: False to train on, True to test on.

    Raises:
      InputError: an argument cannot be used, or one of the two parts is empty.
    """

    def __init__(
        self,
        data: GroundTruthData,
        where: Conditions | Sequence[Conditions] | None = None,
        fraction: float | None = None,
        names: Iterable[str] | None = None,
        seed: int = 0,
        held_out: bool = False,
    ) -> None:
        if not isinstance(data, GroundTruthData):
            raise InputError(
                f"HeldOutCombinations.data is {data!r}; expected a GroundTruthData, written as "
                "'HeldOutCombinations.data = %data'."
            )
        if (where is None) == (fraction is None):
            raise InputError(
                f"HeldOutCombinations has where = {where!r} and fraction = {fraction!r}; expected one of the two: set "
                "one and leave the other out."
            )
        if where is not None and (names is not None or seed != 0):
            raise InputError(
                f"HeldOutCombinations has where, names = {names!r} and seed = {seed!r}; expected names and seed beside "
                "fraction only, as where draws nothing: leave them out."
            )
        check_flag("HeldOutCombinations.held_out", held_out)
        chosen = _drawn(data, fraction, names, seed) if where is None else _chosen(data, where)
        if chosen.all() or not chosen.any():
            raise InputError(
                f"HeldOutCombinations holds out {chosen.sum()} of {len(chosen)} observations; expected some but not "
                "all: change where or fraction."
            )
        super().__init__(data, np.flatnonzero(chosen == held_out))


def _chosen(data: GroundTruthData, where: Any) -> np.ndarray:
    """Returns of each row whether it meets the conditions, bool `[len(data)]`."""
    alternatives = [where] if isinstance(where, Mapping) else where
    if not isinstance(alternatives, list | tuple) or not all(
        isinstance(each, Mapping) and each for each in alternatives
    ):
        raise InputError(
            f"HeldOutCombinations.where is {where!r}; expected comparisons by name, such as "
            f"{{{data.factor_names[0]!r}: ('==', 0)}}, or a list of such mappings."
        )
    factors, chosen = all_factors(data), np.zeros(len(data), bool)
    for conditions in alternatives:
        columns = columns_of(data, conditions, "HeldOutCombinations.where")
        met = [
            _met(factors[:, column], condition) for column, condition in zip(columns, conditions.values(), strict=True)
        ]
        chosen |= np.all(met, axis=0)
    return chosen


def _met(values: np.ndarray, condition: Any) -> np.ndarray:
    """Returns which of the values `[num]` meet one comparison."""
    usable = isinstance(condition, list | tuple) and len(condition) == 2 and condition[0] in tuple(_COMPARISONS)
    if usable:
        comparison, bound = condition
        bounds = bound if comparison == "in" and isinstance(bound, list | tuple) else [bound]
        kinds = isinstance(bound, list | tuple) == (comparison == "in") and all(
            isinstance(b, int | float) for b in bounds
        )
    if not usable or not kinds:
        raise InputError(
            f"HeldOutCombinations.where has the condition {condition!r}; expected a comparison and a number, such as "
            f"('>=', 1): one of {' '.join(_COMPARISONS)}, in with a list."
        )
    return _COMPARISONS[comparison](values, bound)


def _drawn(data: GroundTruthData, fraction: Any, names: Iterable[str] | None, seed: int) -> np.ndarray:
    """Returns of each row whether its combination is drawn, bool `[len(data)]`."""
    check_number("HeldOutCombinations.fraction", fraction, least=0.0, most=1.0)
    check_seed(seed)
    columns = columns_of(data, data.factor_names if names is None else names, "HeldOutCombinations.names")
    numbers, num = combination_numbers(all_factors(data)[:, columns])
    drawn = np.random.RandomState(seed).permutation(num) < math.floor(fraction * num + 0.5)
    return drawn[numbers]
