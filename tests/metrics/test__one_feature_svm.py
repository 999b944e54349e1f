import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.svm import LinearSVC

from disent_tf.metrics import _one_feature_svm


def _points(num_classes, *, num_points=600, scale=1.0, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(num_points) ** 2 % num_classes)  # Classes of different sizes.
    classes = np.unique(classes, return_inverse=True)[1]
    x = scale * (classes + rng.normal(size=num_points)) + shift
    order = np.argsort(x)
    return x[order], classes[order]


def _loss(line, x, signs, weights):
    slope, intercept = line
    return (slope**2 + intercept**2) / 2 + np.sum(weights * np.maximum(0, 1 - signs * (slope * x + intercept)) ** 2)


@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (0.01, 0.0), (30.0, -5.0), (1.0, 40.0)])
def test_no_line_has_a_smaller_loss(num_classes, scale, shift):
    x, classes = _points(num_classes, scale=scale, shift=shift)
    lines = _one_feature_svm.fit(x, classes, 0.01)
    counts = np.bincount(classes)
    balanced = 0.01 * len(x) / (len(counts) * counts)
    for k in range(len(counts)):
        others = 0.01 if len(counts) > 2 else balanced[1 - k]
        arguments = (x, np.where(classes == k, 1, -1), np.where(classes == k, balanced[k], others))
        line = np.array([lines.slopes[k], lines.intercepts[k]])
        best = minimize(_loss, line, arguments, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12})
        assert _loss(line, *arguments) <= best.fun + 1e-9
        step = 1e-3 * np.array([1 / (abs(scale) + abs(shift)), 1.0])
        for direction in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            assert _loss(line, *arguments) < _loss(line + step * direction, *arguments)


@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize("C", [0.01, 10.0])
def test_predicts_what_scikit_learn_does(num_classes, C):
    x, classes = _points(num_classes, seed=1)
    reference = LinearSVC(C=C, class_weight="balanced", dual=False, tol=1e-10, max_iter=10_000)
    reference.fit(x[:, None], classes)
    lines = _one_feature_svm.fit(x, classes, C)
    slopes, intercepts = (part[-len(reference.coef_) :] for part in lines)  # Of two classes it keeps the second.
    np.testing.assert_allclose(slopes, reference.coef_[:, 0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(intercepts, reference.intercept_, rtol=1e-6, atol=1e-9)
    grid = np.linspace(x[0] - 1, x[-1] + 1, 997)
    np.testing.assert_array_equal(_one_feature_svm.predict(lines, grid), reference.predict(grid[:, None]))


def test_lines_of_a_feature_far_from_zero():
    x, classes = _points(3, shift=1e5)
    reference = LinearSVC(C=0.01, class_weight="balanced", dual=False, tol=1e-12, max_iter=100_000)
    predicted = _one_feature_svm.predict(_one_feature_svm.fit(x, classes, 0.01), x)
    assert np.mean(predicted == reference.fit(x[:, None], classes).predict(x[:, None])) > 0.99


@pytest.mark.parametrize("value", [0.0, 0.1, -7.0])
def test_constant_feature_names_the_largest_class(value):
    classes = np.repeat([0, 1, 2], [30, 50, 40])
    lines = _one_feature_svm.fit(np.full(120, value), classes, 0.01)
    np.testing.assert_array_equal(_one_feature_svm.predict(lines, np.full(4, value)), 1)


def test_separable_classes():
    x, classes = np.arange(40.0), np.repeat([0, 1], 20)
    np.testing.assert_array_equal(_one_feature_svm.predict(_one_feature_svm.fit(x, classes, 1000.0), x), classes)
