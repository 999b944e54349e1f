import numpy as np
import pytest
from sklearn.svm import LinearSVC

from disent_tf.errors import InputError
from disent_tf.metrics import sap_score
from disent_tf.metrics.utils import TrainAndTest

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")


def _identity(observations):
    return observations


def _sap(data, representation_function=_identity, seed=0, **options):
    return sap_score.compute_sap(data, representation_function, np.random.RandomState(seed), **options)


def _given(golden, grid, setting):
    arrays = golden.arrays(f"golden/inputs_{grid}")
    names = (f"mus_train_{setting}", "ys_train", f"mus_test_{setting}", "ys_test")
    return TrainAndTest(*(arrays[name].T for name in names))


def _points(scale=1.0, num_codes=3, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.integers([3, 8], size=(900, 2))
    codes = scale * np.hstack([factors + 0.4 * rng.normal(size=(900, 2)), rng.normal(size=(900, 1))])[:, :num_codes]
    return TrainAndTest(codes[:600], factors[:600], codes[600:], factors[600:])


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_matrices_of_given_codes(golden, grid, setting):
    points, expected = _given(golden, grid, setting), golden.exact(grid, setting)[3]
    discrete = sap_score.separated_attribute_predictability(points)
    # One test point of 1000, where liblinear stops short of the optimum.
    np.testing.assert_allclose(discrete.score_matrix, expected["sap_discrete"]["score_matrix"], atol=0.0011)
    np.testing.assert_allclose(discrete.gaps, expected["sap_discrete"]["per_factor"], atol=0.0011)
    assert discrete.score == pytest.approx(expected["sap_discrete"]["SAP_score"], abs=5e-4)
    continuous = sap_score.separated_attribute_predictability(points, continuous_factors=True)
    reference = expected["sap_continuous"]
    np.testing.assert_allclose(continuous.score_matrix, reference["score_matrix"], rtol=1e-9, atol=1e-12)
    assert continuous.score == pytest.approx(reference["SAP_score"], rel=1e-9)


@pytest.mark.parametrize(("grid", "setting"), [("small", name) for name in SETTINGS] + [("dsprites", "d_permuted")])
def test_golden_score_seed_by_seed(golden, grid, setting):
    expected, data = golden.json(f"expected_scores_{grid}")[setting], golden.data(grid, setting)
    for metric, continuous, tolerance in (("sap_score", False, 2e-4), ("sap_score_continuous", True, 1e-9)):
        score = _sap(data, seed=1, continuous_factors=continuous)["SAP_score"]
        reference = expected[metric]["per_seed"][expected[metric]["seeds"].index(1)]
        assert score == pytest.approx(reference["SAP_score"], abs=tolerance)


@pytest.mark.parametrize("model", ["vae", "btcvae"])
def test_golden_score_of_trained_models(golden, model):
    data = golden.trained_model(model)
    for seed, expected in golden.json("real_codes")[model]["sap_score"].items():
        assert _sap(data, seed=int(seed))["SAP_score"] == pytest.approx(expected["SAP_score"], abs=2e-4)


@pytest.mark.parametrize("name", ["dense", "peaked", "square", "two_codes", "wide", "zero", "zero_row_and_column"])
def test_golden_gaps_of_a_matrix(golden, name):
    expected = golden.json("expected_formulas")["matrix_aggregation"][name]
    gaps = sap_score.gap_per_factor(np.array(expected["matrix"]))
    assert gaps.mean() == pytest.approx(expected["sap_avg_diff_top_two"], rel=1e-9)


def test_entries_are_accuracies_of_machines_on_one_code():
    points = _points()
    machine = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-8)
    expected = [
        [machine.fit(code[:, None], factor).score(code_test[:, None], factor_test) for factor, factor_test in factors]
        for code, code_test in zip(points.codes_train.T, points.codes_test.T, strict=True)
        for factors in [list(zip(points.factors_train.T, points.factors_test.T, strict=True))]
    ]
    np.testing.assert_allclose(sap_score.accuracy_matrix(points), expected, rtol=1e-12)
    matrix = sap_score.compute_score_matrix(*(array.T for array in points), False)
    np.testing.assert_array_equal(matrix, sap_score.accuracy_matrix(points))


def test_entries_for_continuous_factors_are_squared_correlations():
    points = _points()
    expected = np.corrcoef(points.codes_train.T, points.factors_train.T)[:3, 3:] ** 2
    np.testing.assert_allclose(
        sap_score.compute_score_matrix(*(array.T for array in points), True), expected, rtol=1e-10
    )


def test_scale_of_codes_decides_unless_standardized():
    scores = [sap_score.separated_attribute_predictability(_points(scale)).score for scale in (0.01, 0.1, 1, 10)]
    assert np.ptp(scores) > 0.1
    standardized = [
        sap_score.separated_attribute_predictability(_points(scale), standardize=True).score
        for scale in (2.0**-7, 1, 8)
    ]
    assert standardized[0] == standardized[1] == standardized[2]


