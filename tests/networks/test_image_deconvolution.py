import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.networks.burgess import burgess_decoder
from disent_tf.networks.image_deconvolution import ImageDeconvolution


def pair(channels, shape=(5, 7, 6), dtype="float32"):
    """This layer and Keras' own with the same weights."""
    inputs = keras.Input(shape)
    own = ImageDeconvolution(channels, dtype=dtype, bias_initializer="random_normal")
    plain = keras.layers.Conv2DTranspose(channels, 4, 2, "same", dtype=dtype)
    models = [keras.Model(inputs, layer(inputs)) for layer in (own, plain)]
    models[1].set_weights(models[0].get_weights())
    return models


@pytest.mark.parametrize("channels", [1, 3, 8, 9])
@pytest.mark.parametrize("compiled", [False, True])
def test_values_and_gradients_are_those_of_keras_layer(channels, compiled):
    x = tf.random.stateless_normal((4, 5, 7, 6), (0, 1))
    upstream = tf.random.stateless_normal((4, 10, 14, channels), (2, 3))

    def both(model):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = model(x)
        return y, *tape.gradient(y, [x, *model.trainable_weights], upstream)

    own, plain = (tf.function(both, jit_compile=compiled)(model) for model in pair(channels))
    assert own[0].shape == (4, 10, 14, channels)
    for a, b in zip(own, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def test_half_precision():
    own, plain = pair(1, dtype="mixed_float16")
    x = np.random.default_rng(0).normal(size=(2, 5, 7, 6)).astype(np.float16)
    assert own(x).dtype == tf.float16
    np.testing.assert_allclose(own(x), plain(x), atol=0.01)


def test_a_decoder_has_it_and_is_saved_with_it(tmp_path):
    decoder = burgess_decoder((32, 32, 3), 4)
    assert isinstance(decoder.layers[-1], ImageDeconvolution)
    decoder.save(tmp_path / "decoder.keras")
    z = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "decoder.keras")(z), decoder(z))
