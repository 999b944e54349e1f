"""The discriminator of FactorVAE (Kim & Mnih 2018, appendix A)."""

import gin
import keras


@gin.register
def mlp_discriminator(
    latent_dim: int, *, num_layers: int = 6, units: int = 1000, negative_slope: float = 0.2
) -> keras.Model:
    """Returns a multilayer perceptron from codes `[batch, latent_dim]` to two logits `[batch, 2]`.

    Args:
      latent_dim: number of latent dimensions.
      num_layers: hidden layers; 6 in the paper and in disentanglement_lib, 5 in disentangling-vae.
      units: of each hidden layer.
      negative_slope: of the leaky ReLU.
    """
    x = inputs = keras.Input((latent_dim,), name="z")
    for i in range(num_layers):
        x = keras.layers.Dense(units, name=f"hidden{i + 1}")(x)
        x = keras.layers.LeakyReLU(negative_slope)(x)
    outputs = keras.layers.Dense(2, name="logits")(x)
    return keras.Model(inputs, outputs, name="mlp_discriminator")
