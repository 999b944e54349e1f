import itertools

import numpy as np
import pytest

from disent_tf.data.derived import DerivedData
from disent_tf.data.ground_truth import GroundTruthData


class Numbered(GroundTruthData):
    """Observation i is the number i / 24, in one pixel."""

    factor_names = ("a", "b", "c")
    factor_sizes = (2, 3, 4)
    observation_shape = (1, 1, 1)

    def __getitem__(self, indices):
        return (np.asarray(indices, np.float32) / 24).reshape(-1, 1, 1, 1)


def rows_of(images):
    return np.rint(np.asarray(images).reshape(-1) * 24).astype(int)


def batches(num, batch_size=5, seed=0, **kwargs):
    feed = Numbered().dataset(batch_size, seed, **kwargs).as_numpy_iterator()
    return [rows_of(batch) for batch in itertools.islice(feed, num)]


def test_sizes():
    data = Numbered()
    assert (len(data), data.num_factors, data.factors_num_values) == (24, 3, (2, 3, 4))


def test_rows_of_the_grid_are_in_c_order():
    grid = [list(factors) for factors in itertools.product(range(2), range(3), range(4))]
    assert Numbered().indices_to_factors(np.arange(24)).tolist() == grid
    assert Numbered().factors_to_indices(np.array(grid)).tolist() == list(range(24))


def test_factor_out_of_range_is_an_error():
    with pytest.raises(ValueError, match="invalid entry"):
        Numbered().factors_to_indices(np.array([[0, 3, 0]]))


def test_factors_are_drawn_as_disentanglement_lib_draws_them():
    random_state = np.random.RandomState(7)
    expected = np.zeros((50, 3), np.int64)
    for factor, size in enumerate((2, 3, 4)):
        expected[:, factor] = random_state.randint(size, size=50)
    np.testing.assert_array_equal(Numbered().sample_factors(50, np.random.RandomState(7)), expected)


def test_sampled_observations_are_those_of_the_sampled_factors():
    data = Numbered()
    factors, observations = data.sample(50, np.random.RandomState(3))
    np.testing.assert_array_equal(rows_of(observations), data.factors_to_indices(factors))
    np.testing.assert_array_equal(data.sample_observations(50, np.random.RandomState(3)), observations)


def test_dataset_is_endless_and_every_epoch_is_another_permutation():
    # 24 batches of 5 are 5 epochs of 24, and batches run across the ends of epochs.
    epochs = np.concatenate(batches(24)).reshape(5, 24)
    np.testing.assert_array_equal(np.sort(epochs, axis=1), np.tile(np.arange(24), (5, 1)))
    assert len({tuple(epoch) for epoch in epochs}) == 5
    assert tuple(range(24)) not in {tuple(epoch) for epoch in epochs}


def test_batch_is_a_function_of_its_number():
    whole = batches(20)
    for first in (0, 1, 4, 13):
        np.testing.assert_array_equal(batches(3, first_batch=first), whole[first : first + 3])


def test_seeds_give_different_orders():
    assert not np.array_equal(batches(4, seed=0), batches(4, seed=1))


def test_batch_may_be_larger_than_the_set():
    first, second = batches(2, batch_size=60)
    counts = np.bincount(np.concatenate([first, second]), minlength=24)
    assert first.shape == (60,)
    assert counts.tolist() == [5] * 24


def test_shape_and_type_of_batches_are_static():
    spec = Numbered().dataset(5, 0).element_spec
    assert spec.shape == (5, 1, 1, 1)
    assert spec.dtype == np.float32


def test_own_way_of_sampling_is_no_full_grid():
    class OwnFactors(Numbered):
        def sample_factors(self, num, random_state):
            return super().sample_factors(num, random_state)

    class Random(Numbered):
        def sample_observations_from_factors(self, factors, random_state):
            return random_state.rand(len(factors), *self.observation_shape)

    assert Numbered().is_full_grid
    assert not OwnFactors().is_full_grid
    assert not Random().is_full_grid
    assert DerivedData(Numbered()).is_full_grid
    assert not DerivedData(Random()).is_full_grid
