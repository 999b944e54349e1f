import functools

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from disent_tf.errors import InputError
from disent_tf.metrics import _predictors, dci
from disent_tf.metrics._boosting import HistogramBoostingClassifier

FAST = _predictors.histogram_boosting_classifier
TREE = functools.partial(DecisionTreeClassifier, max_depth=6)  # Enough for the machinery around the classifier.
SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")


def _identity(observations):
    return observations


def _scores_on_exact(golden, grid, setting, predictor_fn, num_factors=None):
    """Returns the result on given codes, of the first factors, and the reference."""
    codes, factors, _, expected = golden.exact(grid, setting)
    inputs = golden.arrays(f"golden/inputs_{grid}")
    points = codes.T, factors.T, inputs[f"mus_test_{setting}"].T, inputs["ys_test"].T
    points = [array[:, :num_factors] if place % 2 else array for place, array in enumerate(points)]
    result = dci.disentanglement_completeness_informativeness(*points, 0, predictor_fn=predictor_fn)
    return result, expected["dci_gbt"]["np_seed_0"]


def _points(num_points=400, num_codes=4):
    codes = np.random.RandomState(0).standard_normal((num_points, num_codes))
    return codes, (codes[:, :3] > 0).astype(int)


@pytest.mark.parametrize("name", ["dense", "peaked"])
def test_golden_formulas(golden, name):
    expected = golden.json("expected_formulas")["matrix_aggregation"][name]
    matrix = np.array(expected["matrix"])
    assert dci.disentanglement(matrix) == pytest.approx(expected["dci_disentanglement"], rel=1e-9)
    assert dci.completeness(matrix) == pytest.approx(expected["dci_completeness"], rel=1e-9)
    np.testing.assert_allclose(dci.disentanglement_per_code(matrix), expected["disentanglement_per_code"], atol=1e-12)
    np.testing.assert_allclose(dci.completeness_per_factor(matrix), expected["completeness_per_factor"], atol=1e-12)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_aggregation_of_importances(golden, grid, setting):
    expected = golden.json(f"expected_exact_{grid}")["settings"][setting]["dci_gbt"]["np_seed_0"]
    matrix = np.array(expected["importance_matrix"])
    assert dci.disentanglement(matrix) == pytest.approx(expected["disentanglement"], rel=1e-9)
    assert dci.completeness(matrix) == pytest.approx(expected["completeness"], rel=1e-9)


def test_golden_scores_of_given_codes(golden):
    result, expected = _scores_on_exact(golden, "small", "b_noisy", _predictors.gradient_boosting_classifier)
    for key in ("disentanglement", "completeness", "informativeness_train", "informativeness_test"):
        assert getattr(result, key) == pytest.approx(expected[key], abs=0.01)
    np.testing.assert_allclose(result.importances, expected["importance_matrix"], atol=0.01)
    np.testing.assert_allclose(result.disentanglement_per_code, expected["disentanglement_per_code"], atol=0.02)
    np.testing.assert_allclose(result.completeness_per_factor, expected["completeness_per_factor"], atol=0.01)


@pytest.mark.parametrize("setting", ["b_noisy", "c_rotated", "e_redundant", "f_noise"])
def test_fast_trees_are_close_to_the_golden_scores(golden, setting):
    result, expected = _scores_on_exact(golden, "small", setting, FAST)
    for key in ("disentanglement", "completeness", "informativeness_train", "informativeness_test"):
        assert getattr(result, key) == pytest.approx(expected[key], abs=0.012)


@pytest.mark.parametrize("setting", ["b_noisy", "c_rotated"])
def test_fast_trees_are_close_on_factors_of_the_larger_grid(golden, setting):
    result, expected = _scores_on_exact(golden, "dsprites", setting, FAST, num_factors=2)
    np.testing.assert_allclose(result.importances, np.array(expected["importance_matrix"])[:, :2], atol=0.02)


def test_golden_score_of_a_whole_run_by_fast_trees(golden):
    expected = golden.scores("small", "b_noisy", "dci")["per_seed"][0]
    data = golden.data("small", "b_noisy")
    scores = dci.compute_dci(data, _identity, np.random.RandomState(0), predictor_fn=FAST)
    assert scores.pop("num_train") == 10_000
    assert scores == pytest.approx(expected, abs=0.01)


def test_draws_are_those_of_the_global_random_state_of_disentanglement_lib(golden):
    # Trees of depth 1 on the points of seed 0; the tree draws nothing from the random state of the points.
    data, first, second = golden.data("small", "b_noisy"), np.random.RandomState(0), np.random.RandomState(0)
    dci.compute_dci(data, _identity, first, num_train=50, num_test=20, predictor_fn=TREE)
    for num_points in (50, 20):
        for start in range(0, num_points, 16):
            data.sample(min(16, num_points - start), second)
    assert first.randint(2**31) == second.randint(2**31)


@pytest.mark.parametrize(
    ("matrix", "disentanglement", "completeness"),
    [
        (np.eye(3), 1, 1),
        (np.ones((3, 3)), 0, 0),
        (np.zeros((3, 3)), 0, 0),
        (np.vstack([np.eye(2), np.eye(2)]), 1, 0.5),  # Two codes for every factor: log 2 of log 4.
        (np.hstack([np.eye(2), np.eye(2)]), 0.5, 1),
        (np.array([[1.0, 0], [0, 0.5], [0, 0.5]]), 1, 1 - 0.5 * np.log(2) / np.log(3)),
        (np.array([[3.0, 0], [1, 1]]), 3 / 5, 1 - 4 / 5 * -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))),
        (np.array([[0.2], [0.8]]), 1, 1 + 0.2 * np.log2(0.2) + 0.8 * np.log2(0.8)),  # A single factor.
        (np.array([[0.2, 0.8]]), 1 + 0.2 * np.log2(0.2) + 0.8 * np.log2(0.8), 1),  # A single code.
    ],
)
def test_closed_forms(matrix, disentanglement, completeness):
    assert dci.disentanglement(matrix) == pytest.approx(disentanglement, abs=1e-9)
    assert dci.completeness(matrix) == pytest.approx(completeness, abs=1e-9)


