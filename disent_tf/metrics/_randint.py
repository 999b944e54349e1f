"""Many small draws of `RandomState.randint` at once, number for number those that one call after the other gives.

The metrics draw their factors in disentanglement_lib's order, a hundred thousand calls for 64 numbers each, and a call
costs more than its numbers. The stream of `RandomState` is frozen (NumPy Enhancement Proposal 19), so it can be read
many words at a time: `randint(bound)` masks 32-bit words to the smallest power of two that holds the bound, and skips
what is too large.
"""

from collections.abc import Sequence

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
    longest = sum(count for _, count in pattern)
    repeat, num_repeats = 0, len(drawn[0])
    state, words = random_state.get_state(), np.zeros(0, np.uint32)
    fresh = words
    while repeat < num_repeats:
        state = random_state.get_state()  # Where the fresh words begin.
        # Half of the words or more are within the bound, so 16 words for each number are never short in practice.
        fresh = random_state.randint(2**32, size=max(_WORDS_AT_ONCE, 16 * longest), dtype=np.uint32)
        words = np.concatenate([words, fresh])
        done, used = _read(words, pattern, [values[repeat:] for values in drawn])
        repeat += done
        words = words[used:]
    random_state.set_state(state)
    random_state.randint(2**32, size=len(fresh) - len(words), dtype=np.uint32)  # Forward again to the last word used.


def _read(words: np.ndarray, pattern: Sequence[tuple[int, int]], targets: list[np.ndarray]) -> tuple[int, int]:
    """Reads whole repeats of the pattern into `targets`; returns how many, and how many words they took."""
    accepted = {}
    for bound in {bound for bound, _ in pattern if bound > 1}:
        masked = words & np.uint32((1 << (bound - 1).bit_length()) - 1)
        within = masked < bound
        positions = np.flatnonzero(within)
        before = np.cumsum(within, dtype=np.int64) - within  # How many are accepted before each word.
        accepted[bound] = masked[positions], memoryview(positions), memoryview(before)  # These index four times faster.
    starts: list[list[int]] = [[] for _ in pattern]
    parts = [(starts[i], bound, count) for i, (bound, count) in enumerate(pattern) if bound > 1]
    position, whole, num_words = 0, 0, len(words)
    for _ in range(len(targets[0])):
        end, first = position, []
        for _, bound, count in parts:
            _, positions, before = accepted[bound]
            start = before[end] if end < num_words else len(positions)
            if start + count > len(positions):
                break
            first.append(start)
            end = positions[start + count - 1] + 1
        else:
            for (column, _, _), start in zip(parts, first, strict=True):
                column.append(start)
            position, whole = end, whole + 1
            continue
        break
    for target, column, (bound, count) in zip(targets, starts, pattern, strict=True):
        if bound > 1:
            target[:whole] = accepted[bound][0][np.array(column, np.int64)[:, None] + np.arange(count)]
    return whole, int(position)
