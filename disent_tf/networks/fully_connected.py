"""The fully connected networks of Higgins et al. (2017), table 1, with disentanglement_lib's activations."""

import math

import gin
import keras

from disent_tf.networks.shapes import check_any_shape


@gin.register
def fc_encoder(
    image_shape: tuple[int, ...],
    latent_dim: int,
    num_parameters: int | None = None,
    *,
    hidden_units: tuple[int, ...] = (1200, 1200),
    activation: str = "relu",
) -> keras.Model:
    """Returns a multilayer perceptron from pixels to the posterior's parameters.

    Args:
      image_shape: (height, width, channels), or (2,) for points in the plane.
      latent_dim: number of latent dimensions.
      num_parameters: outputs, as many as the posterior reads; 2 * latent_dim if None.
      hidden_units: units of each hidden layer.
      activation: of the hidden layers.

    Raises:
      InputError: `image_shape` is not a tuple of positive integers.
    """
    check_any_shape("fc_encoder", image_shape)
    x = inputs = keras.Input(image_shape, name="image")
    x = keras.layers.Flatten()(x)
    for i, units in enumerate(hidden_units):
        x = keras.layers.Dense(units, activation, name=f"hidden{i + 1}")(x)
    outputs = keras.layers.Dense(num_parameters or 2 * latent_dim, name="posterior")(x)
    return keras.Model(inputs, outputs, name="fc_encoder")


@gin.register
def fc_decoder(
    image_shape: tuple[int, ...],
    latent_dim: int,
    num_parameters: int = 1,
    *,
    hidden_units: tuple[int, ...] = (1200, 1200, 1200),
    activation: str = "tanh",
) -> keras.Model:
    """Returns a multilayer perceptron from codes to pixels; arguments and errors as for `fc_encoder`.

    Here `num_parameters` is the number of outputs for each value of an image, as many as the likelihood reads.
    """
    check_any_shape("fc_decoder", image_shape)
    x = inputs = keras.Input((latent_dim,), name="z")
    for i, units in enumerate(hidden_units):
        x = keras.layers.Dense(units, activation, name=f"hidden{i + 1}")(x)
    output_shape = (*image_shape[:-1], num_parameters * image_shape[-1])
    x = keras.layers.Dense(math.prod(output_shape), name="likelihood")(x)
    outputs = keras.layers.Reshape(output_shape)(x)
    return keras.Model(inputs, outputs, name="fc_decoder")