def test_a_code_that_tells_nothing_has_no_say():
    matrix = np.array([[1.0, 0], [0, 1], [0, 0]])
    np.testing.assert_allclose(dci.disentanglement_per_code(matrix), [1, 1, 0], atol=1e-8)
    assert dci.disentanglement(matrix) == pytest.approx(1)


@pytest.mark.parametrize(
    ("representation_function", "disentanglement", "completeness"),
    [
        (_identity, (0.98, 1.0), (0.98, 1.0)),
        (lambda x: x * -2 + 3, (0.98, 1.0), (0.98, 1.0)),
        (lambda x: np.hstack([x, x]), (0.98, 1.0), (0.75, 0.78)),  # 1 - log 2 / log 20 where copies share.
        (lambda x: np.zeros((len(x), 3)), (0.0, 1e-9), (0.0, 1e-9)),
    ],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, disentanglement, completeness):
    factory = functools.partial(HistogramBoostingClassifier, num_rounds=10)
    scores = dci.compute_dci(
        gridless_data,
        representation_function,
        np.random.RandomState(0),
        num_train=500,
        num_test=200,
        predictor_fn=factory,
    )
    assert disentanglement[0] <= scores["disentanglement"] <= disentanglement[1]
    assert completeness[0] <= scores["completeness"] <= completeness[1]


def test_equal_codes_give_one_score_whatever_ran_before():
    # Without a seed, equally good splits are broken by lot: the same call gives another score.
    codes, factors = _points()
    points = np.hstack([codes, codes]), factors, np.hstack([codes, codes]), factors
    run = functools.partial(dci.disentanglement_completeness_informativeness, *points, predictor_fn=TREE)
    first = run(random_state=1)
    np.random.default_rng().random()
    again, other = run(random_state=1), run(random_state=2)
    np.testing.assert_array_equal(first.importances, again.importances)
    assert np.any(first.importances != other.importances)


def test_constant_factor_has_no_say():
    codes, factors = _points()
    factors[:, 1] = 5
    result = dci.disentanglement_completeness_informativeness(codes, factors, codes, factors, predictor_fn=TREE)
    np.testing.assert_array_equal(result.importances[:, 1], 0)
    np.testing.assert_allclose([result.disentanglement, result.completeness], 1, atol=1e-6)
    assert result.test_accuracies[1] == 1


def test_informativeness_is_accuracy():
    codes, factors = _points()
    result = dci.disentanglement_completeness_informativeness(codes, factors, -codes, factors, predictor_fn=TREE)
    np.testing.assert_array_equal(result.train_accuracies, [1, 1, 1])
    assert result.informativeness_test == np.mean(result.test_accuracies) < 0.01


def test_result_and_artifact(gridless_data, tmp_path):
    scores = dci.compute_dci(
        gridless_data,
        _identity,
        np.random.RandomState(0),
        tmp_path / "new",
        num_train=100,
        num_test=50,
        predictor_fn=TREE,
    )
    keys = ["informativeness_train", "informativeness_test", "disentanglement", "completeness", "num_train"]
    assert list(scores) == keys
    assert {type(value) for value in scores.values()} == {float, int}
    with np.load(tmp_path / "new" / "dci.npz") as saved:
        assert saved["importances"].shape == (10, 10)
        assert saved["disentanglement"] == scores["disentanglement"]


def test_fixed_data_gives_the_score_of_its_points():
    codes, factors = _points()
    scores = dci.compute_dci_on_fixed_data(codes, factors.T, _identity, 0.75, predictor_fn=TREE)
    points = codes[:300], factors[:300], codes[300:], factors[300:]
    result = dci.disentanglement_completeness_informativeness(*points, predictor_fn=TREE)
    assert scores["num_train"] == 300
    assert scores["informativeness_test"] == result.informativeness_test
    assert scores["disentanglement"] == result.disentanglement


def test_gin_chooses_the_trees(clean_gin, gridless_data):
    clean_gin.parse_config("compute_dci.predictor_fn = @histogram_boosting_classifier\ncompute_dci.num_train = 20")
    with pytest.raises(InputError, match="num_test is 0"):
        clean_gin.get_configurable("compute_dci")(gridless_data, _identity, np.random.RandomState(0), num_test=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": 0}, "num_train is 0"),
        ({"num_test": -5}, "num_test is -5"),
        ({"predictor_fn": LogisticRegression}, "LogisticRegression tells no feature_importances_"),
    ],
)
def test_bad_arguments_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        dci.compute_dci(gridless_data, _identity, np.random.RandomState(0), **{"num_train": 30, **options})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("codes", "labels", "message"),
    [
        (np.full((20, 2), np.nan), np.zeros((2, 20)), "NaN or infinite"),
        (np.zeros((20, 2)), np.zeros((2, 19)), "20 codes and 19 factors"),
    ],
)
def test_bad_arrays_are_told_in_one_line(codes, labels, message):
    with pytest.raises(InputError, match=message):
        dci.compute_dci_on_fixed_data(codes, labels, _identity)
