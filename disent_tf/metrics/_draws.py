"""What the protocols draw and encode, in disentanglement_lib's order, so that a seed gives the points it gives there.

On a full grid (data that say `is_full_grid`) many draws are made at once and observations are looked up many at a
time; on other data each batch draws its factors and then its observations, which may take random numbers of their own.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from disent_tf.metrics import _checks, _encoding
from disent_tf.metrics._encoding import RepresentationFunction

POINTS_PER_DRAW = 16  # disentanglement_lib's default: it decides which points a seed gives.


class Points(NamedTuple):
    """Codes and factors of the same points, which are rows."""

    codes: np.ndarray  # float64 [num_points, num_codes]
    factors: np.ndarray  # int64 [num_points, num_factors]


class Batches(NamedTuple):
    """Batches of points that share one factor."""

    fixed: np.ndarray  # int64 [num_batches]: which factor they share.
    codes: np.ndarray  # float64 [num_batches, batch_size, num_codes]


class Pairs(NamedTuple):
    """Batches of pairs, the two of a pair sharing one factor, the same one in the whole batch."""

    fixed: np.ndarray  # int64 [num_batches]
    first: np.ndarray  # float64 [num_batches, batch_size, num_codes]
    second: np.ndarray


def points(
    data: Any, representation_function: RepresentationFunction, num_points: int, random_state: np.random.RandomState
) -> Points:
    """Draws points in batches of `POINTS_PER_DRAW`, the last one smaller, and encodes them.

    Raises:
      InputError: `num_points` is not positive, or the codes cannot be used.
    """
    _checks.require_at_least(1, num_points=num_points)
    whole, rest = divmod(num_points, POINTS_PER_DRAW)
    codes, factors = [], []
    for batch_size, num in ((POINTS_PER_DRAW, whole), (rest, min(rest, 1))):
        for drawn in _draws(data, representation_function, num, batch_size, random_state, _Plan(1, None)):
            codes.append(drawn.codes.reshape(-1, drawn.codes.shape[-1]))
            factors.append(drawn.factors.reshape(-1, drawn.factors.shape[-1]))
    return Points(np.concatenate(codes), np.concatenate(factors))


def batches_that_share(
    data: Any,
    representation_function: RepresentationFunction,
    num_batches: int,
    batch_size: int,
    random_state: np.random.RandomState,
) -> Iterator[Batches]:
    """Draws batches in each of which a factor, drawn anew, has one value, and encodes them; a few batches at a time."""
    plan = _Plan(1, _share_in_batch)
    for drawn in _draws(data, representation_function, num_batches, batch_size, random_state, plan):
        yield Batches(drawn.fixed, drawn.codes[:, 0])


def pairs_that_share(
    data: Any,
    representation_function: RepresentationFunction,
    num_batches: int,
    batch_size: int,
    random_state: np.random.RandomState,
) -> Iterator[Pairs]:
    """Draws batches of pairs that agree in a factor, drawn anew for each batch, and encodes them; a few at a time."""
    plan = _Plan(2, _share_in_pair)
    for drawn in _draws(data, representation_function, num_batches, batch_size, random_state, plan):
        yield Pairs(drawn.fixed, drawn.codes[:, 0], drawn.codes[:, 1])


def _share_in_batch(factors: np.ndarray) -> None:
    """Gives one factor `[num_batches, 1, batch_size]` the value of its batch's first point."""
    factors[:] = factors[:, :, :1]


def _share_in_pair(factors: np.ndarray) -> None:
    """Gives one factor `[num_batches, 2, batch_size]` of the second of each pair the value of the first."""
    factors[:, 1] = factors[:, 0]


class _Plan(NamedTuple):
    """What a batch is made of."""

    copies: int  # How many times factors are drawn for it.
    share: Callable[[np.ndarray], None] | None  # What becomes of the factor that is drawn for it; None draws none.


class _Drawn(NamedTuple):
    fixed: np.ndarray  # [num_batches]
    factors: np.ndarray  # [num_batches, copies, batch_size, num_factors]
    codes: np.ndarray  # [num_batches, copies, batch_size, num_codes]


def _draws(
    data: Any,
    representation_function: RepresentationFunction,
    num_batches: int,
    batch_size: int,
    random_state: np.random.RandomState,
    plan: _Plan,
) -> Iterator[_Drawn]:
    per_call = getattr(data, "observations_per_call", _encoding.IMAGES_PER_CALL)
    step = max(1, per_call // max(1, plan.copies * batch_size))
    draw = _draw_from_grid if getattr(data, "is_full_grid", False) else _draw_one_by_one
    for start in range(0, num_batches, step):
        fixed, factors, observations = draw(data, min(step, num_batches - start), batch_size, random_state, plan)
        codes = _encoding.encode(representation_function, observations)
        yield _Drawn(fixed, factors, codes.reshape(*factors.shape[:3], -1))


def _draw_from_grid(
    data: Any, num_batches: int, batch_size: int, random_state: np.random.RandomState, plan: _Plan
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sizes = data.factor_sizes
    pattern = [(len(sizes), 1)] * (plan.share is not None) + [(size, batch_size) for size in sizes] * plan.copies
    drawn = repeated_draws(random_state, pattern, num_batches)
    fixed = drawn.pop(0)[:, 0] if plan.share else np.zeros(num_batches, np.int64)
    factors = np.stack(drawn, axis=-1).reshape(num_batches, batch_size, plan.copies, len(sizes)).swapaxes(1, 2).copy()
    _share(factors, fixed, plan)
    return fixed, factors, data[np.ravel_multi_index(tuple(factors.reshape(-1, len(sizes)).T), sizes)]


def repeated_draws(
    random_state: np.random.RandomState, pattern: Sequence[tuple[int, int]], num_repeats: int
) -> list[np.ndarray]:
    """Draws a pattern of `(bound, count)` over and over, as `random_state.randint(bound, size=count)` call by call.

    The numbers and the state afterwards are those of the calls, which cost twenty times as much: given many bounds,
    `randint` draws one number after the other from the same stream.

    Args:
      random_state: source of randomness.
      pattern: exclusive bounds and counts of the calls.
      num_repeats: how often the pattern is drawn.

    Returns:
      One int64 `[num_repeats, count]` for every part of the pattern.
    """
    bounds, counts = zip(*pattern, strict=True)
    drawn = random_state.randint(np.broadcast_to(np.repeat(bounds, counts), (num_repeats, sum(counts))))
    return np.split(drawn, np.cumsum(counts)[:-1], axis=1)


def _draw_one_by_one(
    data: Any, num_batches: int, batch_size: int, random_state: np.random.RandomState, plan: _Plan
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    all_fixed, all_factors, observations = np.zeros(num_batches, np.int64), [], []
    for batch in range(num_batches):
        all_fixed[batch] = random_state.randint(data.num_factors) if plan.share else 0
        factors = np.stack([data.sample_factors(batch_size, random_state) for _ in range(plan.copies)])
        _share(factors[None], all_fixed[batch : batch + 1], plan)
        all_factors.append(factors)
        observations += [data.sample_observations_from_factors(copy, random_state) for copy in factors]
    return all_fixed, np.stack(all_factors), np.concatenate(observations)


def _share(factors: np.ndarray, fixed: np.ndarray, plan: _Plan) -> None:
    if plan.share:
        for factor in np.unique(fixed):
            chosen = factors[fixed == factor]
            plan.share(chosen[..., factor])
            factors[fixed == factor] = chosen
