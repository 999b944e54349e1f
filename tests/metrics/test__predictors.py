import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.tree import DecisionTreeClassifier

from disent_tf.errors import InputError
from disent_tf.metrics import _predictors, utils


def _points(num_points=300, num_codes=4, seed=0):
    """Returns codes and factors: two that hang on a code each, one that is constant."""
    codes = np.random.RandomState(seed).standard_normal((num_points, num_codes))
    factors = [np.digitize(codes[:, 0], [-0.5, 0.5]), (codes[:, 1] > 0) + 4, np.full(num_points, 7)]
    return codes, np.stack(factors, axis=1)


def _randomized_tree():
    return DecisionTreeClassifier(max_depth=3, splitter="random")


def _predictions(models, codes):
    return np.stack([model.predict(codes) for model in models], axis=1)


def test_classifiers_of_disentanglement_lib():
    assert _predictors.gradient_boosting_classifier().get_params() == GradientBoostingClassifier().get_params()
    expected = LogisticRegressionCV(Cs=10).get_params()
    regression = _predictors.logistic_regression_cv().get_params()
    folds = regression.pop("cv")
    assert (folds.n_splits, folds.shuffle, regression.pop("scoring")) == (5, False, "accuracy")
    assert regression == {key: value for key, value in expected.items() if key not in ("cv", "scoring")}


def test_utils_has_the_names_of_disentanglement_lib():
    for name in ("gradient_boosting_classifier", "logistic_regression_cv", "histogram_boosting_classifier"):
        assert getattr(utils, name) is getattr(_predictors, name)


def test_gin_knows_the_factories(clean_gin):
    for name in ("gradient_boosting_classifier", "logistic_regression_cv", "histogram_boosting_classifier"):
        assert type(clean_gin.get_configurable(name)()) is type(getattr(_predictors, name)())


def test_every_factor_has_its_model():
    codes, factors = _points()
    models = _predictors.fit_per_factor(_randomized_tree, codes, factors, np.random.RandomState(0))
    assert [list(model.classes_) for model in models] == [[0, 1, 2], [4, 5], [7]]
    importances = _predictors.importance_matrix(models)
    assert importances.shape == (4, 3)
    np.testing.assert_allclose(importances.sum(axis=0), [1, 1, 0])


@pytest.mark.parametrize("factory", [_randomized_tree, _predictors.logistic_regression_cv])
def test_number_of_jobs_does_not_matter(monkeypatch, factory):
    monkeypatch.setattr(_predictors, "_SERIAL_WORK", 0)
    codes, factors = _points()
    one, two = (
        _predictors.fit_per_factor(factory, codes, factors, np.random.RandomState(3), num_jobs=jobs) for jobs in (1, 2)
    )
    np.testing.assert_array_equal(_predictions(one, codes), _predictions(two, codes))
    scores = [_predictors.accuracies(models, codes, factors, jobs) for models, jobs in ((one, 1), (two, 2))]
    np.testing.assert_array_equal(*scores)
    assert scores[0][2] == 1


def test_seed_decides_what_is_random_and_the_global_state_does_not():
    codes, factors = _points()
    fit = [
        _predictors.fit_per_factor(_randomized_tree, codes, factors, np.random.RandomState(seed)) for seed in (0, 0, 1)
    ]
    matrices = [_predictors.importance_matrix(models) for models in fit]
    np.testing.assert_array_equal(matrices[0], matrices[1])
    assert np.any(matrices[0] != matrices[2])


def test_boosted_trees_are_those_of_fitting_one_after_the_other(monkeypatch):
    monkeypatch.setattr(_predictors, "_SERIAL_WORK", 0)  # Two processes, which share no random state.
    codes, factors = _points()
    codes = np.repeat(codes, 2, axis=1)  # Equal splits: what is drawn decides between the copies.
    ours, theirs = np.random.RandomState(5), np.random.RandomState(5)
    models = _predictors.fit_per_factor(_predictors.gradient_boosting_classifier, codes, factors, ours, 2)
    for model, labels in zip(models[:2], factors.T[:2], strict=True):  # The third factor is constant.
        serial = GradientBoostingClassifier(random_state=theirs).fit(codes, labels)
        np.testing.assert_array_equal(model.feature_importances_, serial.feature_importances_)
    assert ours.randint(2**31) == theirs.randint(2**31)


def test_golden_importances_of_the_first_factor(golden):
    codes, factors, _, expected = golden.exact("small", "b_noisy")
    model = _predictors.fit_per_factor(
        _predictors.gradient_boosting_classifier, codes.T, factors[:1].T, np.random.RandomState(0)
    )
    reference = np.array(expected["dci_gbt"]["np_seed_0"]["importance_matrix"])[:, :1]
    np.testing.assert_allclose(_predictors.importance_matrix(model), reference, rtol=1e-9)  # Seeded alike.


def test_accuracy_is_the_share_of_points():
    models = [_predictors.ConstantPredictor(2, 1), _predictors.ConstantPredictor(5, 1)]
    factors = np.array([[2, 0], [2, 5], [3, 0], [2, 0]])
    np.testing.assert_array_equal(_predictors.accuracies(models, np.zeros((4, 1)), factors), [0.75, 0.25])


def test_class_that_is_missing_in_train_or_test():
    codes, factors = _points()
    train = factors[:, :1]
    models = _predictors.fit_per_factor(
        _predictors.histogram_boosting_classifier, codes, train, np.random.RandomState(0)
    )
    unseen = _predictors.accuracies(models, codes, np.full_like(train, 9))
    some = _predictors.accuracies(models, codes[train[:, 0] == 1], train[train[:, 0] == 1])
    assert (unseen[0], some[0]) == (0, 1)


def test_regression_where_a_fold_lacks_a_class():
    codes, _ = _points(20)
    models = _predictors.fit_per_factor(
        _predictors.logistic_regression_cv, codes, np.arange(20)[:, None] // 18, np.random.RandomState(0)
    )
    assert _predictors.accuracies(models, codes, np.arange(20)[:, None] // 18)[0] >= 0.9


def test_one_point():
    models = _predictors.fit_per_factor(
        _predictors.logistic_regression_cv, np.zeros((1, 2)), np.array([[3, 4]]), np.random.RandomState(0)
    )
    np.testing.assert_array_equal(_predictions(models, np.ones((2, 2))), [[3, 4], [3, 4]])


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), "3 codes and 4 factors"),
        (np.full((3, 2), np.inf), np.zeros((3, 2)), "NaN or infinite"),
        (np.zeros((3, 2)), np.array([[0.5], [1], [2]]), "factors hold fractions"),
        (np.zeros((3, 2)), np.array([[0], [1], [1]]), "LogisticRegressionCV cannot be fitted to 3 points"),
    ],
)
def test_bad_input_is_told_in_one_line(codes, factors, message):
    with pytest.raises(InputError, match=message) as error:
        _predictors.fit_per_factor(_predictors.logistic_regression_cv, codes, factors, np.random.RandomState(0))
    assert "\n" not in str(error.value)


def test_no_importances_is_told_in_one_line():
    codes, factors = _points(20)
    models = _predictors.fit_per_factor(LogisticRegression, codes, factors, np.random.RandomState(0))
    with pytest.raises(InputError, match="LogisticRegression tells no feature_importances_"):
        _predictors.importance_matrix(models)
