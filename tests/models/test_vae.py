import keras
import numpy as np
import pytest
from scipy import special

from disent_tf.errors import InputError
from disent_tf.models import VAE
from tests import tiny


@pytest.fixture
def vae():
    model = VAE(**tiny.networks())
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
    return model


def terms(model, output, x):
    """Returns the loss's terms computed with NumPy, nats per image."""
    mean, log_var = np.split(output.posterior_parameters.numpy().astype(np.float64), 2, axis=1)
    logits = output.likelihood_parameters.numpy().astype(np.float64)
    reconstruction = -np.where(x == 1, special.log_expit(logits), special.log_expit(-logits)).sum(axis=(1, 2, 3))
    return reconstruction, 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)


def test_loss_is_the_closed_form_in_nats_per_image(vae):
    x = tiny.images()
    output = vae(x)
    reconstruction, kl = terms(vae, output, x)
    assert float(vae.compute_loss(x, y_pred=output)) == pytest.approx(
        (reconstruction + kl.sum(axis=1)).mean(), rel=1e-5
    )
    logs = {name: float(value) for name, value in vae.get_metrics_result().items()}
    assert logs["reconstruction"] == pytest.approx(reconstruction.mean(), rel=1e-5)
    assert logs["kl"] == pytest.approx(kl.sum(axis=1).mean(), rel=1e-4)
    per_dimension = [logs[f"kl_{i}"] for i in range(tiny.LATENT_DIM)]
    np.testing.assert_allclose(per_dimension, kl.mean(axis=0), rtol=1e-3, atol=1e-7)


def test_evaluated_loss_does_not_depend_on_the_batch_size(vae):
    # One batch of 8 against batches of 3, 3 and 2: a mean over images, not over batches.
    vae.encoder.layers[-1].kernel.assign(np.zeros_like(vae.encoder.layers[-1].kernel))
    vae.encoder.layers[-1].bias.assign([0.5] * 3 + [-20.0] * 3)  # A posterior without noise.
    losses = [vae.evaluate(tiny.images(), batch_size=size, verbose=0, return_dict=True) for size in (8, 3)]
    for term in ("loss", "regularizer", "kl", "reconstruction", "kl_1"):
        assert losses[0][term] == pytest.approx(losses[1][term], rel=1e-5)


def test_samples_follow_the_posterior(vae):
    x = np.repeat(tiny.images(1), 4096, axis=0)
    output = vae(x)
    posterior = vae.encode(x[:1])
    np.testing.assert_allclose(np.mean(output.z, axis=0), posterior.mean()[0], atol=0.07)
    np.testing.assert_allclose(np.std(output.z, axis=0), posterior.stddev()[0], rtol=0.05)


def test_each_call_draws_new_noise(vae):
    x = tiny.images()
    assert np.abs(vae(x).z - vae(x).z).min() > 0


def test_one_seed_gives_one_model():
    def trained():
        keras.utils.set_random_seed(3)
        model = VAE(**tiny.networks())
        model.compile(keras.optimizers.Adam(1e-3), jit_compile=False)
        model.fit(tiny.images(), batch_size=4, epochs=2, verbose=0)
        return model.get_weights()

    for first, second in zip(trained(), trained(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_training_lowers_the_loss(vae):
    vae.optimizer.learning_rate = 1e-2
    history = vae.fit(tiny.images(32), batch_size=32, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]


def test_decode_reconstruct_and_sample_give_images(vae):
    for images in (vae.decode(np.zeros((5, 3), np.float32)).mean(), vae.reconstruct(tiny.images(5)), vae.sample(5)):
        assert images.shape == (5, *tiny.IMAGE_SHAPE)
        assert 0 <= np.min(images) <= np.max(images) <= 1


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_probabilities_are_float32_under_mixed_precision(precision):
    keras.config.set_dtype_policy(precision)
    model = VAE(**tiny.networks())
    output = model(tiny.images())
    assert {part.dtype.name for part in output} == {"float32"}
    assert model.compute_loss(tiny.images(), y_pred=output).dtype == "float32"
    assert model.encoder.layers[1].compute_dtype == precision.removeprefix("mixed_")


def test_encoder_and_decoder_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="8 values for codes of 3 dimensions; expected 6"):
        VAE(tiny.encoder(latent_dim=4), tiny.decoder())
    with pytest.raises(InputError, match="give both the same image_shape"):
        VAE(tiny.encoder(image_shape=(8, 8, 1)), tiny.decoder())


def test_networks_with_losses_of_their_own_are_refused():
    inputs = keras.Input((3,))
    outputs = keras.layers.Reshape(tiny.IMAGE_SHAPE)(keras.layers.Dense(256, kernel_regularizer="l2")(inputs))
    with pytest.raises(InputError, match="The decoder has losses of its own"):
        VAE(tiny.encoder(), keras.Model(inputs, outputs))


def test_active_units_are_counted_by_the_means_not_the_samples(vae):
    vae.encoder.layers[-1].kernel.assign(np.zeros_like(vae.encoder.layers[-1].kernel))
    vae.encoder.layers[-1].bias.assign([0.5] * 3 + [2.0] * 3)  # The same wide posterior for every image.
    assert vae.evaluate(tiny.images(), verbose=0, return_dict=True)["active_units"] == 0
