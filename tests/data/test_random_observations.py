import itertools

import numpy as np

from disent_tf.data.random_observations import RandomObservations, observe
from tests import tiny


class Dice(RandomObservations):
    """Row i is i plus a fraction that is drawn."""

    observation_shape = (1,)

    def __len__(self):
        return 10

    def __getitem__(self, indices):
        return np.asarray(indices, np.float32).reshape(-1, 1)

    def observe(self, indices, random_state):
        return (self[indices] + 0.5 * random_state.random_sample((len(indices), 1))).astype(np.float32)


def batches(num, seed=0, **kwargs):
    return np.array(list(itertools.islice(Dice().dataset(5, seed, **kwargs).as_numpy_iterator(), num)))


def test_feed_goes_through_the_rows_and_draws_each_observation_anew():
    drawn = batches(4).reshape(2, 10)
    np.testing.assert_array_equal(np.sort(np.floor(drawn), axis=1), [np.arange(10)] * 2)
    assert len(np.unique(drawn - np.floor(drawn))) == 20


def test_feed_resumes_at_any_batch():
    np.testing.assert_array_equal(batches(3, first_batch=4), batches(7)[4:])


def test_seeds_give_other_observations():
    assert not np.array_equal(batches(2, seed=1), batches(2))


def test_observing_what_is_not_random_reads_its_rows():
    rows, random_state = np.array([3, 30]), np.random.RandomState(0)
    np.testing.assert_array_equal(observe(tiny.Squares(), rows, random_state), tiny.Squares()[rows])
    assert random_state.randint(1000) == np.random.RandomState(0).randint(1000)
    assert (observe(Dice(), rows, random_state) > Dice()[rows]).all()
