import copy

import numpy as np
import pytest

from disent_tf.metrics import factor_vae, mig
from disent_tf.metrics.representation import Representation
from disent_tf.metrics.unrelated_data import Unrelated, unrelated


def _identity(observations):
    return observations


@pytest.fixture
def grid():
    factors = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), axis=1)
    return Representation.of_codes(factors * 1.0, (3, 4, 5))


def test_grid_is_permuted_once(grid):
    data = unrelated(grid, np.random.RandomState(0))
    rows = np.arange(60)
    assert data.is_full_grid
    assert (len(data), data.factor_sizes, data.num_factors) == (60, (3, 4, 5), 3)
    assert not np.array_equal(data[rows], grid[rows])
    np.testing.assert_array_equal(np.unique(data[rows], axis=0), np.unique(grid[rows], axis=0))
    np.testing.assert_array_equal(data[rows], data[rows])
    factors = grid.sample_factors(30, np.random.RandomState(1))
    np.testing.assert_array_equal(
        data.sample_observations_from_factors(factors, np.random.RandomState(2)), data[data.factors_to_indices(factors)]
    )


@pytest.mark.parametrize("as_grid", [True, False])
def test_factors_are_those_of_the_original(grid, gridless_data, as_grid):
    original = grid if as_grid else gridless_data
    data = unrelated(original, np.random.RandomState(0))
    states = [np.random.RandomState(5) for _ in range(2)]
    for _ in range(3):
        (factors, codes), (expected, related) = (
            each.sample(50, s) for each, s in zip((data, original), states, strict=True)
        )
        np.testing.assert_array_equal(factors, expected)
        assert not np.array_equal(codes, related)


def test_factors_are_those_of_the_original_where_observations_are_random(data_of):
    original = data_of(lambda factors, noise: np.hstack([factors, noise]))
    data = unrelated(original, np.random.RandomState(0))
    assert not data.is_full_grid
    states = [np.random.RandomState(5) for _ in range(2)]
    for _ in range(3):
        factors, expected = (each.sample(50, s)[0] for each, s in zip((data, original), states, strict=True))
        np.testing.assert_array_equal(factors, expected)


@pytest.mark.parametrize("as_grid", [True, False])
def test_seed_decides(grid, gridless_data, as_grid):
    original = grid if as_grid else gridless_data
    factors = original.sample_factors(40, np.random.RandomState(0))
    codes = [
        unrelated(original, np.random.RandomState(seed)).sample_observations_from_factors(
            factors, np.random.RandomState(1)
        )
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(codes[0], codes[1])
    assert not np.array_equal(codes[0], codes[2])


def test_scores_are_chance(gridless_data):
    data = unrelated(gridless_data, np.random.RandomState(0))
    assert mig.compute_mig(data, _identity, np.random.RandomState(0), num_train=2000)["discrete_mig"] < 0.02
    sizes = {"num_train": 300, "num_eval": 300, "num_variance_estimate": 500}
    votes = factor_vae.compute_factor_vae(data, _identity, np.random.RandomState(0), **sizes)
    assert 0.05 < votes["eval_accuracy"] < 0.2


def test_random_state_is_not_advanced_and_copies_work(gridless_data):
    random_state = np.random.RandomState(7)
    data = unrelated(gridless_data, random_state)
    assert random_state.randint(1000) == np.random.RandomState(7).randint(1000)
    assert isinstance(copy.deepcopy(data), Unrelated)
    with pytest.raises(AttributeError, match="no_such"):
        _ = data.no_such
