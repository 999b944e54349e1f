"""Many small draws of `RandomState.randint` at once, number for number those that one call after the other gives.

The metrics draw their factors in disentanglement_lib's order, a hundred thousand calls for 64 numbers each, and a call
costs more than its numbers. The stream of `RandomState` is frozen (NumPy Enhancement Proposal 19), so it can be read
many words at a time: `randint(bound)` masks 32-bit words to the smallest power of two that holds the bound, and skips
what is too large.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

_WORDS_AT_ONCE = 1 << 16  # 256 KiB: what is done with them stays in the cache.


def repeated_draws(
    random_state: np.random.RandomState, pattern: Sequence[tuple[int, int]], num_repeats: int
) -> list[np.ndarray]:
    """Draws a pattern of `(bound, count)` over and over, as `random_state.randint(bound, size=count)` call by call.

    Args:
      random_state: source of randomness; it is left as the calls would leave it.
      pattern: bounds (exclusive, at most 2**32) and counts of the calls.
      num_repeats: how often the pattern is drawn.

    Returns:
      One int64 `[num_repeats, count]` for every part of the pattern.
    """
    drawn = [np.zeros((num_repeats, count), np.int64) for _, count in pattern]
    if (
        random_state.get_state(legacy=False)["bit_generator"] == "MT19937"
        and max(bound for bound, _ in pattern) < 2**31
    ):
        _draw_by_words(random_state, pattern, drawn)
    else:
        for repeat in range(num_repeats):
            for (bound, count), values in zip(pattern, drawn, strict=True):
                values[repeat] = random_state.randint(bound, size=count)
    return drawn


def _draw_by_words(random_state: np.random.RandomState, pattern: Sequence[tuple[int, int]], drawn: list) -> None:
    per_repeat = sum(count for _, count in pattern)
    repeat, num_repeats = 0, len(drawn[0])
    state, words = random_state.get_state(), np.zeros(0, np.uint32)
    fresh = words
    while repeat < num_repeats:
        state = random_state.get_state()  # Where the fresh words begin.
        # Half of the words or more are within a bound, so twice as many are enough as a rule.
        size = min(_WORDS_AT_ONCE, 2 * per_repeat * (num_repeats - repeat))
        fresh = random_state.randint(2**32, size=max(size, 2 * per_repeat), dtype=np.uint32)
        words = np.concatenate([words, fresh])
        done, used = _read(words, pattern, [values[repeat:] for values in drawn])
        repeat += done
        words = words[used:]
    random_state.set_state(state)
    random_state.randint(2**32, size=len(fresh) - len(words), dtype=np.uint32)  # Forward again to the last word used.


def _read(words: np.ndarray, pattern: Sequence[tuple[int, int]], targets: list[np.ndarray]) -> tuple[int, int]:
    """Reads whole repeats of the pattern into `targets`; returns how many, and how many words they took."""
    streams = {bound: _Stream(words, bound) for bound, _ in pattern if bound > 1}
    parts: list[tuple[_Stream, int, list[int]]] = [(streams[bound], count, []) for bound, count in pattern if bound > 1]
    position, whole = 0, 0
    while whole < len(targets[0]) and (end := _repeat_end(parts, position)) is not None:
        position, whole = end, whole + 1
    varying = [target for target, (bound, _) in zip(targets, pattern, strict=True) if bound > 1]
    for target, (stream, count, starts) in zip(varying, parts, strict=True):
        target[:whole] = stream.values[np.array(starts[:whole], np.int64)[:, None] + np.arange(count)]
    return whole, position


class _Stream:
    """What one bound makes of the words: those within it, in order."""

    def __init__(self, words: np.ndarray, bound: int) -> None:
        masked = words & np.uint32((1 << (bound - 1).bit_length()) - 1)
        within = masked < bound
        positions = np.flatnonzero(within)
        self.values = masked[positions]
        self.num = len(positions)
        # Their items are Python's own integers, four times as fast to get as an array's.
        self.positions: Any = memoryview(positions)  # type: ignore[arg-type]
        self.before: Any = memoryview(np.append(0, np.cumsum(within)))  # type: ignore[arg-type]  # Of the first word, the second, ..., the end.


def _repeat_end(parts: list[tuple[_Stream, int, list[int]]], position: int) -> int | None:
    """Notes where each call of one repeat starts in its stream; returns the word after it, None if they run out."""
    for stream, count, starts in parts:
        start = stream.before[position]
        if start + count > stream.num:
            return None
        starts.append(start)
        position = stream.positions[start + count - 1] + 1
    return position
