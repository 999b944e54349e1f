import itertools

import gin
import numpy as np
import pytest

from disent_tf import config
from disent_tf.data.color_dsprites import ColorDSprites
from disent_tf.data.correlated import CorrelatedFactors, ReweightedData
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.hidden_factors import HiddenFactors
from disent_tf.data.split import split
from disent_tf.data.subset import subset
from disent_tf.errors import InputError
from disent_tf.metrics.axis_alignment import compute_aam_mmig
from tests import tiny

SIZES = (4, 5, 3)


class Factors(GroundTruthData):
    """An observation is its own factors."""

    factor_names = ("a", "b", "c")
    factor_sizes = SIZES
    observation_shape = (3,)

    def __getitem__(self, indices):
        return self.indices_to_factors(indices).astype(np.float32)


def weight(first, second, sigma, inverse=False):
    second = 1 - second if inverse else second
    return np.exp(-((first - second) ** 2) / (2 * sigma**2))


def assert_drawn_by(rows, probabilities):
    """Counts of rows are within five standard deviations of those expected."""
    expected = len(rows) * probabilities
    counts = np.bincount(rows, minlength=len(probabilities))
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected * (1 - probabilities))).all()
    assert not counts[probabilities == 0].any()


def first_batches(data, num, batch_size=6, seed=0, **kwargs):
    return np.array(list(itertools.islice(data.dataset(batch_size, seed, **kwargs).as_numpy_iterator(), num)))


@pytest.mark.parametrize("inverse", [False, True])
def test_probabilities_are_those_of_the_paper(inverse):
    data = CorrelatedFactors(Factors(), [("b", "a")], sigma=0.3, inverse=inverse)
    expected = np.array(
        [weight(b / 4, a / 3, 0.3, inverse) for a, b, _ in np.ndindex(SIZES)]  # Values from 0 to 1 each.
    )
    np.testing.assert_allclose(data.probabilities, expected / expected.sum(), rtol=1e-12)
    likeliest = data.indices_to_factors(np.flatnonzero(np.isclose(data.probabilities, data.probabilities.max())))
    assert {(a, b) for a, b, _ in likeliest.tolist()} == ({(0, 4), (3, 0)} if inverse else {(0, 0), (3, 4)})


def test_several_pairs_multiply_each_with_its_sigma():
    data = CorrelatedFactors(Factors(), [("a", "b"), ("a", "c")], sigma=[0.2, 0.5])
    expected = np.array([weight(a / 3, b / 4, 0.2) * weight(a / 3, c / 2, 0.5) for a, b, c in np.ndindex(SIZES)])
    np.testing.assert_allclose(data.probabilities, expected / expected.sum(), rtol=1e-12)


def test_stacking_multiplies_too():
    stacked = CorrelatedFactors(CorrelatedFactors(Factors(), [("a", "b")], 0.2), [("a", "c")], 0.5)
    at_once = CorrelatedFactors(Factors(), [("a", "b"), ("a", "c")], sigma=[0.2, 0.5])
    np.testing.assert_allclose(stacked.probabilities, at_once.probabilities, rtol=1e-12)


def test_factors_and_feed_are_drawn_by_the_probabilities():
    data = CorrelatedFactors(Factors(), [("a", "b")], sigma=0.2)
    assert not data.is_full_grid
    drawn = data.sample_factors(20_000, np.random.RandomState(0))
    assert_drawn_by(data.factors_to_indices(drawn), data.probabilities)
    fed = first_batches(data, 2, 10_000).reshape(-1, 3).astype(int)
    assert_drawn_by(data.factors_to_indices(fed), data.probabilities)


def test_factors_in_no_pair_stay_uniform():
    data = CorrelatedFactors(Factors(), [("a", "b")], sigma=0.1)
    np.testing.assert_allclose(data.probabilities.reshape(SIZES).sum(axis=(0, 1)), 1 / 3)


def test_less_sigma_is_more_correlated():
    drawn = [
        CorrelatedFactors(Factors(), [("a", "b")], sigma).sample_factors(5000, np.random.RandomState(0))
        for sigma in (0.1, 0.4, 100.0)
    ]
    strong, weak, none = (np.corrcoef(factors[:, 0], factors[:, 1])[0, 1] for factors in drawn)
    assert strong > 0.9 > weak > 0.3 > 0.05 > abs(none)


