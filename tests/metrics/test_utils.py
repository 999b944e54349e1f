import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import utils


class Recorder:
    """A representation that remembers how many observations each call had."""

    def __init__(self):
        self.calls = []

    def __call__(self, observations):
        self.calls.append(len(observations))
        return observations.astype(np.float32)


def _identity(observations):
    return observations


@pytest.fixture
def data(data_of):
    return data_of(lambda factors, noise: np.hstack([factors, noise]))


@pytest.mark.parametrize(("num_points", "batch_size"), [(100, 16), (1, 16), (64, 64), (2100, 1500)])
def test_draws_sixteen_at_a_time_whatever_the_batch_size(data, num_points, batch_size):
    codes, factors = utils.generate_batch_factor_code(data, _identity, num_points, np.random.RandomState(3), batch_size)
    random_state = np.random.RandomState(3)
    sizes = [16] * (num_points // 16) + [num_points % 16] * (num_points % 16 > 0)
    draws = [data.sample(size, random_state) for size in sizes]
    np.testing.assert_array_equal(factors, np.vstack([drawn for drawn, _ in draws]).T)
    np.testing.assert_array_equal(codes, np.vstack([observations for _, observations in draws]).T)


def test_encodes_many_draws_at_once(data):
    recorder = Recorder()
    codes, factors = utils.generate_batch_factor_code(data, recorder, 2500, np.random.RandomState(0), 16)
    assert recorder.calls == [1024, 1024, 448, 4]
    assert codes.shape == (10, 2500)
    assert codes.dtype == np.float64
    assert factors.shape == (4, 2500)


def test_obtain_representation_keeps_the_order():
    observations, recorder = np.arange(50.0).reshape(25, 2), Recorder()
    np.testing.assert_array_equal(utils.obtain_representation(observations, recorder, 10), observations.T)
    assert recorder.calls == [10, 10, 5]


@pytest.mark.parametrize("num_bins", ["bins_3", "bins_10", "bins_20"])
def test_golden_discretizer(golden, num_bins):
    expected = golden.json("expected_formulas")["histogram_discretize"]
    bins = utils.make_discretizer(expected["target"], int(num_bins.removeprefix("bins_")))
    np.testing.assert_array_equal(bins, expected[num_bins])


@pytest.mark.parametrize("grid", ["small", "dsprites"])
@pytest.mark.parametrize("setting", ["a_identity", "b_noisy", "e_redundant", "g_collapsed"])
def test_golden_bins_information_and_entropy(golden, grid, setting):
    codes, factors, bins, expected = golden.exact(grid, setting)
    np.testing.assert_array_equal(utils.make_discretizer(codes, num_bins=20), bins)
    np.testing.assert_allclose(
        utils.discrete_mutual_info(bins, factors), expected["mutual_information"], rtol=1e-9, atol=1e-15
    )
    entropy = golden.json(f"expected_exact_{grid}")["entropy_train"]
    np.testing.assert_allclose(utils.discrete_entropy(factors), entropy, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e30])
def test_code_that_moves_less_than_its_rounding_is_in_one_bin(value):
    row = np.full(100, value)
    row[::2] = np.nextafter(value, 1.0)
    assert len(np.unique(utils.histogram_discretize(row[None]))) == 1


def test_bins_do_not_depend_on_a_positive_scale():
    codes = np.random.default_rng(0).normal(size=(3, 500))
    np.testing.assert_array_equal(utils.histogram_discretize(codes), utils.histogram_discretize(codes * 2.0**-20))


def test_histogram_discretizer_can_be_named_in_gin(clean_gin):
    assert clean_gin.get_configurable("histogram_discretize")(np.arange(100.0)[None], 5).max() == 5
    with pytest.raises(ValueError, match="num_bins"):  # Metrics pass their own: a binding would have no effect.
        clean_gin.parse_config("histogram_discretize.num_bins = 5")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: utils.generate_batch_factor_code(data, _identity, 0, None, 16), "num_points is 0"),
        (lambda data: utils.generate_batch_factor_code(data, _identity, 1e4, None, 16), "num_points is 10000.0"),
        (lambda data: utils.generate_batch_factor_code(data, _identity, 10, None, 0), "batch_size is 0"),
        (lambda data: utils.obtain_representation(np.zeros((0, 2)), _identity, 10), "no observations"),
        (lambda data: utils.histogram_discretize(np.zeros((1, 5)), 0), "num_bins is 0"),
        (lambda data: utils.make_discretizer(np.zeros((2, 5)), 3, lambda x, n: x[0]), r"labels of shape \(5,\)"),
    ],
)
def test_bad_input_is_told_in_one_line(data, call, message):
    with pytest.raises(InputError, match=message) as error:
        call(data)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("num_bins", [1, 2, 20, 41])
@pytest.mark.parametrize("spread", [1e-310, 1e-3, 1.0, 1e300])
def test_bins_are_those_of_a_search(num_bins, spread):
    rng = np.random.default_rng(num_bins)
    on_edges = np.arange(1 + 2 * num_bins) / (2 * num_bins)
    for row in (rng.normal(size=999), on_edges, rng.permutation(30) // 3 + 1e6):
        edges = np.histogram_bin_edges(row * spread, num_bins)[:-1]
        np.testing.assert_array_equal(
            utils.histogram_discretize(row[None] * spread, num_bins)[0], np.digitize(row * spread, edges)
        )


def test_normalized_data():
    data = np.random.default_rng(0).normal(3.0, 2.0, size=(3, 400))
    data[1] = 0.1  # Its standard deviation is 1e-17, by rounding of the mean.
    normalized, mean, stddev = utils.normalize_data(data)
    np.testing.assert_allclose(normalized.mean(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(normalized.std(axis=1), [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(normalized[1], 0.0)
    other, *given = utils.normalize_data(data + 5.0, mean, stddev)
    np.testing.assert_allclose(other[0], (data[0] + 5.0 - data[0].mean()) / data[0].std())
    np.testing.assert_array_equal(other[1], 0.0)
    np.testing.assert_array_equal(given, [mean, stddev])


@pytest.mark.parametrize(("share", "num_train"), [(0.9, 9), (0.85, 9), (0.01, 1), (0.5, 5)])
def test_split_keeps_the_order_and_rounds_up(share, num_train):
    data = np.arange(20).reshape(2, 10)
    train, test = utils.split_train_test(data, share)
    np.testing.assert_array_equal(train, data[:, :num_train])
    np.testing.assert_array_equal(test, data[:, num_train:])


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 2.0])
def test_split_that_leaves_a_part_empty(share):
    with pytest.raises(InputError, match="10 points leaves") as error:
        utils.split_train_test(np.zeros((2, 10)), share)
    assert "\n" not in str(error.value)
