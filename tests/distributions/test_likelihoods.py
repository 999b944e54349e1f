import keras
import numpy as np

from disent_tf.distributions.likelihoods import Bernoulli

LOGITS = np.random.default_rng(0).normal(scale=5.0, size=(3, 2, 2, 1)).astype(np.float32)


def test_bernoulli_log_prob_is_the_closed_form():
    x = np.array([0, 1, 1, 0] * 3, np.float32).reshape(LOGITS.shape)
    p = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    expected = np.where(x == 1, np.log(p), np.log1p(-p)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(Bernoulli().log_prob(LOGITS, x), expected, rtol=1e-5)


def test_bernoulli_log_prob_equals_that_of_its_distribution():
    x = np.random.default_rng(1).random(LOGITS.shape).astype(np.float32)  # Grey values too.
    likelihood = Bernoulli()
    np.testing.assert_allclose(likelihood.log_prob(LOGITS, x), likelihood.distribution(LOGITS).log_prob(x), rtol=1e-5)


def test_bernoulli_is_finite_for_extreme_logits():
    x = np.array([[[[0.0]]], [[[1.0]]]], np.float32)
    logits = np.array([[[[-1e4]]], [[[-1e4]]]], np.float32)
    np.testing.assert_allclose(Bernoulli().log_prob(logits, x), [0.0, -1e4])


def test_bernoulli_mean_is_the_sigmoid():
    np.testing.assert_allclose(Bernoulli().mean(LOGITS), 1 / (1 + np.exp(-LOGITS)), rtol=1e-5)


def test_survives_serialisation():
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(Bernoulli(name="pixels")))
    assert isinstance(copy, Bernoulli)
    assert copy.name == "pixels"
