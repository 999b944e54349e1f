import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import mig
from disent_tf.metrics.utils import make_discretizer

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")


def _identity(observations):
    return observations


def _mig(data, representation_function=_identity, seed=0, **options):
    return mig.compute_mig(data, representation_function, np.random.RandomState(seed), **options)["discrete_mig"]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_gap_of_given_codes(golden, grid, setting):
    codes, factors, _, expected = golden.exact(grid, setting)
    gap = mig.mutual_information_gap(codes.T, factors.T)
    np.testing.assert_allclose(gap.mutual_information, expected["mutual_information"], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(gap.gaps, expected["mig_per_factor"], rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(gap.score, expected["discrete_mig"], rtol=1e-9)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_score_seed_by_seed(golden, grid, setting):
    expected = golden.json(f"expected_scores_{grid}")[setting]["mig"]
    data = golden.data(grid, setting)
    for seed, reference in list(zip(expected["seeds"], expected["per_seed"], strict=True))[:2]:
        assert _mig(data, seed=seed) == pytest.approx(reference["discrete_mig"], rel=1e-9)


@pytest.mark.parametrize("model", ["vae", "btcvae"])
def test_golden_score_of_trained_models(golden, model):
    data = golden.trained_model(model)
    for seed, expected in golden.json("real_codes")[model]["mig"].items():
        assert _mig(data, seed=int(seed)) == pytest.approx(expected["discrete_mig"], rel=1e-9)


def test_golden_aggregation(golden):
    expected = golden.json("expected_formulas")["mig_aggregation"]
    gaps = mig.gap_per_factor(np.array(expected["mutual_information"]), np.array(expected["entropy"]))
    np.testing.assert_allclose(gaps, [expected["result"][f"mig.factor_{k}"] for k in range(len(gaps))], rtol=1e-9)
    np.testing.assert_allclose(gaps.mean(), expected["result"]["mig"], rtol=1e-9)


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [
        (_identity, 0.99, 1.0),
        (lambda x: np.hstack([x, x]), 0.0, 0.0),  # Two codes know the same: no gap.
        (lambda x: x[:, :5], 0.49, 0.51),  # Half of the factors are not in the code.
        (lambda x: np.zeros((len(x), 3)), 0.0, 0.0),
    ],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, low, high):
    assert low <= _mig(gridless_data, representation_function) <= high


def test_single_code_is_compared_with_no_information():
    factors = np.tile(np.arange(4), 50)[:, None]
    assert mig.mutual_information_gap(factors, factors).score == pytest.approx(1.0)


def test_constant_factor_has_no_gap_and_no_say():
    factors = np.stack([np.tile(np.arange(4), 50), np.full(200, 3)], axis=1)
    gap = mig.mutual_information_gap(factors, factors)
    assert gap.score == pytest.approx(1.0)
    np.testing.assert_array_equal(np.isnan(gap.gaps), [False, True])


def test_few_bins_cap_a_perfect_code(golden):
    data = golden.data("dsprites", "a_identity")
    ten, twenty = _mig(data, num_bins=10), _mig(data)
    assert ten == pytest.approx(0.787, abs=0.01)
    assert twenty == pytest.approx(0.896, abs=0.01)


def test_discretizer_is_replaceable(gridless_data):
    def as_they_are(codes, num_bins):
        return make_discretizer(codes, 1 + 0 * num_bins)  # One bin: no information.

    assert _mig(gridless_data, discretizer_fn=as_they_are, num_train=500) == 0.0


def test_fixed_data_gives_the_score_of_its_points(data_of):
    data = data_of(lambda factors, noise: np.hstack([factors + 0.3 * noise[:, :4], noise]))
    factors, observations = data.sample(1000, np.random.RandomState(0))
    result = mig.compute_mig_on_fixed_data(observations, factors.T, _identity, num_bins=12)
    expected = mig.mutual_information_gap(observations, factors, num_bins=12).score
    assert result == {"discrete_mig": expected, "num_bins": 12, "num_train": 1000}


def test_result_and_artifact(gridless_data, tmp_path):
    result = mig.compute_mig(gridless_data, _identity, np.random.RandomState(0), tmp_path / "new", num_train=300)
    assert list(result) == ["discrete_mig", "num_bins", "num_train"]
    with np.load(tmp_path / "new" / "mutual_information.npz") as saved:
        assert saved["mutual_information"].shape == (10, 10)
        assert saved["gaps"].mean() == pytest.approx(result["discrete_mig"])


def test_gin_injects_bindings_and_leaves_the_function_alone(clean_gin, gridless_data):
    clean_gin.parse_config("compute_mig.num_bins = 7\ncompute_mig.num_train = 100")
    injected = clean_gin.get_configurable("compute_mig")(gridless_data, _identity, np.random.RandomState(0))
    assert (injected["num_bins"], injected["num_train"]) == (7, 100)
    plain = mig.compute_mig(gridless_data, _identity, np.random.RandomState(0), num_train=50)
    assert (plain["num_bins"], plain["num_train"]) == (20, 50)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"num_train": 0}, "num_train is 0"), ({"num_train": -5}, "num_train is -5"), ({"num_bins": 0}, "num_bins is 0")],
)
def test_bad_numbers_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _mig(gridless_data, **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), "3 codes and 4 factors"),
        (np.zeros(3), np.zeros((3, 2)), r"codes have shape \(3,\)"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), "6 values that are NaN"),
        (np.zeros((3, 2)), np.zeros((3, 2)), "no factor takes more than one value"),
    ],
)
def test_bad_arrays_are_told_in_one_line(codes, factors, message):
    with pytest.raises(InputError, match=message) as error:
        mig.mutual_information_gap(codes, factors)
    assert "\n" not in str(error.value)


def test_labels_of_other_length_than_observations():
    with pytest.raises(InputError, match="10 codes and 9 factors"):
        mig.compute_mig_on_fixed_data(np.zeros((10, 2)), np.zeros((3, 9)), _identity)
