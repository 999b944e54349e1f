import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

from disent_tf.errors import InputError
from disent_tf.metrics import unified_scores as unified
from disent_tf.metrics import utils

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")
FAST = (unified.mutual_information_matrix, unified.accuracy_svm_matrix)


def _identity(observations):
    return observations


def _scores(data, representation_function=_identity, seed=0, **options):
    options = {"num_train": 500, "num_test": 300, "matrix_fns": FAST} | options
    return unified.compute_unified_scores(data, representation_function, np.random.RandomState(seed), **options)


def _noisy(factors, noise):
    return np.hstack([factors + 0.3 * noise[:, :4], noise[:, 4:]])


@pytest.mark.parametrize("setting", SETTINGS)
def test_golden_scores_of_given_codes(golden, setting):
    arrays = golden.arrays("golden/inputs_small")
    codes, codes_test = (arrays[f"mus_{part}_{setting}"].astype(np.float64) for part in ("train", "test"))
    factors, factors_test = (arrays[f"ys_{part}"].astype(np.int64) for part in ("train", "test"))
    expected = golden.exact("small", setting)[3]["unified_scores_mi_svm"]
    result = unified.unified_scores(codes, factors, codes_test, factors_test, FAST)
    assert result.keys() == expected.keys()
    information = [key for key in expected if key.startswith("mutual_information_matrix")]
    for key in expected:
        # A point or two on the border of a support vector machine may fall to the other side.
        tolerance = {"rel": 1e-9, "abs": 1e-13} if key in information else {"abs": 0.003}
        assert result[key] == pytest.approx(expected[key], **tolerance), key


@pytest.mark.parametrize("setting", SETTINGS)
def test_golden_scores_of_given_importances(golden, setting):
    codes, factors, _, expected = golden.exact("small", setting)

    def importance_gbt_matrix(*_):
        return np.array(expected["dci_gbt"]["np_seed_0"]["importance_matrix"])

    result = unified.unified_scores(codes, factors, codes, factors, [importance_gbt_matrix])
    assert result == pytest.approx(expected["unified_scores_gbt"], rel=1e-9, abs=1e-13)


def test_golden_aggregation_of_information(golden):
    expected = golden.json("expected_formulas")["mig_aggregation"]
    result = unified.aggregation_mig(np.array(expected["mutual_information"]), np.array(expected["ys"]))
    assert result == pytest.approx(expected["result"], rel=1e-9)


@pytest.mark.parametrize("case", ["dense", "peaked", "square", "wide", "zero", "zero_row_and_column"])
def test_golden_aggregation_of_importances(golden, case):
    expected = golden.json("expected_formulas")["matrix_aggregation"][case]
    result = unified.aggregation_dci(np.array(expected["matrix"]))
    assert result["dci"] == result["dci_disentanglement"] == pytest.approx(expected["dci_disentanglement"], abs=1e-9)
    assert result["dci_completeness"] == pytest.approx(expected["dci_completeness"], abs=1e-9)
    for name, per in (("disentanglement", "disentanglement_per_code"), ("completeness", "completeness_per_factor")):
        values = [result[f"dci_{name}.code_{number}"] for number in range(len(expected[per]))]
        np.testing.assert_allclose(values, expected[per], atol=1e-9)


def test_importances_are_those_of_scikit_learn():
    random_state = np.random.RandomState(0)
    codes, factors = random_state.standard_normal((3, 60)), random_state.randint(2, size=(2, 60))
    matrix = unified.importance_gbt_matrix(codes, factors, codes, factors)
    stream = np.random.RandomState(0)
    for k, labels in enumerate(factors):
        model = GradientBoostingClassifier(random_state=stream).fit(codes.T, labels)
        np.testing.assert_allclose(matrix[:, k], model.feature_importances_, rtol=1e-9)
    other = unified.importance_gbt_matrix(codes, factors, codes, factors, predictor_fn=DecisionTreeClassifier, seed=3)
    assert not np.allclose(other, matrix)


def test_options_of_the_information_are_bound_by_gin(clean_gin):
    codes = np.random.RandomState(0).standard_normal((2, 100))
    factors = (codes[:1] > 0).astype(int)
    clean_gin.parse_config("unified_scores.mutual_information_matrix.num_bins = 1")
    bound = clean_gin.get_configurable("unified_scores.mutual_information_matrix")
    assert bound.__name__ == "mutual_information_matrix"
    np.testing.assert_array_equal(bound(codes, factors, codes, factors), 0.0)
    assert unified.mutual_information_matrix(codes, factors, codes, factors)[0, 0] > 0.5


def test_gaps_are_between_the_two_best_codes():
    matrix = np.array([[0.9, 0.1], [0.2, 0.3], [0.6, 0.2]])
    sap = unified.aggregation_sap(matrix)
    assert sap == pytest.approx({"sap": 0.2, "sap.factor_0": 0.3, "sap.factor_1": 0.1})
    ys = np.array([[0, 1, 0, 1], [5, 5, 5, 5]])  # The second factor has no entropy, so no gap and no say.
    mig = unified.aggregation_mig(matrix, ys)
    assert mig == pytest.approx({"mig": 0.3 / np.log(2), "mig.factor_0": 0.3 / np.log(2)})
    assert unified.aggregation_sap(matrix[:1]) == pytest.approx({"sap": 0.5, "sap.factor_0": 0.9, "sap.factor_1": 0.1})