def test_standardized_score_stands_beside(gridless_data):
    options = {"num_train": 500, "num_test": 300}
    plain, both = (_sap(gridless_data, standardize=flag, **options) for flag in (False, True))
    assert list(both) == ["SAP_score", "SAP_score_standardized", "num_train"]
    assert {name: both[name] for name in plain} == plain
    small = _sap(gridless_data, lambda x: x / 128, standardize=True, **options)
    assert small["SAP_score_standardized"] == both["SAP_score_standardized"]
    assert small["SAP_score"] != both["SAP_score"]


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [(_identity, 0.99, 1.0), (lambda x: np.hstack([x, x]), 0.0, 0.0), (lambda x: x[:, :5], 0.45, 0.55)],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, low, high):
    assert low <= _sap(gridless_data, representation_function, continuous_factors=True)["SAP_score"] <= high


@pytest.mark.parametrize("continuous", [False, True])
def test_single_code_is_compared_with_a_constant_one(continuous):
    alone, points = _points(num_codes=1), _points(num_codes=2)
    points.codes_train[:, 1] = points.codes_test[:, 1] = 0.0
    single, pair = (
        sap_score.separated_attribute_predictability(given, continuous_factors=continuous) for given in (alone, points)
    )
    assert single.score == pair.score
    assert single.score_matrix.shape == (1, 2)


@pytest.mark.parametrize("continuous", [False, True])
def test_constant_factor_has_no_gap(continuous):
    points = _points()
    points.factors_train[:, 1] = points.factors_test[:, 1] = 5
    result = sap_score.separated_attribute_predictability(points, continuous_factors=continuous)
    np.testing.assert_array_equal(result.score_matrix[:, 1], 0.0 if continuous else 1.0)
    assert result.gaps[1] == 0.0


def test_class_that_was_not_there_to_fit_on_counts_as_wrong():
    points = _points()
    seen = points.factors_train[:, 0] != 2
    fewer = points._replace(codes_train=points.codes_train[seen], factors_train=points.factors_train[seen])
    share = np.mean(points.factors_test[:, 0] == 2)
    assert np.all(sap_score.accuracy_matrix(fewer)[:, 0] <= 1 - share)


def test_class_that_is_missing_in_the_test_points():
    points = _points()
    lowest = points.factors_test[:, 0] == 0
    fewer = points._replace(codes_test=points.codes_test[lowest], factors_test=points.factors_test[lowest])
    assert 0.8 < sap_score.accuracy_matrix(fewer)[0, 0] <= 1.0


def test_fixed_data_is_split_in_order(data_of):
    data = data_of(lambda factors, noise: np.hstack([factors + 0.3 * noise[:, :4], noise]))
    factors, observations = data.sample(1001, np.random.RandomState(0))
    result = sap_score.compute_sap_on_fixed_data(observations, factors.T, _identity, 0.7)
    points = TrainAndTest(observations[:701], factors[:701], observations[701:], factors[701:])
    score = sap_score.separated_attribute_predictability(points).score
    assert result == {"SAP_score": score, "num_train": 701}


def test_artifact(gridless_data, tmp_path):
    result = _sap(gridless_data, artifact_dir=tmp_path, num_train=200, num_test=100)
    with np.load(tmp_path / "sap_score.npz") as saved:
        assert saved["score_matrix"].shape == (10, 10)
        assert saved["gaps"].mean() == pytest.approx(result["SAP_score"])


def test_gin_injects_bindings(clean_gin, gridless_data):
    clean_gin.parse_config("compute_sap.continuous_factors = True\ncompute_sap.num_train = 100")
    injected = clean_gin.get_configurable("compute_sap")(gridless_data, _identity, np.random.RandomState(0))
    assert injected == _sap(gridless_data, continuous_factors=True, num_train=100)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: _sap(data, num_train=0), "num_train is 0"),
        (lambda data: _sap(data, num_test=-1), "num_test is -1"),
        (lambda data: _sap(data, num_train=1, continuous_factors=True), "num_points is 1"),
        (lambda data: _sap(data, lambda x: x * np.nan, num_train=10), "NaN"),
        (lambda data: sap_score.accuracy_matrix(_points()._replace(codes_test=np.zeros((300, 2)))), r"\(2, 2\)"),
        (
            lambda data: sap_score.compute_sap_on_fixed_data(np.zeros((10, 2)), np.zeros((3, 9)), _identity),
            "10 codes and 9 factors",
        ),
        (
            lambda data: sap_score.compute_sap_on_fixed_data(np.zeros((10, 2)), np.zeros((3, 10)), _identity, 1.0),
            "train_percentage 1.0 of 10 points",
        ),
    ],
)
def test_bad_input_is_told_in_one_line(gridless_data, call, message):
    with pytest.raises(InputError, match=message) as error:
        call(gridless_data)
    assert "\n" not in str(error.value)
