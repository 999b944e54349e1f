import itertools

import numpy as np
import pytest

from disent_tf.data.observations import Observations
from disent_tf.errors import InputError


class Counted(Observations):
    """Observation i is the number i, without factors."""

    observation_shape = (1,)

    def __len__(self):
        return 6

    def __getitem__(self, indices):
        return np.asarray(indices, np.float32).reshape(-1, 1)


def test_without_factors_there_is_no_grid():
    assert not Counted().is_full_grid


def test_every_epoch_holds_each_observation_once():
    batches = list(itertools.islice(Counted().dataset(4, seed=1).as_numpy_iterator(), 3))
    rows = np.concatenate(batches).reshape(2, 6)
    np.testing.assert_array_equal(np.sort(rows), np.tile(np.arange(6), (2, 1)))
    assert (rows[0] != rows[1]).any()


def test_sample_observations_draws_rows_with_replacement():
    drawn = Counted().sample_observations(1000, np.random.RandomState(0))[:, 0]
    np.testing.assert_array_equal(drawn, np.random.RandomState(0).randint(6, size=1000))


@pytest.mark.parametrize("missing", ["__len__", "__getitem__"])
def test_both_methods_have_to_be_stated(missing):
    members = {name: vars(Counted)[name] for name in ("__len__", "__getitem__") if name != missing}
    with pytest.raises(TypeError, match=missing):
        type("Half", (Observations,), members)()


class Dice(Observations):
    """Row i is i plus a fraction that is drawn."""

    observation_shape = (1,)

    def __len__(self):
        return 10

    def __getitem__(self, indices):
        return np.asarray(indices, np.float32).reshape(-1, 1)

    def observe(self, indices, random_state):
        return (self[indices] + 0.5 * random_state.random_sample((len(indices), 1))).astype(np.float32)


def batches_of_dice(num, seed=0, **kwargs):
    return np.array(list(itertools.islice(Dice().dataset(5, seed, **kwargs).as_numpy_iterator(), num)))


def test_a_feed_of_random_observations_draws_each_anew():
    drawn = batches_of_dice(4).reshape(2, 10)
    np.testing.assert_array_equal(np.sort(np.floor(drawn), axis=1), [np.arange(10)] * 2)
    assert len(np.unique(drawn - np.floor(drawn))) == 20


def test_a_feed_of_random_observations_resumes_at_any_batch():
    np.testing.assert_array_equal(batches_of_dice(3, first_batch=4), batches_of_dice(7)[4:])


def test_seeds_draw_other_observations():
    assert not np.array_equal(batches_of_dice(2, seed=1), batches_of_dice(2))


def test_observing_what_is_not_random_reads_its_rows_and_draws_nothing():
    rows, random_state = np.array([3, 5]), np.random.RandomState(0)
    np.testing.assert_array_equal(Counted().observe(rows, random_state), Counted()[rows])
    assert random_state.randint(1000) == np.random.RandomState(0).randint(1000)


@pytest.mark.parametrize(("batch_size", "seed", "message"), [(0, 0, "batch_size is 0"), (4, -1, "seed is -1")])
def test_a_feed_that_cannot_be_is_an_error_at_once(batch_size, seed, message):
    with pytest.raises(InputError, match=message):
        Counted().dataset(batch_size, seed)
