import keras
import numpy as np
from scipy import stats
from tensorflow_probability import distributions as tfd

from disent_tf.distributions.priors import StandardNormal


def test_standard_normal_density():
    z = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    np.testing.assert_allclose(StandardNormal(5).distribution().log_prob(z), stats.norm.logpdf(z), rtol=1e-5)


def test_kl_to_standard_normal_is_the_closed_form():
    rng = np.random.default_rng(0)
    mean, log_var = rng.normal(size=(2, 4, 5)).astype(np.float32)
    kl = tfd.kl_divergence(tfd.Normal(mean, np.exp(0.5 * log_var)), StandardNormal(5).distribution())
    np.testing.assert_allclose(kl, 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var), rtol=1e-4, atol=1e-6)


def test_is_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    assert StandardNormal(2).distribution().dtype == "float32"


def test_survives_serialisation():
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(StandardNormal(7)))
    assert copy.distribution().batch_shape == (7,)