def test_very_small_sigma_leaves_the_values_next_to_the_diagonal():
    data = CorrelatedFactors(Factors(), [("a", "b"), ("b", "c")], sigma=1e-3)
    factors = data.indices_to_factors(np.flatnonzero(data.probabilities > 1e-9))
    np.testing.assert_array_equal(factors, [[0, 0, 0], [3, 4, 2]])


def test_batch_is_a_function_of_its_number():
    data = CorrelatedFactors(ColorDSprites(tiny.Squares()), [("position_x", "position_y")])
    whole = first_batches(data, 7)
    np.testing.assert_array_equal(first_batches(data, 3, first_batch=4), whole[4:])
    assert not np.array_equal(first_batches(data, 3, seed=1), whole[:3])
    colours = {image.max(axis=(0, 1)).tobytes() for image in whole.reshape(-1, 16, 16, 3)}
    assert len(colours) == 42  # Random observations are drawn anew.


def test_observations_of_given_factors_and_rows_are_those_of_the_data():
    data, state = CorrelatedFactors(Factors(), [("a", "b")], sigma=0.1), np.random.RandomState(0)
    assert len(data) == 60
    np.testing.assert_array_equal(data[np.arange(60)], Factors()[np.arange(60)])
    np.testing.assert_array_equal(data.sample_observations_from_factors(np.array([[0, 4, 2]]), state), [[0, 4, 2]])


def test_rows_that_are_no_grid_are_correlated_too():
    rows = np.array([0, 2, 14, 44, 59])
    data = CorrelatedFactors(subset(Factors(), rows), [("a", "b")], sigma=0.5)
    expected = CorrelatedFactors(Factors(), [("a", "b")], sigma=0.5).probabilities[rows]
    np.testing.assert_allclose(data.probabilities, expected / expected.sum())
    assert_drawn_by(data.sample_rows(5000, np.random.RandomState(0)), data.probabilities)


def test_mmig_differs_from_mig_on_correlated_data_only():
    """One code for each factor: of correlated ones each code knows the other, too."""
    gaps = {}
    for name, data in (("whole", Factors()), ("pairs", CorrelatedFactors(Factors(), [("a", "b")], sigma=0.15))):
        scores = compute_aam_mmig(data, lambda x: x, np.random.RandomState(0), num_train=5000)
        gaps[name] = scores["mmig_histogram"] - scores["mig_histogram"]
    assert gaps["pairs"] > 0.1 > 0.02 > gaps["whole"] >= 0


def test_rows_are_drawn_by_any_weights_and_never_with_weight_zero():
    weights = np.array([0.0] * 20 + [3.0, 0.0, 1.0] + [0.0] * 37)
    data = ReweightedData(Factors(), weights)
    assert_drawn_by(data.sample_rows(10_000, np.random.RandomState(0)), weights / 4)


@pytest.mark.parametrize(
    "data", [subset(Factors(), np.tile(np.arange(30), 2)), HiddenFactors(Factors(), ["a"])], ids=["table", "hidden"]
)
def test_rows_of_the_same_factors_have_the_same_weight(data):
    weights = np.repeat([0.0, 1.0], 30)
    with pytest.raises(
        InputError, match=r"^weights of rows 0 and 30, which have the same .* are 0 and 1; expected the"
    ):
        ReweightedData(data, weights)
    part = np.flatnonzero(weights)
    drawn = ReweightedData(subset(data, part), np.ones(30)).sample(500, np.random.RandomState(0))[1]
    assert {tuple(each) for each in drawn} <= {tuple(each) for each in data[part]}
    assert CorrelatedFactors(data, [("b", "c")]).probabilities.sum() == pytest.approx(1)


class Edge:
    """A random state whose numbers are the least and the greatest that there are."""

    def random_sample(self, num):
        return np.resize([0.0, 1.0 - 2.0**-53], num)


