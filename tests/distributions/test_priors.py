import keras
import numpy as np
import pytest
from scipy import stats
from tensorflow_probability import distributions as tfd

from disent_tf.distributions.priors import AnisotropicNormal, LaplacePrior, StandardNormal, StudentT
from disent_tf.errors import InputError

Z = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
VARIANCES = [6.0, 2.0, 1.0]


def round_trip(prior):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior))


def test_standard_normal_density():
    np.testing.assert_allclose(StandardNormal(3).distribution().log_prob(Z), stats.norm.logpdf(Z), rtol=1e-5)


def test_kl_to_standard_normal_is_the_closed_form():
    rng = np.random.default_rng(0)
    mean, log_var = rng.normal(size=(2, 4, 5)).astype(np.float32)
    kl = tfd.kl_divergence(tfd.Normal(mean, np.exp(0.5 * log_var)), StandardNormal(5).distribution())
    np.testing.assert_allclose(kl, 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var), rtol=1e-4, atol=1e-6)


def test_laplace_density():
    distribution = LaplacePrior(3, scale=0.7).distribution()
    np.testing.assert_allclose(distribution.log_prob(Z), stats.laplace.logpdf(Z, scale=0.7), rtol=1e-5)


def test_anisotropic_normal_shares_the_total_variance_out():
    distribution = AnisotropicNormal(3, VARIANCES, variance=2.0).distribution()
    np.testing.assert_allclose(distribution.variance(), 2.0 * 3 * np.array(VARIANCES) / 9, rtol=1e-5)
    np.testing.assert_allclose(AnisotropicNormal(3).distribution().variance(), np.ones(3), rtol=1e-6)


def test_student_t_density():
    scales = np.sqrt(3 * np.array(VARIANCES) / 9)
    distribution = StudentT(3, VARIANCES, df=9.0).distribution()
    np.testing.assert_allclose(distribution.log_prob(Z), stats.t.logpdf(Z, 9, scale=scales), rtol=1e-4)


@pytest.mark.parametrize("prior_class", [AnisotropicNormal, StudentT])
def test_learned_variances_are_trained_and_keep_their_total(prior_class):
    assert not prior_class(3, VARIANCES).trainable_variables
    prior = prior_class(3, VARIANCES, learned=True)
    (logits,) = prior.trainable_variables
    logits.assign([3.0, -1.0, 0.0])
    np.testing.assert_allclose(np.sum(prior.scales() ** 2), 3.0, rtol=1e-5)
    assert float(prior.scales()[0] ** 2) == pytest.approx(3 * np.exp(3) / (np.exp(3) + np.exp(-1) + 1), rel=1e-5)


@pytest.mark.parametrize(
    "prior",
    [
        StandardNormal(3),
        LaplacePrior(3, scale=0.3),
        AnisotropicNormal(3, VARIANCES, variance=2.0, learned=True),
        StudentT(3, VARIANCES, df=4.0, variance=0.5),
    ],
)
def test_survives_serialisation_and_is_float32_under_mixed_precision(prior):
    keras.config.set_dtype_policy("mixed_float16")
    copy = round_trip(prior)
    assert copy.distribution().dtype == "float32"
    np.testing.assert_array_equal(copy.distribution().log_prob(Z), prior.distribution().log_prob(Z))
    assert len(copy.trainable_variables) == len(prior.trainable_variables)


@pytest.mark.parametrize("variances", [[1.0, 2.0], [1.0, 2.0, 0.0], [1.0, 2.0, float("nan")], "abc"])
def test_variances_that_do_not_fit_are_an_error(variances):
    with pytest.raises(InputError, match=r"AnisotropicNormal.variances is .*; expected 3 positive numbers"):
        AnisotropicNormal(3, variances)


def test_numbers_out_of_range_are_an_error():
    with pytest.raises(InputError, match=r"LaplacePrior.scale is 0; expected a number above 0"):
        LaplacePrior(3, scale=0)
    with pytest.raises(InputError, match=r"StudentT.df is -1.0; expected a number above 0"):
        StudentT(3, df=-1.0)
