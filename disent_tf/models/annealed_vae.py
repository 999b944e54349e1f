"""β-VAE with controlled capacity (Burgess et al. 2018, "Understanding disentangling in β-VAE")."""

from typing import Any

import gin
import keras
import tensorflow as tf

from disent_tf.checks import check_number, check_positive
from disent_tf.models.vae import VAE, Code
from disent_tf.models.weights import Weight, check_weight


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class AnnealedVAE(VAE):
    """Loss, nats per image = -log p(x|z) + γ |KL(q(z|x) ‖ p(z)) - C|, equation 8 of the paper.

    The KL divergence is averaged over the batch before the absolute value is taken. In training the capacity C rises
    linearly from 0 to `max_capacity`; in evaluation it is `max_capacity` at once.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      gamma: γ, a number >= 0 or a Keras schedule over steps.
      max_capacity: C at the end, nats.
      annealing_steps: training steps until then.
      **options: of `VAE`.

    Raises:
      InputError: a parameter is negative, or `annealing_steps` not a positive integer.
    """

    regularizes_batches = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        gamma: Weight = 1000.0,
        max_capacity: float = 25.0,
        annealing_steps: int = 100_000,
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        self.gamma = check_weight("AnnealedVAE.gamma", gamma)
        self.max_capacity = check_number("AnnealedVAE.max_capacity", max_capacity, least=0)
        check_positive(**{"AnnealedVAE.annealing_steps": annealing_steps})
        self.annealing_steps = annealing_steps
        self.add_terms("capacity", headline=True)

    def capacity(self, training: bool) -> tf.Tensor:
        """Returns C in nats at the current step of training, or at the end of it, float32 scalar."""
        if not training:
            return tf.constant(self.max_capacity, tf.float32)
        ramp = keras.optimizers.schedules.PolynomialDecay(0.0, self.annealing_steps, self.max_capacity)
        return self.weight_now(ramp)

    def regularizer(self, code: Code) -> tf.Tensor:
        capacity = self.capacity(code.training)
        self.log_terms(capacity=capacity)
        return self.weight_now(self.gamma) * tf.abs(tf.reduce_mean(code.kl) - capacity)

    def get_config(self) -> dict[str, Any]:
        own = {"max_capacity": self.max_capacity, "annealing_steps": self.annealing_steps}
        return super().get_config() | own | {"gamma": keras.saving.serialize_keras_object(self.gamma)}
