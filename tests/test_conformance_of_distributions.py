"""Every class of model with every posterior and every likelihood: a step, a configuration, a saved model, an export."""

import gin
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.errors import InputError
from disent_tf.export import save_endpoints
from tests import conformance, tiny
from tests.test_conformance import FIRSTS, each

VARIANTS = each(sorted(FIRSTS))
NETWORKS = ["burgess", "locatello", "fc", "kulkarni"]
POSTERIORS = {
    "FullCovarianceNormal": [f"{name}_encoder.num_parameters = 9" for name in NETWORKS],
    "LaplacePosterior": [],
    "DiagonalNormal": ["DiagonalNormal.scale = 'softplus'"],
}
LIKELIHOODS = {
    "ContinuousBernoulli": [],
    "GaussianLikelihood": [
        "GaussianLikelihood.scale = 'decoded'",
        *(f"{name}_decoder.num_parameters = 2" for name in NETWORKS),
    ],
    "LaplaceLikelihood": ["LaplaceLikelihood.scale = 'learned'"],
    "Categorical": ["Categorical.num_levels = 4", *(f"{name}_decoder.num_parameters = 4" for name in NETWORKS)],
}


def load(gin_file, part, name, bindings):
    conformance.load(gin_file)
    model_class = gin.query_parameter("train.model").selector.rpartition(".")[2]
    conformance.load(gin_file, f"{model_class}.{part} = @{name}()", *bindings)
    return model_class


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("name", VARIANTS)
def test_posterior(name, posterior, tmp_path):
    model_class = load(name, "posterior", posterior, POSTERIORS[posterior])
    if model_class in ("AdaGVAE", "AdaMLVAE", "GroupVAE"):
        with pytest.raises(InputError, match="averages the means and variances of posteriors"):
            conformance.build()
        return
    model = conformance.build()
    conformance.check_steps(model, run_eagerly=True)
    conformance.check_config(model)
    conformance.check_saves(model, tmp_path / "model.keras")


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("name", VARIANTS)
def test_likelihood(name, likelihood, tmp_path):
    load(name, "likelihood", likelihood, LIKELIHOODS[likelihood])
    model = conformance.build()
    conformance.check_steps(model, run_eagerly=True)
    conformance.check_config(model)
    conformance.check_saves(model, tmp_path / "model.keras")


@pytest.mark.parametrize("posterior", POSTERIORS)
def test_export_of_a_posterior(posterior, tmp_path):
    load("vae.gin", "posterior", posterior, POSTERIORS[posterior])
    model = conformance.build()
    save_endpoints(model, tmp_path / "export")
    export = tf.saved_model.load(str(tmp_path / "export"))
    served = export.encode(tiny.images())
    posterior = model.encode(tiny.images())
    np.testing.assert_allclose(served["mean"], posterior.mean(), atol=1e-6)
    np.testing.assert_allclose(np.exp(served["log_var"]), posterior.variance(), rtol=1e-4)
    if "covariance" in served:
        np.testing.assert_allclose(served["covariance"], posterior.covariance(), rtol=1e-4, atol=1e-6)
    assert ("covariance" in served) == (len(posterior.event_shape) == 1)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_export_of_a_likelihood(likelihood, tmp_path):
    load("vae.gin", "likelihood", likelihood, LIKELIHOODS[likelihood])
    conformance.check_exports(conformance.build(), tmp_path / "export")
