import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeRegressor

from disent_tf.metrics import _boosted_trees, _boosting, _predictors
from disent_tf.metrics._boosting import HistogramBoostingClassifier


def _points(num_points, num_classes, seed=0):
    """Returns codes, the first of which tells the label with some noise, and labels."""
    random_state = np.random.RandomState(seed)
    codes = random_state.standard_normal((num_points, 5))
    noisy = codes[:, 0] + 0.5 * random_state.standard_normal(num_points)
    return codes, np.digitize(noisy, np.quantile(noisy, np.arange(1, num_classes) / num_classes))


def _grow(codes, residuals, max_bins=256):
    return _boosted_trees.SortedCodes(_boosted_trees.Splits(codes).ranks(codes), max_bins).grow(residuals)


def _reference(codes, residuals):
    return [DecisionTreeRegressor(max_depth=3, random_state=0).fit(codes, row) for row in residuals]


def _decrease(tree):
    return tree.tree_.compute_feature_importances(normalize=False).sum()


@pytest.mark.parametrize("distinct", [None, 7])
def test_trees_are_those_of_scikit_learn_where_every_split_is_searched(distinct):
    random_state = np.random.RandomState(0)
    codes, residuals = random_state.standard_normal((250, 4)), random_state.standard_normal((6, 250))
    if distinct:
        codes = np.round(codes * distinct / 6)
    growth = _grow(codes, residuals)
    expected = _reference(codes, residuals)
    assert growth.importances.sum() == pytest.approx(sum(map(_decrease, expected)), rel=1e-4)
    for leaves, tree in zip(growth.leaves, expected, strict=True):
        reference = tree.apply(codes)
        together = len(np.unique(np.stack([leaves, reference]), axis=1).T)
        assert together == len(np.unique(leaves)) == len(np.unique(reference))


def test_importances_are_the_mean_over_ways_to_break_ties():
    random_state = np.random.RandomState(0)
    code, residuals = random_state.standard_normal((100, 1)), random_state.standard_normal((1, 100))
    codes = np.hstack([code, 2 * code])  # Every split of one is a split of the other.
    importances = _grow(codes, residuals).importances
    assert importances[0] == pytest.approx(importances[1])
    trees = [DecisionTreeRegressor(max_depth=3, random_state=seed).fit(codes, residuals[0]) for seed in range(200)]
    lots = np.mean([tree.tree_.compute_feature_importances(normalize=False) for tree in trees], axis=0)
    np.testing.assert_allclose(importances, lots, rtol=0.15)


@pytest.mark.parametrize("max_bins", [16, 64, 256])
def test_trees_on_bins_are_nearly_as_good_as_on_all_splits(max_bins):
    random_state = np.random.RandomState(1)
    codes, residuals = random_state.standard_normal((2000, 5)), random_state.standard_normal((8, 2000))
    residuals += codes[:, 0] > 1.2
    expected = sum(map(_decrease, _reference(codes, residuals)))
    decrease = _grow(codes, residuals, max_bins).importances.sum()
    assert 0.97 * expected < decrease < 1.02 * expected


def test_a_value_that_many_points_share_has_its_own_bin():
    codes = np.maximum(np.random.RandomState(0).standard_normal((3000, 1)), 0)  # Half of them 0.
    residuals = (codes[:, 0] > 0)[None] - 0.5
    growth = _grow(codes, residuals, 16)
    assert growth.importances.sum() == pytest.approx(np.var(residuals), rel=1e-5)  # The first split tells all.


def test_leaves_of_other_points():
    codes, residuals = np.arange(8.0)[:, None], np.array([[0, 0, 0, 0, 5, 5, 9, 9.0]])
    splits = _boosted_trees.Splits(codes)
    trees = _boosted_trees.SortedCodes(splits.ranks(codes), 256).grow(residuals).trees
    leaves = _boosted_trees.leaves(trees, splits.ranks(np.array([[-10.0], [3.4], [3.6], [5.4], [5.6], [99.0]])))[0]
    groups = [leaves[0] == leaves[1], leaves[1] == leaves[2], leaves[2] == leaves[3], leaves[3] == leaves[4]]
    assert [*groups, leaves[4] == leaves[5]] == [True, False, True, False, True]


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_first_round_is_that_of_scikit_learn(num_classes):
    codes, labels = _points(1000, num_classes)
    ours = HistogramBoostingClassifier(num_rounds=1, max_bins=1000).fit(codes, labels)
    theirs = GradientBoostingClassifier(n_estimators=1, random_state=0).fit(codes, labels)
    difference = np.abs(ours.predict_proba(codes) - theirs.predict_proba(codes))
    assert np.mean(difference < 1e-6) > 0.9  # The others: equally good splits, of which there are many in this round.
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("num_classes", [2, 3, 5])
def test_all_rounds_are_close_to_scikit_learn(num_classes):
    codes, labels = _points(800, num_classes)
    others, other_labels = _points(2000, num_classes, seed=1)
    ours = HistogramBoostingClassifier().fit(codes, labels)
    theirs = GradientBoostingClassifier(random_state=0).fit(codes, labels)
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=0.02)
    accuracies = [np.mean(model.predict(others) == other_labels) for model in (ours, theirs)]
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.02)
    assert np.mean(np.abs(ours.predict_proba(others) - theirs.predict_proba(others))) < 0.04


