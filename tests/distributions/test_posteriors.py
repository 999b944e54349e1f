import keras
import numpy as np
import pytest
from scipy import stats

from disent_tf.distributions.posteriors import DiagonalNormal, FullCovarianceNormal, LaplacePosterior
from disent_tf.errors import InputError

PARAMETERS = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
MEAN, RAW = np.split(PARAMETERS, 2, axis=1)
Z = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)


def test_diagonal_normal_reads_log_variances():
    posterior = DiagonalNormal().distribution(PARAMETERS)
    np.testing.assert_allclose(posterior.log_prob(Z), stats.norm.logpdf(Z, MEAN, np.exp(RAW / 2)), rtol=1e-4)
    assert DiagonalNormal().num_parameters(3) == 6


def test_diagonal_normal_reads_softplus_scales():
    posterior = DiagonalNormal("softplus").distribution(PARAMETERS)
    np.testing.assert_allclose(posterior.stddev(), np.log1p(np.exp(RAW)) + 1e-6, rtol=1e-5)
    narrow = DiagonalNormal("softplus").distribution(np.full((1, 2), -200.0, np.float32))
    assert float(narrow.stddev()[0, 0]) == pytest.approx(1e-6)


def test_laplace_posterior():
    posterior = LaplacePosterior().distribution(PARAMETERS)
    np.testing.assert_allclose(posterior.log_prob(Z), stats.laplace.logpdf(Z, MEAN, np.exp(RAW / 2)), rtol=1e-4)


@pytest.mark.parametrize("latent_dim", [1, 2, 3, 10, 50])
def test_full_covariance_is_a_valid_normal_at_every_size(latent_dim):
    posterior = FullCovarianceNormal()
    num = posterior.num_parameters(latent_dim)
    parameters = np.random.default_rng(0).normal(scale=0.2, size=(2, num)).astype(np.float32)
    distribution = posterior.distribution(parameters)
    assert distribution.event_shape == (latent_dim,)
    np.testing.assert_array_equal(distribution.mean(), parameters[:, :latent_dim])
    assert np.linalg.eigvalsh(distribution.covariance()).min() > 0
    z = np.zeros(latent_dim, np.float32)
    expected = stats.multivariate_normal(distribution.mean()[0], distribution.covariance()[0]).logpdf(z)
    assert float(distribution.log_prob(z)[0]) == pytest.approx(expected, rel=1e-2)


def test_full_covariance_samples_are_correlated():
    parameters = np.array([[1.0, -1.0, 0.5, 2.0, 0.5]], np.float32)
    distribution = FullCovarianceNormal().distribution(parameters)
    z = distribution.sample(100_000, seed=(0, 1))[:, 0].numpy()
    np.testing.assert_allclose(np.cov(z.T), distribution.covariance()[0], rtol=0.03)
    assert abs(np.corrcoef(z.T)[0, 1]) > 0.5


@pytest.mark.parametrize("posterior", [DiagonalNormal("softplus"), LaplacePosterior(), FullCovarianceNormal()])
def test_survives_serialisation_and_is_float32_under_mixed_precision(posterior):
    keras.config.set_dtype_policy("mixed_float16")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(posterior))
    parameters = np.ones((1, posterior.num_parameters(2)), np.float16)
    assert copy.distribution(parameters).dtype == "float32"
    np.testing.assert_array_equal(copy.distribution(parameters).mean(), posterior.distribution(parameters).mean())
    assert copy.get_config() == posterior.get_config()


def test_unknown_scale_is_an_error():
    with pytest.raises(InputError, match=r"DiagonalNormal.scale is 'sigma'; expected one of 'log_var', 'softplus'"):
        DiagonalNormal("sigma")