def test_modularity_of_a_matrix():
    matrix = np.array([[0.5, 0.0, 0.0], [0.4, 0.2, 0.2], [0.0, 0.0, 0.0]])
    expected = {"modularity.code_0": 1.0, "modularity.code_1": 1 - 0.08 / 0.32, "modularity.code_2": 0.0}
    assert unified.aggregation_modularity(matrix) == pytest.approx({"modularity": 1.75 / 3} | expected)


def test_groups_of_codes_and_factors_by_threshold():
    # Thresholds 4, 3, 2, 1, 0: groups {a0}, {a0} {b1}, the same with c joining b1, all one, and nothing joins by a 0.
    matrix = np.array([[4.0, 0.0], [1.0, 3.0], [0.0, 2.0]])
    area = (1 + 2) / 2 + (2 + 2) / 2 + (2 + 1) / 2 + (1 + 1) / 2
    assert unified.pr_curves_values(matrix) == {"area_precision": pytest.approx(area), "max_precision": 2}
    assert unified.pr_curves_values(np.zeros((2, 2))) == {"area_precision": 0.0, "max_precision": 0}


def test_all_three_matrices_by_default(data_of):
    data, random_state = data_of(_noisy), np.random.RandomState(0)
    data.sample_factors = lambda num, random_state: random_state.randint(2, size=(num, 4))  # Few trees.
    result = unified.compute_unified_scores(data, _identity, random_state, num_train=60, num_test=30)
    names = {key.split(".")[0] for key in result}
    assert names == {"mutual_information_matrix", "accuracy_svm_matrix", "importance_gbt_matrix"}
    assert all(type(value) in (float, int) for value in result.values())
    assert np.isfinite(list(result.values())).all()


def test_points_are_those_of_disentanglement_lib(data_of):
    data, random_state = data_of(_noisy), np.random.RandomState(2)
    points = utils.draw_train_and_test(data, _identity, random_state, 500, 300)
    assert _scores(data, seed=2) == unified.unified_scores(*(array.T for array in points), FAST)
    assert _scores(data, seed=2) != _scores(data, seed=3)


def test_fixed_data_gives_the_scores_of_its_points(data_of):
    factors, observations = data_of(_noisy).sample(400, np.random.RandomState(0))
    result = unified.compute_unified_score_on_fixed_data(observations, factors.T, _identity, 0.6, FAST)
    parts = (observations[:240].T, factors[:240].T, observations[240:].T, factors[240:].T)
    assert result == unified.unified_scores(*parts, FAST)
    with pytest.raises(InputError, match="400 codes and 399 factors"):
        unified.compute_unified_score_on_fixed_data(observations, factors[1:].T, _identity, 0.6, FAST)


def test_constant_codes_have_defined_scores(data_of):
    one = _scores(data_of(lambda factors, noise: np.hstack([0.1 + 0 * noise[:, :1], factors])))
    assert np.isfinite(list(one.values())).all()
    assert one["mutual_information_matrix.modularity.code_0"] == 0.0
    dead = _scores(data_of(lambda factors, noise: 0.1 + 0 * noise))
    assert np.isfinite(list(dead.values())).all()
    assert dead["mutual_information_matrix.mig"] == dead["mutual_information_matrix.sap"] == 0.0


def test_works_without_a_grid(gridless_data):
    result = _scores(gridless_data, num_train=2000, matrix_fns=[unified.mutual_information_matrix])
    assert result["mutual_information_matrix.mig"] > 0.95
    assert result["mutual_information_matrix.max_precision"] == 10


def test_artifact(data_of, tmp_path):
    _scores(data_of(_noisy), artifact_dir=tmp_path)
    with np.load(tmp_path / "unified_scores.npz") as saved:
        assert {name: saved[name].shape for name in saved} == {function.__name__: (6, 4) for function in FAST}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": 0}, "num_train is 0"),
        ({"num_test": 0}, "num_test is 0"),
        ({"matrix_fns": ()}, "expected one name or more"),
        ({"matrix_fns": FAST[:1] * 2}, "expected one name or more"),
        ({"matrix_fns": [lambda *_: np.zeros((6, 3))]}, r"shape \(6, 3\)"),
        ({"matrix_fns": [lambda *_: np.full((6, 4), -1.0)]}, "smallest entry -1.0"),
        ({"matrix_fns": [lambda *_: np.full((6, 4), np.nan)]}, "entries of <lambda> hold 24 values"),
        ({"representation_function": lambda x: x * np.nan}, "NaN"),
    ],
)
def test_bad_arguments_are_told_in_one_line(data_of, options, message):
    data = data_of(_noisy)
    with pytest.raises(InputError, match=message) as error:
        _scores(data, **options)
    assert "\n" not in str(error.value)