@pytest.mark.parametrize("setting", ["a_identity", "b_noisy", "c_rotated", "d_permuted", "f_noise", "h_merged"])
def test_golden_importances(golden, setting):
    codes, factors, _, expected = golden.exact("small", setting)
    expected = expected["dci_gbt"]["np_seed_0"]
    model = HistogramBoostingClassifier().fit(codes.T, factors[3])
    tolerance = 0.04 if setting == "d_permuted" else 0.025  # Its copy of a code takes a share by lot in the reference.
    reference = np.array(expected["importance_matrix"])[:, 3]
    np.testing.assert_allclose(model.feature_importances_, reference, atol=tolerance)


def test_copies_of_a_code_share_its_importance():
    codes, labels = _points(500, 3)
    model = HistogramBoostingClassifier(num_rounds=10).fit(np.hstack([codes, -3 * codes]), labels)
    np.testing.assert_allclose(model.feature_importances_[:5], model.feature_importances_[5:], rtol=0.02, atol=2e-3)


def test_order_and_scale_of_codes_do_not_matter():
    codes, labels = _points(700, 4)
    model = HistogramBoostingClassifier(num_rounds=5).fit(codes, labels)
    other = HistogramBoostingClassifier(num_rounds=5).fit(4 * codes[:, ::-1], labels)
    np.testing.assert_allclose(model.feature_importances_, other.feature_importances_[::-1], atol=0.005)
    np.testing.assert_array_equal(model.predict(codes) == labels, other.predict(4 * codes[:, ::-1]) == labels)


def test_blocks_of_trees_do_not_matter(monkeypatch):
    codes, labels = _points(500, 7)
    whole = HistogramBoostingClassifier(num_rounds=3).fit(codes, labels)
    monkeypatch.setattr(_boosting, "_TREES_AT_ONCE", 3)
    blocks = HistogramBoostingClassifier(num_rounds=3).fit(codes, labels)
    np.testing.assert_allclose(blocks.predict_proba(codes), whole.predict_proba(codes), rtol=1e-6)
    np.testing.assert_allclose(blocks.feature_importances_, whole.feature_importances_, rtol=1e-6)


def test_same_input_same_model():
    codes, labels = _points(600, 4)
    models = [HistogramBoostingClassifier(num_rounds=4).fit(codes, labels) for _ in range(2)]
    np.testing.assert_array_equal(models[0].predict_proba(codes), models[1].predict_proba(codes))
    np.testing.assert_array_equal(models[0].feature_importances_, models[1].feature_importances_)


def test_constant_codes_tell_nothing():
    codes, labels = _points(300, 3)
    model = HistogramBoostingClassifier(num_rounds=5).fit(np.hstack([codes, np.full((300, 1), 0.1)]), labels)
    assert model.feature_importances_[5] == 0
    dead = HistogramBoostingClassifier(num_rounds=5).fit(np.full((300, 2), 0.1), [0] * 200 + [3] * 60 + [5] * 40)
    np.testing.assert_array_equal(dead.feature_importances_, [0, 0])
    assert set(dead.predict(codes[:, :2])) == {0}
    np.testing.assert_allclose(dead.predict_proba(codes[:1, :2])[0], [2 / 3, 0.2, 2 / 15])


def test_code_that_is_the_label():
    labels = np.repeat([2, 5, 9], 30)
    model = HistogramBoostingClassifier().fit(labels[:, None] * [[1.0, 0.0]], labels)
    np.testing.assert_array_equal(model.predict(np.array([[2, 1], [5, 1], [9, 1], [99, 0.0]])), [2, 5, 9, 9])
    np.testing.assert_array_equal(model.feature_importances_, [1, 0])
    assert np.isfinite(model.predict_proba(np.array([[5.0, 0]]))).all()


def test_two_points():
    model = HistogramBoostingClassifier().fit(np.array([[0.0], [1.0]]), np.array([4, 7]))
    np.testing.assert_array_equal(model.predict(np.array([[0.4], [0.6]])), [4, 7])


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="one class"):
        HistogramBoostingClassifier().fit(np.zeros((3, 1)), np.zeros(3))


def test_it_is_an_estimator():
    model = HistogramBoostingClassifier(num_rounds=2, max_bins=10)
    assert clone(model).get_params() == {"num_rounds": 2, "learning_rate": 0.1, "max_bins": 10}
    codes, labels = _points(100, 3)
    copy = pickle.loads(pickle.dumps(model.fit(codes, labels)))
    np.testing.assert_array_equal(copy.predict(codes), model.predict(codes))
    assert model.score(codes, labels) == np.mean(model.predict(codes) == labels)


def test_factory():
    assert _predictors.histogram_boosting_classifier().get_params() == HistogramBoostingClassifier().get_params()
