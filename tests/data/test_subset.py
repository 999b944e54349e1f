import itertools

import numpy as np
import pytest

from disent_tf.data.color_dsprites import ColorDSprites
from disent_tf.data.correlated import ReweightedData
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.hidden_factors import HiddenFactors
from disent_tf.data.observations import Observations
from disent_tf.data.subset import FactorSubset, Subset, subset
from disent_tf.errors import InputError
from disent_tf.metrics.mig import compute_mig
from tests import tiny

ROWS = np.array([30, 3, 17, 8])


class Numbers(Observations):
    """Row i is the number i."""

    observation_shape = (1,)

    def __len__(self):
        return 50

    def __getitem__(self, indices):
        return np.asarray(indices, np.float32).reshape(-1, 1)


def test_rows_are_those_asked_for():
    part = subset(Numbers(), ROWS)
    assert type(part) is Subset
    assert (len(part), part.observation_shape) == (4, (1,))
    np.testing.assert_array_equal(part[np.array([2, 0])], [[17], [30]])


def test_a_later_change_of_the_rows_that_were_given_changes_nothing():
    rows = ROWS.copy()
    part = subset(tiny.Squares(), rows)
    rows[:] = 0
    np.testing.assert_array_equal(part[np.arange(4)], tiny.Squares()[ROWS])


def test_feed_shows_every_row_of_it_and_no_other():
    feed = subset(Numbers(), ROWS).dataset(2, seed=0).as_numpy_iterator()
    np.testing.assert_array_equal(
        np.sort(np.concatenate(list(itertools.islice(feed, 2))), axis=0), [[3], [8], [17], [30]]
    )


def test_factors_are_kept():
    data = tiny.Squares()
    part = subset(data, ROWS)
    assert isinstance(part, GroundTruthData)
    assert (part.factor_names, part.factor_sizes, part.is_full_grid) == (data.factor_names, data.factor_sizes, False)
    np.testing.assert_array_equal(part.factor_table, data.indices_to_factors(ROWS))
    factors, images = part.sample(100, np.random.RandomState(0))
    np.testing.assert_array_equal(images, data.sample_observations_from_factors(factors, None))
    assert set(data.factors_to_indices(factors)) == set(ROWS)


def test_factors_that_it_has_not_are_an_error():
    part = subset(tiny.Squares(), ROWS)
    with pytest.raises(InputError, match=r"FactorSubset has no observation with {'size': 0, 'position_x': 0, "):
        part.sample_observations_from_factors(np.array([[0, 0, 0]]), np.random.RandomState(0))


def test_random_observations_stay_random_and_rows_stay_the_same():
    data = ColorDSprites(tiny.Squares())
    part = subset(data, ROWS)
    np.testing.assert_array_equal(part[np.arange(4)], data[ROWS])
    first, second = itertools.islice(part.dataset(4, seed=0).as_numpy_iterator(), 2)
    assert len({image.max(axis=(0, 1)).tobytes() for image in (*first, *second)}) == 8
    np.testing.assert_array_equal(first, data.observe(ROWS[_order(part)], np.random.RandomState((0, 0))))


def _order(part):
    return next(iter(FactorSubset(Identity(), np.arange(len(part))).dataset(4, seed=0))).numpy()[:, 0].astype(int)


class Identity(Numbers, GroundTruthData):
    factor_names, factor_sizes = ("number",), (50,)


def test_what_is_hidden_stays_in_its_part():
    squares = tiny.Squares()
    part = subset(HiddenFactors(squares, ["size"]), np.arange(16))  # Of size 0 only.
    factors, images = part.sample(50, np.random.RandomState(0))
    full = np.concatenate([np.zeros((50, 1), int), factors], axis=1)
    np.testing.assert_array_equal(images, squares.sample_observations_from_factors(full, None))


def test_metrics_that_draw_points_accept_a_subset():
    data = tiny.Squares()
    part = subset(data, np.arange(0, 32, 3))
    scores = compute_mig(part, lambda x: x.reshape(len(x), -1)[:, :6] + 0.0, np.random.RandomState(0), num_train=100)
    assert np.isfinite(scores["discrete_mig"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"rows are float64 \(0,\); expected the numbers of one row or more"),
        ([[1]], r"rows are int64 \(1, 1\)"),
        ([0.5], r"rows are float64 \(1,\)"),
        ([-1, 3], r"rows go from -1 to 3; expected rows from 0 to 49"),
        ([50], r"rows go from 50 to 50"),
    ],
)
def test_rows_that_are_not_there_are_an_error(rows, message):
    with pytest.raises(InputError, match=message):
        subset(Numbers(), rows)


def test_weights_are_not_lost():
    with pytest.raises(InputError, match=r"A subset of ReweightedData would lose its weights; .* the subset first"):
        subset(ReweightedData(tiny.Squares(), np.arange(32.0)), ROWS)
