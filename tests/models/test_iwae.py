"""The importance-weighted bound against a linear normal model, whose log p(x) is known."""

import keras
import numpy as np
import pytest
from scipy import stats

from disent_tf.distributions.likelihoods import GaussianLikelihood
from disent_tf.errors import InputError
from disent_tf.models import VAE
from disent_tf.models.iwae import compute_iwae_bound, iwae_bound
from tests import tiny

RNG = np.random.default_rng(0)
LOADINGS = RNG.normal(size=(2, 4)).astype(np.float32)
NOISE = 0.5
X = RNG.normal(size=(6, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def linear():
    """x = Wᵀz + noise: p(x) is normal. The posterior is off on purpose, N(0.1 Σx, 0.8²)."""
    inputs, codes = keras.Input((4,)), keras.Input((2,))
    encoder = keras.Model(inputs, keras.layers.Dense(4, name="posterior")(inputs))
    decoder = keras.Model(codes, keras.layers.Dense(4, use_bias=False)(codes))
    kernel = np.zeros((4, 4), np.float32)
    kernel[:, :2] = 0.1
    encoder.set_weights([kernel, np.array([0.0, 0.0, *[2 * np.log(0.8)] * 2], np.float32)])
    decoder.set_weights([LOADINGS])
    return VAE(encoder, decoder, likelihood=GaussianLikelihood(NOISE))


def log_evidence():
    return stats.multivariate_normal(np.zeros(4), LOADINGS.T @ LOADINGS + NOISE**2 * np.eye(4)).logpdf(X)


def test_many_samples_approach_the_evidence(linear):
    np.testing.assert_allclose(iwae_bound(linear, X, 20_000, seed=0), log_evidence(), atol=0.1)


def test_bound_grows_with_the_samples_from_the_elbo_to_the_evidence(linear):
    images = np.repeat(X, 300, axis=0)
    elbo, few, many = (iwae_bound(linear, images, num).mean() for num in (1, 5, 100))
    assert elbo < few < many < log_evidence().mean() + 0.02
    posterior = linear.encode(X)
    kl = 0.5 * (posterior.mean() ** 2 + 0.8**2 - 1 - 2 * np.log(0.8)).numpy().sum(axis=1)
    residual = X - posterior.mean().numpy() @ LOADINGS
    expected = -0.5 * (residual**2).sum(axis=1) / NOISE**2 - 4 * np.log(NOISE * np.sqrt(2 * np.pi))
    expected -= 0.5 * 0.8**2 * (LOADINGS**2).sum() / NOISE**2 + kl
    assert elbo == pytest.approx(expected.mean(), abs=1.0)  # Standard error about 0.25.


def test_samples_in_several_calls_are_one_bound(linear):
    # 130 samples are two calls of 64 and one of 2; what they estimate does not depend on that.
    images = np.repeat(X[:1], 500, axis=0)
    assert iwae_bound(linear, images, 130).mean() == pytest.approx(iwae_bound(linear, images, 128).mean(), abs=0.05)


def test_metric_reports_bound_elbo_and_settings():
    model = VAE(**tiny.networks())
    result = compute_iwae_bound(model, tiny.Squares(), np.random.RandomState(0), num_images=20, num_samples=10)
    again = compute_iwae_bound(model, tiny.Squares(), np.random.RandomState(0), num_images=20, num_samples=10)
    assert result == again
    assert result["elbo"] < result["iwae_bound"] < 0
    assert result["iwae_bound_standard_error"] > 0
    assert (result["num_images"], result["num_samples"]) == (20, 10)


def test_no_samples_are_an_error(linear):
    with pytest.raises(InputError, match="num_samples is 0"):
        iwae_bound(linear, X, 0)
