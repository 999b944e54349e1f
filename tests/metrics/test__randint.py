import numpy as np
import pytest

from disent_tf.metrics import _randint

PATTERNS = [
    [(5, 1), (3, 64), (6, 64), (40, 64), (32, 64), (32, 64)],
    [(1, 3), (2, 1)],
    [(1, 4)],
    [(7, 100_000)],  # Longer than what is read at once.
    [(2**31 - 1, 5), (257, 3)],
    [(2**31 + 1, 2), (3, 1)],
]


@pytest.mark.parametrize("bit_generator", [np.random.MT19937, np.random.PCG64])
@pytest.mark.parametrize("num_repeats", [0, 1, 7, 700])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_same_numbers_and_same_state_as_call_by_call(pattern, num_repeats, bit_generator):
    num_repeats = min(num_repeats, 7) if pattern[0][1] > 1000 else num_repeats
    ours, theirs = (np.random.RandomState(bit_generator(3)) for _ in range(2))
    drawn = _randint.repeated_draws(ours, pattern, num_repeats)
    for repeat in range(num_repeats):
        for (bound, count), values in zip(pattern, drawn, strict=True):
            np.testing.assert_array_equal(values[repeat], theirs.randint(bound, size=count))
    assert [values.shape for values in drawn] == [(num_repeats, count) for _, count in pattern]
    np.testing.assert_array_equal(ours.randint(1000, size=5), theirs.randint(1000, size=5))
