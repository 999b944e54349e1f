"""The convolutional networks of DC-IGN (Kulkarni et al. 2015, figure 1 and the authors' code)."""

import gin
import keras

from disent_tf.networks.shapes import check_image_shape

_NUM_LAYERS = 3


@gin.register
def kulkarni_encoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    num_parameters: int | None = None,
    *,
    filters: tuple[int, int, int] = (96, 48, 24),
    kernel_size: int = 5,
) -> keras.Model:
    """Returns three convolutions, each with pooling to half the size and a ReLU, and one linear layer.

    The code's kernels are 5×5 and its convolutions shrink images of 150×150 by their borders; here borders are padded,
    so that any image whose sides are divisible by 8 will do.

    Args:
      image_shape: (height, width, channels); height and width divisible by 8.
      latent_dim: number of latent dimensions.
      num_parameters: outputs, as many as the posterior reads; 2 * latent_dim if None.
      filters: of the three convolutions.
      kernel_size: of each, along both sides.

    Raises:
      InputError: `image_shape` is not divisible by 8.
    """
    check_image_shape("kulkarni_encoder", image_shape, divisor=2**_NUM_LAYERS)
    x = inputs = keras.Input(image_shape, name="image")
    for i, num in enumerate(filters):
        x = keras.layers.Conv2D(num, kernel_size, padding="same", name=f"conv{i + 1}")(x)
        x = keras.layers.MaxPooling2D(2)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(num_parameters or 2 * latent_dim, name="posterior")(x)
    return keras.Model(inputs, outputs, name="kulkarni_encoder")


@gin.register
def kulkarni_decoder(
    image_shape: tuple[int, int, int],
    latent_dim: int,
    num_parameters: int = 1,
    *,
    filters: tuple[int, int, int] = (24, 48, 96),
    kernel_size: int = 7,
) -> keras.Model:
    """Returns one dense layer and three times an enlargement by nearest neighbours and a convolution.

    Args:
      image_shape: see `kulkarni_encoder`.
      latent_dim: number of latent dimensions.
      num_parameters: outputs for each value of an image, as many as the likelihood reads.
      filters: what goes into each of the three convolutions; 7×7 in the code.
      kernel_size: of each, along both sides.

    Raises:
      InputError: `image_shape` is not divisible by 8.
    """
    check_image_shape("kulkarni_decoder", image_shape, divisor=2**_NUM_LAYERS)
    height, width = (size // 2**_NUM_LAYERS for size in image_shape[:2])
    x = inputs = keras.Input((latent_dim,), name="z")
    x = keras.layers.Dense(height * width * filters[0], "relu", name="unflatten")(x)
    x = keras.layers.Reshape((height, width, filters[0]))(x)
    for i, num in enumerate(filters[1:]):
        x = keras.layers.UpSampling2D(2, interpolation="nearest")(x)
        x = keras.layers.Conv2D(num, kernel_size, padding="same", activation="relu", name=f"conv{i + 1}")(x)
    x = keras.layers.UpSampling2D(2, interpolation="nearest")(x)
    outputs = keras.layers.Conv2D(num_parameters * image_shape[2], kernel_size, padding="same", name="likelihood")(x)
    return keras.Model(inputs, outputs, name="kulkarni_decoder")
