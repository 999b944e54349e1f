"""Generator and discriminator for dSprites of InfoGAN-CR (Lin et al. 2020), without its contrastive part."""

from collections.abc import Callable
from typing import Any

import gin
import keras

from disent_tf.networks.image_deconvolution import ImageDeconvolution
from disent_tf.networks.shapes import check_image_shape

_HALVINGS = 4
_SLOPE = 0.2


@gin.register
def info_gan_generator(
    image_shape: tuple[int, int, int],
    num_inputs: int,
    *,
    hidden_units: int = 128,
    filters: tuple[int, int, int, int] = (64, 64, 32, 32),
) -> keras.Model:
    """Returns two dense layers and four transposed convolutions (4×4, stride 2), the last one to logits of pixels.

    ReLU after the dense layers, leaky ReLU after the convolutions, batch normalisation after either.

    Args:
      image_shape: (height, width, channels); height and width divisible by 16.
      num_inputs: numbers that an image is made of: codes and noise.
      hidden_units: of the first dense layer.
      filters: what goes into each of the convolutions.

    Raises:
      InputError: `image_shape` is not divisible by 16.
    """
    check_image_shape("info_gan_generator", image_shape, divisor=2**_HALVINGS)
    height, width = (size // 2**_HALVINGS for size in image_shape[:2])
    x = inputs = keras.Input((num_inputs,), name="codes_and_noise")
    for i, units in enumerate((hidden_units, height * width * filters[0])):
        x = keras.layers.Dense(units, "relu", name=f"hidden{i + 1}")(x)
        x = _normalised(x)
    x = keras.layers.Reshape((height, width, filters[0]))(x)
    for i, num in enumerate(filters[1:]):
        x = keras.layers.Conv2DTranspose(num, 4, 2, "same", name=f"deconv{i + 1}")(x)
        x = _normalised(_leaky_relu(x))
    outputs = ImageDeconvolution(image_shape[2], name="pixels")(x)
    return keras.Model(inputs, outputs, name="info_gan_generator")


@gin.register
def info_gan_discriminator(
    image_shape: tuple[int, int, int],
    num_parameters: int,
    *,
    filters: tuple[int, int, int, int] = (32, 32, 64, 64),
    hidden_units: int = 128,
    code_units: int = 128,
    spectral_norm: bool = True,
) -> keras.Model:
    """Returns a trunk of four convolutions (4×4, stride 2) and a dense layer, and two heads.

    Args:
      image_shape: (height, width, channels); height and width divisible by 16.
      num_parameters: what the head Q gives: as many as the codes ask for.
      filters: of the four convolutions.
      hidden_units: of the trunk's dense layer.
      code_units: of the hidden layer of Q.
      spectral_norm: whether weights are set to themselves over their largest singular value before each of the
        discriminator's steps, which is how Keras does it: a projection. Miyato et al. (2018), and the recipe, divide in
        every call, with the gradient of the division.

    Returns:
      images `[batch, h, w, c]` -> logits of "real" `[batch, 1]`, and parameters of Q(c|x) `[batch, num_parameters]`.

    Raises:
      InputError: `image_shape` is not divisible by 16.
    """
    check_image_shape("info_gan_discriminator", image_shape, divisor=2**_HALVINGS)
    layer = _spectrally_normalised if spectral_norm else _as_it_is
    x = inputs = keras.Input(image_shape, name="image")
    for i, num in enumerate(filters):
        x = layer(keras.layers.Conv2D(num, 4, 2, "same", name=f"conv{i + 1}"))(x)
        x = _leaky_relu(x)
    x = keras.layers.Flatten()(x)
    x = _leaky_relu(layer(keras.layers.Dense(hidden_units, name="hidden"))(x))
    is_real = layer(keras.layers.Dense(1, name="is_real"))(x)
    q = _leaky_relu(layer(keras.layers.Dense(code_units, name="q_hidden"))(x))
    q = layer(keras.layers.Dense(num_parameters, name="q"))(q)
    return keras.Model(inputs, [is_real, q], name="info_gan_discriminator")


def _leaky_relu(x: Any) -> Any:
    # Not the layer of that name, which TensorFlow fuses with a convolution's bias: its gradient then complains.
    return keras.ops.maximum(x, _SLOPE * x)


def _normalised(x: Any) -> Any:
    return keras.layers.BatchNormalization(synchronized=True)(x)  # Over the batch of all replicas.


def _spectrally_normalised(layer: keras.layers.Layer) -> keras.layers.Layer:
    # Singular values are computed in float32: half precision has no room for the layer's epsilon.
    return keras.layers.SpectralNormalization(layer, name=f"{layer.name}_sn", dtype="float32")


def _as_it_is(layer: keras.layers.Layer) -> Callable[[Any], Any]:
    return layer
