"""The bound and its parts, against closed forms and what Keras evaluates."""

import keras
import numpy as np
import pytest
from scipy import stats

from disent_tf.distributions.likelihoods import GaussianLikelihood
from disent_tf.distributions.posteriors import LaplacePosterior
from disent_tf.errors import InputError
from disent_tf.models import VAE, AdaGVAE, AnnealedVAE, BetaTCVAE, BetaVAE, InfoVAE
from disent_tf.models.elbo import compute_elbo
from tests import tiny

NATS = ("kl", "log_likelihood", "total_loss", "elbo", "kl_variance")


def _compute(model, seed=0, **options):
    return compute_elbo(model, tiny.Squares(), np.random.RandomState(seed), **({"num_images": 50} | options))


def _known_posterior(mean, sigma):
    """A VAE with one posterior for every image, and a decoder that always gives 0.25 for every pixel."""
    model = VAE(**tiny.networks(), likelihood=GaussianLikelihood(0.5))
    for network in (model.encoder, model.decoder):
        network.set_weights([0.0 * weight for weight in network.get_weights()])
    last = next(layer for layer in reversed(model.encoder.layers) if layer.weights)
    bias = np.concatenate([mean, 2 * np.log(sigma)]).astype(np.float32)
    last.set_weights([last.get_weights()[0], bias])
    return model


def test_closed_forms():
    mean, sigma = np.array([0.0, 1.0, -2.0]), np.array([1.0, 0.5, 0.1])
    model = _known_posterior(mean, sigma)
    kl = 0.5 * (mean**2 + sigma**2 - 1 - 2 * np.log(sigma))
    images = tiny.Squares().sample_observations(50, np.random.RandomState(0))
    decoded = model.decode(np.zeros((1, 3), np.float32)).mean().numpy()
    log_likelihood = stats.norm.logpdf(images, decoded, 0.5).sum() / 50
    result = _compute(model)
    assert result["kl"] == pytest.approx(kl.sum(), rel=1e-5)
    assert result["kl_variance"] == pytest.approx(kl.var(), rel=1e-5)
    assert result["log_likelihood"] == pytest.approx(log_likelihood, rel=1e-5)
    assert result["elbo"] == pytest.approx(log_likelihood - kl.sum(), rel=1e-5)
    assert result["total_loss"] == pytest.approx(kl.sum() - log_likelihood, rel=1e-5)


def test_columns_of_the_table_are_in_thousands_of_nats():
    result = _compute(tiny.vae())
    for name in ("kl", "log_likelihood", "total_loss"):
        assert result[f"table_{name}"] == pytest.approx(result[name] / 1000)
    assert result["table_kl_variance"] == pytest.approx(result["kl_variance"] / 1e6)
    assert (result["num_images"], result["batch_size"]) == (50, 64)
    assert all(type(value) in (float, int) for value in result.values())


@pytest.mark.parametrize("batch_size", [1, 7, 50])
def test_batch_size_does_not_matter(batch_size):
    model = BetaVAE(**tiny.networks(), beta=4.0)
    expected, result = _compute(model), _compute(model, batch_size=batch_size)
    assert [result[name] for name in NATS] == pytest.approx([expected[name] for name in NATS], rel=1e-4)
    assert result["total_loss"] == pytest.approx(4 * result["kl"] - result["log_likelihood"], rel=1e-5)


@pytest.mark.parametrize("batch_size", [7, 50])
def test_batches_of_an_objective_that_sees_them_change_its_loss_only(batch_size):
    model = BetaTCVAE(**tiny.networks(), num_data=32, beta=6.0)
    expected, result = _compute(model, batch_size=25), _compute(model, batch_size=batch_size)
    assert result["elbo"] == pytest.approx(expected["elbo"], rel=1e-5)
    assert result["total_loss"] != pytest.approx(expected["total_loss"], rel=1e-5)


def test_total_loss_is_what_keras_evaluates():
    model = tiny.factor_vae()
    model.compile(optimizer="adam", jit_compile=False)
    images = tiny.Squares().sample_observations(3000, np.random.RandomState(0))
    expected = model.evaluate(images, batch_size=64, verbose=0, return_dict=True)
    result = _compute(model, num_images=3000)
    assert result["total_loss"] == pytest.approx(expected["loss"], rel=0.01)  # Other samples of z.
    assert result["kl"] == pytest.approx(expected["kl"], rel=1e-4)
    assert result["log_likelihood"] == pytest.approx(-expected["reconstruction"], rel=2e-3)


def test_capacity_is_that_of_the_end_of_training():
    result = _compute(AnnealedVAE(**tiny.networks(), gamma=10.0, max_capacity=25.0), batch_size=50)
    assert result["total_loss"] == pytest.approx(10 * (25 - result["kl"]) - result["log_likelihood"], rel=1e-5)


def test_pair_models_are_evaluated_on_single_images():
    result = _compute(AdaGVAE(**tiny.networks(), beta=1.0))
    assert result["total_loss"] == pytest.approx(-result["elbo"], rel=1e-5)


def test_kl_without_a_closed_form_says_so():
    result = _compute(VAE(**tiny.networks(), posterior=LaplacePosterior()))
    assert next(iter(result)) == "kl_mc"
    assert "table_kl_mc" in result
    assert result["elbo"] == pytest.approx(result["log_likelihood"] - result["kl_mc"])


@pytest.mark.parametrize("build", [tiny.vae, lambda: InfoVAE(**tiny.networks(), alpha=0.0, lambda_=100.0)])
def test_random_state_alone_decides_and_the_model_stays_as_it_was(build):
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(), jit_compile=False)
    model.evaluate(tiny.images(), verbose=0)
    variables = [model.seed_generator.state, *model.metrics_variables]
    before = [variable.numpy() for variable in variables]
    first, again, other = _compute(model), _compute(model), _compute(model, seed=1)
    assert first == again != other
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize("name", ["num_images", "batch_size"])
def test_bad_numbers_are_told(name):
    with pytest.raises(InputError, match=f"{name} is 0"):
        _compute(tiny.vae(), **{name: 0})
