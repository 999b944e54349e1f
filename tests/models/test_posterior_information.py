"""AAM, MMIG and MIG of a model's posteriors, against those of its codes."""

import keras
import numpy as np
import pytest

from disent_tf.distributions.posteriors import DiagonalNormal, FullCovarianceNormal, LaplacePosterior
from disent_tf.errors import InputError
from disent_tf.metrics.axis_alignment import axis_alignment
from disent_tf.metrics.posterior_information import quadrature_information
from disent_tf.models import VAE
from disent_tf.models.posterior_information import compute_posterior_information
from tests import tiny


def _compute(model, seed=0, **options):
    return compute_posterior_information(model, tiny.Squares(), np.random.RandomState(seed), **options)


def _linear(posterior=None):
    """A VAE whose codes spread: the encoder is a dense layer with large weights."""
    posterior = posterior or DiagonalNormal()
    images = keras.Input(tiny.IMAGE_SHAPE)
    units = posterior.num_parameters(tiny.LATENT_DIM)
    kernel = keras.initializers.RandomNormal(stddev=0.5, seed=0)
    outputs = keras.layers.Dense(units, kernel_initializer=kernel)(keras.layers.Flatten()(images))
    return VAE(keras.Model(images, outputs), tiny.decoder(), posterior=posterior)


def test_quadrature_is_that_of_the_encoded_grid():
    model = _linear()
    posterior = model.encode(tiny.Squares()[np.arange(32)])
    information = quadrature_information(posterior.loc, 2 * np.log(posterior.scale), (2, 4, 4))
    expected = axis_alignment(information.mutual_information, information.entropy)
    result = _compute(model)
    assert list(result) == ["aam_quadrature", "mmig_quadrature", "mig_quadrature", "num_images"]
    assert result["aam_quadrature"] == pytest.approx(expected.aam, abs=1e-5)
    assert result["mig_quadrature"] == pytest.approx(expected.mig, abs=1e-5) == result["mmig_quadrature"]
    assert expected.mig > 0.01
    assert all(type(value) in (float, int) for value in result.values())


@pytest.mark.parametrize("batch_size", [1, 5, 32])
def test_batches_do_not_change_the_scores(batch_size):
    model = _linear()
    assert _compute(model, batch_size=batch_size) == pytest.approx(_compute(model), abs=1e-5)


def test_samples_estimate_the_same():
    model = _linear()
    quadrature = _compute(model)
    runs = [_compute(model, seed, estimator="samples") for seed in range(30)]
    assert list(runs[0]) == ["aam_samples", "mmig_samples", "mig_samples", "num_images", "num_samples"]
    assert np.mean([run["mig_samples"] for run in runs]) == pytest.approx(quadrature["mig_quadrature"], abs=0.05)
    assert runs[0] == _compute(model, 0, estimator="samples") != runs[1]
    legacy = _compute(model, estimator="samples", legacy=True)
    assert list(legacy)[:3] == ["aam_samples_legacy", "mmig_samples_legacy", "mig_samples_legacy"]
    assert legacy["aam_samples_legacy"] != runs[0]["aam_samples"]


def test_untrained_model_that_knows_nothing_scores_zero():
    model = tiny.vae()
    for variable in model.encoder.trainable_variables:
        variable.assign(0.0 * variable)
    assert _compute(model)["aam_quadrature"] == _compute(model)["mig_quadrature"] == 0.0


def test_posteriors_of_other_kinds():
    assert 0 <= _compute(_linear(DiagonalNormal("softplus")))["mig_quadrature"] <= 1
    assert 0 <= _compute(_linear(FullCovarianceNormal()))["mig_quadrature"] <= 1
    with pytest.raises(InputError, match="the posterior is a Laplace") as error:
        _compute(_linear(LaplacePosterior()))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": "histogram"}, "expected one of 'quadrature', 'samples'"),
        ({"num_samples": 0}, "num_samples is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"legacy": True}, "legacy mixes up samples"),
    ],
)
def test_bad_arguments_are_told_in_one_line(options, message):
    with pytest.raises(InputError, match=message) as error:
        _compute(tiny.vae(), **options)
    assert "\n" not in str(error.value)


def test_data_without_a_full_grid_are_refused():
    class Random(tiny.Squares):
        def sample_observations_from_factors(self, factors, random_state):
            return super().sample_observations_from_factors(factors, random_state) * random_state.rand()

    with pytest.raises(InputError, match="do not say is_full_grid") as error:
        compute_posterior_information(tiny.vae(), Random(), np.random.RandomState(0))
    assert "\n" not in str(error.value)
