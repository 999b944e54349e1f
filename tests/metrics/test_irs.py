import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import irs
from disent_tf.metrics.utils import make_discretizer

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")
KEYS = ("avg_score", "disentanglement_scores", "parents", "IRS_matrix", "max_deviations")


def _identity(observations):
    return observations


def _irs(data, representation_function=_identity, seed=0, **options):
    return irs.compute_irs(data, representation_function, np.random.RandomState(seed), **options)


def _points(num_points=700, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.integers([1, 5, 40], size=(num_points, 3))
    return np.hstack([factors + rng.normal(size=(num_points, 3)), rng.normal(size=(num_points, 1))]), factors


@pytest.mark.parametrize("quantile", [0.99, 1])
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_score_of_given_codes(golden, grid, setting, quantile):
    codes, factors, _, expected = golden.exact(grid, setting)
    active = irs.drop_constant_dims(codes)
    assert len(active) == expected["irs_active_dim_count"]
    assert active.sum() == pytest.approx(expected["irs_num_active_dims_as_returned"], rel=1e-9)
    result = irs.scalable_disentanglement_score(make_discretizer(factors).T, active.T, quantile)
    for key in KEYS:
        np.testing.assert_allclose(result[key], expected[f"irs_q{quantile}"][key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("grid", "setting"), [("small", name) for name in SETTINGS] + [("dsprites", "d_permuted")])
def test_golden_score_seed_by_seed(golden, grid, setting):
    reference = golden.scores(grid, setting, "irs")["per_seed"][0]
    scores = _irs(golden.data(grid, setting), legacy=True)
    assert scores["IRS"] == pytest.approx(reference["IRS"], rel=1e-9)
    assert scores["num_active_dims"] == pytest.approx(reference["num_active_dims"], rel=1e-9)


@pytest.mark.parametrize("model", ["vae", "btcvae"])
def test_golden_score_of_trained_models(golden, model):
    data = golden.trained_model(model)
    for seed, expected in golden.json("real_codes")[model]["irs"].items():
        assert _irs(data, seed=int(seed))["IRS"] == pytest.approx(expected["IRS"], rel=1e-9)


@pytest.mark.parametrize(("name", "quantile"), [("q05", 0.5), ("q099", 0.99), ("q1", 1.0)])
def test_golden_formula(golden, name, quantile):
    expected = golden.json("expected_formulas")["irs"]
    result = irs.scalable_disentanglement_score(expected["gen_factors"], expected["latents"], quantile)
    for key in KEYS:
        np.testing.assert_allclose(result[key], expected[name][key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("quantile", [0.0, 0.013, 0.5, 0.99, 1.0])
def test_agrees_with_a_loop_over_groups(quantile):
    codes, factors = _points()
    scale = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    for k, factor in enumerate(factors.T):
        groups = [codes[factor == value] for value in np.unique(factor)]
        deviations = [np.percentile(np.abs(group - group.mean(axis=0)), 100 * quantile, axis=0) for group in groups]
        robustness = irs.interventional_robustness(codes, factors, diff_quantile=quantile).robustness[:, k]
        np.testing.assert_allclose(robustness, 1 - np.mean(deviations, axis=0) / scale, rtol=1e-9, atol=1e-12)


def test_active_codes_are_counted_and_not_summed(gridless_data):
    def two_dead_of_four(x):
        return np.stack([x[:, 0], np.full(len(x), 0.1), x[:, 1], np.full(len(x), -3.0)], axis=1)

    count, legacy = (
        _irs(gridless_data, two_dead_of_four, num_train=500, legacy=flag)["num_active_dims"] for flag in (False, True)
    )
    assert count == 2
    assert isinstance(count, int)
    assert legacy > 1000  # The sum of values from 1 to 10 of 500 points and two codes.


def test_constant_code_has_no_say():
    codes, factors = _points()
    result = irs.interventional_robustness(np.hstack([codes, np.full((len(codes), 1), 0.1)]), factors)
    assert result.score == pytest.approx(irs.interventional_robustness(codes, factors).score, rel=1e-12)
    np.testing.assert_array_equal(result.robustness[-1], 0.0)
    assert result.max_deviations[-1] == 0.0


def test_all_codes_constant(gridless_data):
    scores = _irs(gridless_data, lambda x: np.full((len(x), 3), 0.1), num_train=100)
    assert (scores["IRS"], scores["num_active_dims"]) == (0.0, 0)
    assert len(irs.drop_constant_dims(np.full((3, 50), 0.1))) == 0


def test_code_centered_on_zero_counts_though_its_values_sum_to_zero():
    codes = np.array([[-1.0], [1.0], [-1.0], [1.0]])
    assert irs.interventional_robustness(codes, np.array([[0], [1], [0], [1]])).score == 1.0


def test_single_point_is_constant():
    assert irs.interventional_robustness(np.ones((1, 2)), np.ones((1, 3))).score == 0.0


def test_many_values_of_a_factor():
    codes = np.random.default_rng(0).normal(size=(40_000, 1))
    factor = np.arange(40_000)[:, None]  # More values than a 16-bit number has: every point is its own group.
    assert irs.interventional_robustness(codes, factor).score == 1.0


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [(_identity, 0.99, 1.0), (lambda x: np.hstack([x, x]), 0.99, 1.0), (lambda x: x @ np.ones((10, 2)), 0.0, 0.4)],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, low, high):
    assert low <= _irs(gridless_data, representation_function)["IRS"] <= high


def test_result_and_artifact(gridless_data, tmp_path):
    result = _irs(gridless_data, artifact_dir=tmp_path, num_train=300, num_bins=5)
    assert list(result) == ["IRS", "num_active_dims", "num_bins", "num_train"]
    assert (result["num_bins"], result["num_train"]) == (5, 300)
    with np.load(tmp_path / "irs.npz") as saved:
        assert saved["robustness"].shape == (10, 10)
        assert saved["score"] == result["IRS"]


def test_gin_injects_bindings(clean_gin, gridless_data):
    clean_gin.parse_config("compute_irs.num_train = 60\ncompute_irs.diff_quantile = 1.0")
    injected = clean_gin.get_configurable("compute_irs")(gridless_data, _identity, np.random.RandomState(0))
    assert injected == _irs(gridless_data, num_train=60, diff_quantile=1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: _irs(data, num_train=0), "num_train is 0"),
        (lambda data: _irs(data, num_bins=0), "num_bins is 0"),
        (lambda data: _irs(data, num_train=20, diff_quantile=99), "diff_quantile is 99"),
        (lambda data: _irs(data, lambda x: x / 0.0 * np.inf, num_train=20), "NaN or infinite"),
        (lambda data: irs.interventional_robustness(np.zeros((3, 1)), np.zeros((2, 1))), "3 codes and 2 factors"),
        (lambda data: irs.drop_constant_dims(np.zeros(3)), "shape"),
    ],
)
def test_bad_input_is_told_in_one_line(gridless_data, call, message):
    with np.errstate(all="ignore"), pytest.raises(InputError, match=message) as error:
        call(gridless_data)
    assert "\n" not in str(error.value)


def test_the_quantile_is_disentanglement_libs_unless_told(data_of):
    data = data_of(lambda factors, noise: np.hstack([factors + 0.3 * noise[:, :4], noise]))
    factors, codes = data.sample(500, np.random.RandomState(0))
    default, told, other = (irs.interventional_robustness(codes, factors, **q) for q in ({}, *_QUANTILES))
    assert default.score == told.score != other.score
    of_rows = [irs.scalable_disentanglement_score(factors, codes, **q) for q in ({}, _QUANTILES[0])]
    np.testing.assert_equal(of_rows[0], of_rows[1])


_QUANTILES = ({"diff_quantile": 0.99}, {"diff_quantile": 0.9})
