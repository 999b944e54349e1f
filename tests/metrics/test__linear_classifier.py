import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from disent_tf.metrics import _linear_classifier
from disent_tf.metrics._linear_classifier import Examples


def _examples(num, seed=0, noise=1.0):
    state = np.random.RandomState(seed)
    features = state.rand(num, 4)
    return Examples(features, np.argmax(4 * features[:, :3] + noise * state.gumbel(size=(num, 3)), axis=1))


def _fit(train, validation, **options):
    settings = {"learning_rate": 0.01, "patience": 20, "max_epochs": 5000} | options
    return _linear_classifier.fit_by_adam(train, validation, 3, **settings)


def _loss(weights, examples):
    logits = examples.features @ weights.kernel + weights.bias
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -logits[np.arange(len(logits)), examples.labels].mean()


def _adam_step_by_step(train, learning_rate, num_epochs):
    """Adam read plainly, on all parameters as one vector."""
    x = np.hstack([train.features, np.ones((len(train.features), 1))])
    w, m, v = (np.zeros((5, 3)) for _ in range(3))
    for t in range(1, num_epochs + 1):
        p = np.exp(x @ w)
        p /= p.sum(axis=1, keepdims=True)
        g = x.T @ (p - np.eye(3)[train.labels]) / len(x)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w -= learning_rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def test_steps_are_those_of_adam():
    train = _examples(500)
    trained = _fit(train, train, max_epochs=50)
    expected = _adam_step_by_step(train, 0.01, 50)
    # TensorFlow, which the authors used, adds epsilon before the correction of the bias.
    np.testing.assert_allclose(np.vstack([trained.last.kernel, trained.last.bias]), expected, atol=1e-5)
    assert trained.num_epochs == 50


def test_arrives_at_the_optimum():
    train = _examples(2000)
    trained = _fit(train, train)
    optimum = LogisticRegression(C=1e6, max_iter=1000).fit(train.features, train.labels)
    expected = _loss(_linear_classifier.Weights(optimum.coef_.T, optimum.intercept_), train)
    assert trained.validation_loss == pytest.approx(expected, rel=1e-4)
    assert trained.num_epochs < 5000


def test_stops_after_patience_and_remembers_the_best():
    train, validation = _examples(12, noise=2.0), _examples(2000, seed=1, noise=2.0)
    trained = _fit(train, validation, learning_rate=0.1)
    assert trained.num_epochs < 500
    assert _loss(trained.best, validation) == pytest.approx(trained.validation_loss, rel=1e-5)
    assert _loss(trained.last, validation) > trained.validation_loss
    assert _loss(trained.last, train) < _loss(trained.best, train)
    shorter = _fit(train, validation, learning_rate=0.1, patience=5)
    assert trained.num_epochs - shorter.num_epochs == 15  # The best epoch is the same.


def test_order_of_features_has_no_say():
    train, validation = _examples(300), _examples(100, seed=1)
    order = [2, 0, 3, 1]
    shuffled = [Examples(part.features[:, order], part.labels) for part in (train, validation)]
    first, second = _fit(train, validation), _fit(*shuffled)
    np.testing.assert_allclose(first.last.kernel[order], second.last.kernel, atol=1e-9)
    assert first.num_epochs == second.num_epochs


def test_accuracy_counts_hits():
    weights = _linear_classifier.Weights(np.eye(2), np.array([0.0, 0.5]))
    examples = Examples(np.array([[1.0, 0.0], [0.4, 0.0], [0.0, 1.0]]), np.array([0, 0, 1]))
    assert _linear_classifier.accuracy(weights, examples) == pytest.approx(2 / 3)


def test_separable_classes_converge_without_a_warning():
    features = np.linspace(-1, 1, 50)[:, None]
    examples = Examples(features, (features[:, 0] > 0).astype(int))
    assert _linear_classifier.accuracies_at_convergence(examples, examples, 1e-6) == (1.0, 1.0)
