"""The convolutional networks of Burgess et al. (2018), "Understanding disentangling in β-VAE", appendix A."""

import gin
import keras

from disent_tf.networks.image_deconvolution import ImageDeconvolution
from disent_tf.networks.shapes import check_image_shape

_FILTERS = 32
_HIDDEN = 256


@gin.register
def burgess_encoder(
    image_shape: tuple[int, int, int], latent_dim: int, num_parameters: int | None = None
) -> keras.Model:
    """Returns 4 convolutions (32 filters, 4×4, stride 2; 3 of them for images below 64 pixels), then 2 × 256 units.

    Args:
      image_shape: (height, width, channels); height and width divisible by 16 (by 8 below 64 pixels).
      latent_dim: number of latent dimensions.
      num_parameters: outputs, as many as the posterior reads; 2 * latent_dim if None.

    Raises:
      InputError: `image_shape` does not halve often enough.
    """
    num_layers = _num_layers(image_shape)
    x = inputs = keras.Input(image_shape, name="image")
    for i in range(num_layers):
        x = keras.layers.Conv2D(_FILTERS, 4, 2, "same", activation="relu", name=f"conv{i + 1}")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(_HIDDEN, "relu", name="hidden1")(x)
    x = keras.layers.Dense(_HIDDEN, "relu", name="hidden2")(x)
    outputs = keras.layers.Dense(num_parameters or 2 * latent_dim, name="posterior")(x)
    return keras.Model(inputs, outputs, name="burgess_encoder")


@gin.register
def burgess_decoder(image_shape: tuple[int, int, int], latent_dim: int, num_parameters: int = 1) -> keras.Model:
    """Returns the mirror image of `burgess_encoder`; see there for arguments and errors.

    Here `num_parameters` is the number of outputs for each value of an image, as many as the likelihood reads.
    """
    num_layers = _num_layers(image_shape)
    height, width = (size // 2**num_layers for size in image_shape[:2])
    x = inputs = keras.Input((latent_dim,), name="z")
    x = keras.layers.Dense(_HIDDEN, "relu", name="hidden1")(x)
    x = keras.layers.Dense(_HIDDEN, "relu", name="hidden2")(x)
    x = keras.layers.Dense(height * width * _FILTERS, "relu", name="unflatten")(x)
    x = keras.layers.Reshape((height, width, _FILTERS))(x)
    for i in range(num_layers - 1):
        x = keras.layers.Conv2DTranspose(_FILTERS, 4, 2, "same", activation="relu", name=f"deconv{i + 1}")(x)
    outputs = ImageDeconvolution(num_parameters * image_shape[2], name="likelihood")(x)
    return keras.Model(inputs, outputs, name="burgess_decoder")


def _num_layers(image_shape: tuple[int, int, int]) -> int:
    check_image_shape("The Burgess network", image_shape)
    num_layers = 4 if min(image_shape[:2]) >= 64 else 3
    check_image_shape("The Burgess network", image_shape, divisor=2**num_layers)
    return num_layers
