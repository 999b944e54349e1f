import numpy as np
import pytest

from disent_tf.data.factor_table import TabulatedData
from disent_tf.errors import InputError
from disent_tf.metrics.mig import compute_mig

TABLE = np.array([[0, 1], [2, 0], [0, 1], [1, 1], [2, 300]])


class Listed(TabulatedData):
    """Observation i is the number i; (0, 1) has two of them, most combinations have none."""

    factor_names = ("a", "b")
    factor_sizes = (3, 301)
    observation_shape = (1,)

    def __init__(self, factor_table=TABLE):
        self.factor_table = factor_table

    def __getitem__(self, indices):
        return np.asarray(indices, np.float32).reshape(-1, 1)


def test_length_and_factors_are_those_of_the_table():
    data = Listed()
    assert (len(data), data.num_factors, data.is_full_grid) == (5, 2, False)
    np.testing.assert_array_equal(data.indices_to_factors([4, 0]), [[2, 300], [0, 1]])


def test_factors_are_drawn_row_by_row():
    drawn = Listed().sample_factors(3000, np.random.RandomState(0))
    values, counts = np.unique(drawn, axis=0, return_counts=True)
    np.testing.assert_array_equal(values, np.unique(TABLE, axis=0))
    np.testing.assert_allclose(counts / 3000, [0.4, 0.2, 0.2, 0.2], atol=0.03)


def test_every_observation_of_a_combination_is_drawn():
    drawn = Listed().sample_observations_from_factors(np.tile([0, 1], (100, 1)), np.random.RandomState(0))
    assert set(drawn[:, 0]) == {0, 2}


def test_observations_have_the_factors_that_were_asked_for():
    data, state = Listed(), np.random.RandomState(0)
    factors, observations = data.sample(200, state)
    np.testing.assert_array_equal(TABLE[observations[:, 0].astype(int)], factors)


def test_rows_of_factors():
    np.testing.assert_array_equal(Listed().factors_to_indices([[2, 300], [0, 1]]), [4, 0])


def test_a_combination_without_observation_is_named():
    with pytest.raises(InputError, match=r"Listed has no observation with {'a': 1, 'b': 0}"):
        Listed().sample_observations_from_factors(np.array([[0, 1], [1, 0]]), np.random.RandomState(0))


def test_many_factors_need_no_grid_of_their_own():
    table = np.random.RandomState(0).randint(2, size=(50, 40))
    data = Listed(table)
    data.factor_names, data.factor_sizes = tuple(map(str, range(40))), (2,) * 40
    np.testing.assert_array_equal(table[data.factors_to_indices(table)], table)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0, 0], [0, 1], [1, 0], [1, 1]], True),
        ([[1, 1], [0, 1], [1, 0], [0, 0], [0, 1]], True),
        ([[0, 0], [0, 1], [1, 0]], False),
        ([[0, 0], [0, 1], [1, 0], [0, 1]], False),
        ([[1, 1]] * 5, False),
    ],
)
def test_every_combination_is_there_however_often_others_are_repeated(rows, expected):
    data = Listed(np.array(rows))
    data.factor_sizes = (2, 2)
    assert data.has_every_combination is expected


def test_metrics_that_draw_points_accept_a_table():
    table = np.random.RandomState(0).randint(3, size=(500, 2))
    data = Listed(table)
    scores = compute_mig(data, lambda rows: table[rows[:, 0].astype(int)], np.random.RandomState(0), num_train=2000)
    assert scores["discrete_mig"] > 0.9
