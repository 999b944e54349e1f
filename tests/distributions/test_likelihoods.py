import keras
import numpy as np
import pytest
from scipy import special, stats

from disent_tf.distributions.likelihoods import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    GaussianLikelihood,
    LaplaceLikelihood,
)
from disent_tf.errors import InputError

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


X = np.random.default_rng(1).random((3, 2, 2, 1)).astype(np.float32)


def test_gaussian_log_prob_with_each_kind_of_scale():
    fixed = GaussianLikelihood(0.1)
    expected = stats.norm.logpdf(X, LOGITS, 0.1).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(fixed.log_prob(LOGITS, X), expected, rtol=1e-5)
    learned = GaussianLikelihood("learned")
    learned.log_scale.assign(np.log(0.5))
    expected = stats.norm.logpdf(X, LOGITS, 0.5).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(learned.log_prob(LOGITS, X), expected, rtol=1e-5)
    decoded = GaussianLikelihood("decoded")
    raw = np.random.default_rng(2).normal(size=LOGITS.shape).astype(np.float32)
    expected = stats.norm.logpdf(X, LOGITS, np.log1p(np.exp(raw)) + 1e-6).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(decoded.log_prob(np.concatenate([LOGITS, raw], axis=-1), X), expected, rtol=1e-4)
    assert (fixed.num_parameters, learned.num_parameters, decoded.num_parameters) == (1, 1, 2)
    assert len(learned.trainable_variables) == 1


def test_laplace_log_prob_is_the_absolute_error():
    expected = -(np.abs(X - LOGITS) / 0.1 + np.log(0.2)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(LaplaceLikelihood(0.1).log_prob(LOGITS, X), expected, rtol=1e-5)


def test_continuous_bernoulli_is_a_density_on_the_unit_interval():
    logits = np.full((2001, 1, 1, 1), 1.7, np.float32)
    x = np.linspace(0, 1, 2001, dtype=np.float32).reshape(logits.shape)
    density = np.exp(ContinuousBernoulli().log_prob(logits, x))
    assert np.trapezoid(density, dx=1 / 2000) == pytest.approx(1.0, abs=1e-5)
    assert np.trapezoid(density * x.ravel(), dx=1 / 2000) == pytest.approx(
        float(ContinuousBernoulli().mean(logits)[0, 0, 0, 0]), abs=1e-5
    )


def test_categorical_of_colour_images():
    likelihood = Categorical(4)
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 3, 3, 3 * 4)).astype(np.float32)
    levels = rng.integers(4, size=(2, 3, 3, 3))
    x = (levels / 3).astype(np.float32)
    log_softmax = special.log_softmax(logits.reshape(2, 3, 3, 3, 4), axis=-1)
    expected = np.take_along_axis(log_softmax, levels[..., None], axis=-1).sum(axis=(1, 2, 3, 4))
    np.testing.assert_allclose(likelihood.log_prob(logits, x), expected, rtol=1e-5)
    np.testing.assert_allclose(likelihood.distribution(logits).log_prob(x), expected, rtol=1e-5)
    np.testing.assert_allclose(likelihood.log_prob(logits, x + 0.1), expected, rtol=1e-5)  # The nearest level.
    np.testing.assert_allclose(likelihood.mean(logits), np.exp(log_softmax) @ np.linspace(0, 1, 4), rtol=1e-5)


def test_points_in_the_plane_are_events_too():
    mean, x = np.random.default_rng(0).normal(size=(2, 5, 2)).astype(np.float32)
    log_prob = GaussianLikelihood(0.3).log_prob(mean, x)
    np.testing.assert_allclose(log_prob, stats.norm.logpdf(x, mean, 0.3).sum(axis=1), rtol=1e-5)
    assert Bernoulli().log_prob(mean, (x > 0).astype(np.float32)).shape == (5,)


@pytest.mark.parametrize(
    "likelihood",
    [GaussianLikelihood(0.1), GaussianLikelihood("learned"), LaplaceLikelihood("decoded"), Categorical(8)],
)
def test_parameters_survive_serialisation(likelihood):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(likelihood))
    assert copy.get_config() == likelihood.get_config()
    assert copy.num_parameters == likelihood.num_parameters


@pytest.mark.parametrize("scale", [0.0, -1, "free", None])
def test_scale_that_is_none_is_an_error(scale):
    with pytest.raises(InputError, match=r"GaussianLikelihood.scale .*; expected a number above 0"):
        GaussianLikelihood(scale)


def test_one_level_is_an_error():
    with pytest.raises(InputError, match="expected at least 2"):
        Categorical(1)
