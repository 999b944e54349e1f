import itertools

import numpy as np
import pytest

from disent_tf.data.observations import Observations


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
