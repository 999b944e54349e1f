"""Each draw against the protocol read plainly: one batch after the other, its factors and then its observations."""

import numpy as np
import pytest

from disent_tf.metrics import _draws
from disent_tf.metrics.representation import Representation, as_codes

SIZES = (4, 5, 6, 3)


@pytest.fixture(params=["grid", "representation", "random"])
def data(request, data_of):
    random = data_of(lambda factors, noise: np.hstack([factors, noise]))
    if request.param == "random":
        return random
    codes = random.table[::64]
    return Representation.of_codes(codes, SIZES) if request.param == "representation" else type(random)(SIZES, codes)


def _identity(observations):
    return observations


def test_points(data):
    drawn = _draws.points(data, _identity, 70, np.random.RandomState(1))
    random_state = np.random.RandomState(1)
    factors, codes = zip(*(data.sample(size, random_state) for size in (16, 16, 16, 16, 6)), strict=True)
    np.testing.assert_array_equal(drawn.factors, np.concatenate(factors))
    np.testing.assert_array_equal(drawn.codes, np.concatenate(codes))


def test_batches_that_share(data):
    drawn = list(_draws.batches_that_share(data, _identity, 90, 20, np.random.RandomState(1)))
    random_state, expected_fixed, expected = np.random.RandomState(1), [], []
    for _ in range(90):
        fixed = random_state.randint(4)
        factors = data.sample_factors(20, random_state)
        factors[:, fixed] = factors[0, fixed]
        expected_fixed.append(fixed)
        expected.append(data.sample_observations_from_factors(factors, random_state))
    np.testing.assert_array_equal(np.concatenate([batches.fixed for batches in drawn]), expected_fixed)
    np.testing.assert_array_equal(np.concatenate([batches.codes for batches in drawn]), expected)


def test_pairs_that_share(data):
    drawn = list(_draws.pairs_that_share(data, _identity, 90, 20, np.random.RandomState(1)))
    random_state, expected_fixed, expected = np.random.RandomState(1), [], []
    for _ in range(90):
        fixed = random_state.randint(4)
        first, second = data.sample_factors(20, random_state), data.sample_factors(20, random_state)
        second[:, fixed] = first[:, fixed]
        expected_fixed.append(fixed)
        expected.append([data.sample_observations_from_factors(factors, random_state) for factors in (first, second)])
    np.testing.assert_array_equal(np.concatenate([pairs.fixed for pairs in drawn]), expected_fixed)
    np.testing.assert_array_equal(np.concatenate([pairs.first for pairs in drawn]), np.array(expected)[:, 0])
    np.testing.assert_array_equal(np.concatenate([pairs.second for pairs in drawn]), np.array(expected)[:, 1])


def test_gridless_data_is_drawn_one_by_one(gridless_data):
    drawn = next(_draws.pairs_that_share(gridless_data, _identity, 8, 30, np.random.RandomState(0)))
    for batch, fixed in enumerate(drawn.fixed):
        np.testing.assert_array_equal(drawn.first[batch, :, fixed], drawn.second[batch, :, fixed])
        assert np.count_nonzero((drawn.first[batch] == drawn.second[batch]).all(axis=0)) == 1


def test_a_representation_is_encoded_as_its_data():
    codes = np.random.default_rng(0).normal(size=(360, 3)).astype(np.float32)
    points = _draws.points(Representation.of_codes(codes, SIZES), as_codes, 100, np.random.RandomState(0))
    rows = np.ravel_multi_index(tuple(points.factors.T), SIZES)
    np.testing.assert_array_equal(points.codes, codes[rows])
    assert points.codes.dtype == np.float64


@pytest.mark.parametrize("bit_generator", [np.random.MT19937, np.random.PCG64])
@pytest.mark.parametrize("num_repeats", [0, 1, 200])
@pytest.mark.parametrize(
    "pattern",
    [[(5, 1), (3, 64), (6, 64), (40, 64), (32, 64), (32, 64)], [(1, 3), (2, 1)], [(1, 4)], [(2**31 + 1, 5), (257, 3)]],
)
def test_repeated_draws_give_the_numbers_and_the_state_of_single_calls(pattern, num_repeats, bit_generator):
    ours, theirs = (np.random.RandomState(bit_generator(3)) for _ in range(2))
    drawn = _draws.repeated_draws(ours, pattern, num_repeats)
    for repeat in range(num_repeats):
        for (bound, count), values in zip(pattern, drawn, strict=True):
            np.testing.assert_array_equal(values[repeat], theirs.randint(bound, size=count))
    assert [values.shape for values in drawn] == [(num_repeats, count) for _, count in pattern]
    np.testing.assert_array_equal(ours.randint(1000, size=5), theirs.randint(1000, size=5))
