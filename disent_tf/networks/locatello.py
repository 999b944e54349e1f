"""The convolutional networks of disentanglement_lib (Locatello et al. 2019, table 1) and of Kim & Mnih (2018, table 1).

Both have the same layout: four convolutions of stride 2 with 32, 32, 64 and 64 filters and one hidden layer. They
differ in two numbers, which are parameters here. disentanglement_lib's code has 2×2 kernels in its third and fourth
convolution, where its paper prints 4×4; the defaults follow the code, which produced the published models.
"""

import math

import gin
import keras

from disent_tf.networks.image_deconvolution import ImageDeconvolution
from disent_tf.networks.shapes import check_image_shape


@gin.register
def locatello_encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    num_parameters: int | None = None,
    *,
    filters: tuple[int, int, int, int] = (32, 32, 64, 64),
    kernel_sizes: tuple[int, int, int, int] = (4, 4, 2, 2),
    hidden_units: int = 256,
) -> keras.Model:
    """Returns 4 convolutions of stride 2 (32, 32, 64, 64 filters) and one hidden layer.

    Args:
      image_shape: (height, width, channels); height and width divisible by 16.
      latent_dim: number of latent dimensions.
      num_parameters: outputs, as many as the posterior reads; 2 * latent_dim if None.
      filters: of the four convolutions.
      kernel_sizes: of the four convolutions; (4, 4, 4, 4) for Kim & Mnih.
      hidden_units: of the hidden layer; 128 for Kim & Mnih.

    Raises:
      InputError: `image_shape` is not divisible by 16.
    """
    check_image_shape("locatello_encoder", image_shape, divisor=16)
    x = inputs = keras.Input(image_shape, name="image")
    for i, (num, kernel) in enumerate(zip(filters, kernel_sizes, strict=True)):
        x = keras.layers.Conv2D(num, kernel, 2, "same", activation="relu", name=f"conv{i + 1}")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(hidden_units, "relu", name="hidden")(x)
    outputs = keras.layers.Dense(num_parameters or 2 * latent_dim, name="posterior")(x)
    return keras.Model(inputs, outputs, name="locatello_encoder")


@gin.register
def locatello_decoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    num_parameters: int = 1,
    *,
    filters: tuple[int, int, int, int] = (64, 64, 32, 32),
    hidden_units: int = 256,
) -> keras.Model:
    """Returns two dense layers and 4 transposed convolutions (4×4, stride 2), the last one to the image's channels.

    Args:
      image_shape: (height, width, channels); height and width divisible by 16.
      latent_dim: number of latent dimensions.
      num_parameters: outputs for each value of an image, as many as the likelihood reads.
      filters: of the grid of 1/16 of the image's size that the dense layers give, and of the convolutions after it.
      hidden_units: of the first layer; 128 for Kim & Mnih.

    Raises:
      InputError: `image_shape` is not divisible by 16.
    """
    check_image_shape("locatello_decoder", image_shape, divisor=16)
    grid = (image_shape[0] // 16, image_shape[1] // 16, filters[0])
    x = inputs = keras.Input((latent_dim,), name="z")
    x = keras.layers.Dense(hidden_units, "relu", name="hidden")(x)
    x = keras.layers.Dense(math.prod(grid), "relu", name="unflatten")(x)
    x = keras.layers.Reshape(grid)(x)
    for i, num in enumerate(filters[1:]):
        x = keras.layers.Conv2DTranspose(num, 4, 2, "same", activation="relu", name=f"deconv{i + 1}")(x)
    outputs = ImageDeconvolution(num_parameters * image_shape[2], name="likelihood")(x)
    return keras.Model(inputs, outputs, name="locatello_decoder")
