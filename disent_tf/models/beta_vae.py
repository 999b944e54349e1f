"""β-VAE (Higgins et al. 2017, "β-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework")."""

from typing import Any

import gin
import keras
import tensorflow as tf

from disent_tf.models.vae import VAE, Code
from disent_tf.models.weights import Weight, check_weight


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class BetaVAE(VAE):
    """Loss, nats per image = -log p(x|z) + β KL(q(z|x) ‖ p(z)), equation 4 of the paper.

    β = 0 trains an autoencoder: the same code, and no pressure on the code (`autoencoder.gin`).

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      beta: β, a number >= 0 or a Keras schedule over steps; 1 gives the VAE.
      **options: of `VAE`.
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, *, beta: Weight = 4.0, **options: Any) -> None:
        super().__init__(encoder, decoder, **options)
        self.beta = check_weight("BetaVAE.beta", beta)

    def regularizer(self, code: Code) -> tf.Tensor:
        return self.weight_now(self.beta) * code.kl

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"beta": keras.saving.serialize_keras_object(self.beta)}
