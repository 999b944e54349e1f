"""DIP-VAE (Kumar et al. 2018, "Variational Inference of Disentangled Latent Concepts from Unlabeled Observations")."""

from typing import Any, Literal

import gin
import keras
import tensorflow as tf

from disent_tf.checks import check_choice
from disent_tf.distributions.structure import covariance
from disent_tf.models.vae import VAE, Code
from disent_tf.models.weights import Weight, check_weight


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class DIPVAE(VAE):
    """Loss, nats per image = -log p(x|z) + KL + λ_od Σ_{i≠j} C_ij² + λ_d Σ_i (C_ii - 1)², equations 6 and 7.

    C is a covariance over the batch: of the posterior's means for DIP-VAE-I; of its samples, that is
    Cov[μ(x)] + E[Cov q(z|x)], for DIP-VAE-II.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      dip_type: "i" or "ii".
      lambda_od: λ_od, of the off-diagonal entries, a number >= 0 or a Keras schedule over steps.
      lambda_d: λ_d, of the diagonal ones, likewise; disentanglement_lib has λ_d = 10 λ_od for I, λ_od for II.
      **options: of `VAE`.

    Raises:
      InputError: a parameter cannot be used.
    """

    regularizes_batches = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        dip_type: Literal["i", "ii"],
        lambda_od: Weight = 10.0,
        lambda_d: Weight = 10.0,
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        self.dip_type = check_choice("DIPVAE.dip_type", dip_type, ("i", "ii"))
        self.lambda_od = check_weight("DIPVAE.lambda_od", lambda_od)
        self.lambda_d = check_weight("DIPVAE.lambda_d", lambda_d)
        self.add_terms("covariance_penalty", headline=True)

    def regularizer(self, code: Code) -> tf.Tensor:
        matrix = _covariance_of(code.posterior.mean())
        if self.dip_type == "ii":
            matrix += tf.reduce_mean(covariance(code.posterior), axis=0)
        diagonal = tf.linalg.diag_part(matrix)
        off_diagonal = tf.linalg.set_diag(matrix, tf.zeros_like(diagonal))
        penalty = self.weight_now(self.lambda_od) * tf.reduce_sum(off_diagonal**2)
        penalty += self.weight_now(self.lambda_d) * tf.reduce_sum((diagonal - 1.0) ** 2)
        self.log_terms(covariance_penalty=penalty)
        return code.kl + penalty

    def get_config(self) -> dict[str, Any]:
        weights = {"lambda_od": self.lambda_od, "lambda_d": self.lambda_d}
        config = {key: keras.saving.serialize_keras_object(weight) for key, weight in weights.items()}
        return super().get_config() | config | {"dip_type": self.dip_type}


def _covariance_of(means: tf.Tensor) -> tf.Tensor:
    centred = means - tf.reduce_mean(means, axis=0)
    return tf.matmul(centred, centred, transpose_a=True) / tf.cast(tf.shape(means)[0], tf.float32)