def test_no_draw_falls_beside_the_rows():
    weights = np.zeros(60)
    weights[5:50] = 0.1
    rows = ReweightedData(Factors(), weights).sample_rows(2, Edge())
    assert sorted(rows) == [5, 49]


def test_only_proportions_of_weights_matter():
    weights = np.resize([0.0, 1.0], 60)
    np.testing.assert_allclose(ReweightedData(Factors(), 1e308 * weights).probabilities, weights / 30)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(59), r"weights have shape \(59,\); expected one for each of 60 rows: shape \(60,\)"),
        (-np.ones(60), r"weights have negative or infinite numbers or NaN"),
        (np.full(60, np.nan), r"weights have negative or infinite numbers or NaN"),
        (np.zeros(60), r"weights are all 0; expected a row that can be drawn"),
    ],
)
def test_weights_that_cannot_be_used_are_an_error(weights, message):
    with pytest.raises(InputError, match=message):
        ReweightedData(Factors(), weights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"pairs": []},
            r"CorrelatedFactors.pairs is \[\]; expected a list of pairs of names, such as \[\('a', 'c'\)\]",
        ),
        ({"pairs": ("a", "b")}, r"CorrelatedFactors.pairs is \('a', 'b'\); expected a list of pairs"),
        ({"pairs": [("a", "b", "c")]}, r"expected a list of pairs of names"),
        ({"pairs": [("a", "hue")]}, r"CorrelatedFactors.pairs has 'hue'; expected factors of a, b, c"),
        ({"pairs": [("a", "a")]}, r"expected each factor once"),
        ({"pairs": [("a", "b")], "sigma": 0}, r"CorrelatedFactors.sigma is 0; expected a number above 0"),
        ({"pairs": [("a", "b")], "sigma": [0.1, 0.2]}, r"CorrelatedFactors.sigma has 2 numbers; expected one for each"),
    ],
)
def test_arguments_that_cannot_be_used_are_an_error(arguments, message):
    with pytest.raises(InputError, match=message):
        CorrelatedFactors(Factors(), **arguments)


def test_what_is_no_data_is_an_error():
    with pytest.raises(InputError, match=r"CorrelatedFactors.data is 3; expected a GroundTruthData"):
        CorrelatedFactors(3, [("a", "b")])


def test_gin_file_correlates_the_data_that_it_is_included_after(dsprites_folder):
    config.load(["vae.gin", "data/correlated.gin"], [f"DSprites.cache_dir = '{dsprites_folder}'"])
    data = gin.query_parameter("train.data").scoped_configurable_fn()
    assert type(data) is CorrelatedFactors
    factors = data.sample_factors(2000, np.random.RandomState(0))
    correlations = np.corrcoef(factors.T)
    assert 0.7 < correlations[3, 4] < 0.85  # 0.77 by the formula.
    assert np.abs(correlations[:3, :3] - np.eye(3)).max() < 0.1


def test_rows_far_from_the_diagonal_can_still_be_drawn_where_there_are_no_others():
    rows = Factors().factors_to_indices([[3, 0, 0], [3, 1, 0]])
    data = CorrelatedFactors(subset(Factors(), rows), [("a", "b")], sigma=0.01)
    np.testing.assert_allclose(data.probabilities, [0, 1], atol=1e-9)


def test_data_built_on_them_are_fed_with_their_chances():
    plain = CorrelatedFactors(tiny.Squares(), [("position_x", "position_y")], sigma=0.1)
    coloured = ColorDSprites(plain)
    rows = [data.rows_of_batches(500, 0)(3, np.random.RandomState(3)) for data in (plain, coloured)]
    np.testing.assert_array_equal(*rows)
    _, x, y = tiny.Squares().indices_to_factors(rows[1]).T
    assert (np.abs(x - y) <= 1).mean() > 0.95  # Of the whole grid 10 of 16.


@pytest.mark.parametrize("build", [lambda data: split(ColorDSprites(data)), lambda data: split(data)])
def test_a_part_of_them_is_an_error_however_they_are_wrapped(build):
    with pytest.raises(InputError, match="A subset of CorrelatedFactors would lose its weights"):
        build(CorrelatedFactors(tiny.Squares(), [("position_x", "position_y")]))
