"""InfoVAE and MMD-VAE (Zhao et al. 2017, "InfoVAE: Balancing Learning and Inference in Variational Autoencoders")."""

from typing import Any, Literal

import gin
import keras
import tensorflow as tf

from disent_tf.checks import check_choice, check_number
from disent_tf.distributions.divergences import mmd
from disent_tf.distributions.kernels import KERNELS
from disent_tf.errors import InputError
from disent_tf.models.vae import VAE, Code
from disent_tf.models.weights import Weight, check_weight


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class InfoVAE(VAE):
    """Loss, nats per image = -log p(x|z) + (1 - α) KL(q(z|x) ‖ p(z)) + (α + λ - 1) MMD(q(z), p(z)).

    α = 0, λ = 1 is the VAE, α = 1 the MMD-VAE. MMD is the squared maximum mean discrepancy between the codes of a batch
    and as many draws of the prior, an unbiased estimate; it is no number of nats and needs a large λ.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      alpha: α, at most 1.
      lambda_: λ, at least 1 - α, a number or a Keras schedule over steps.
      kernel: "rbf" or "imq" (see `kernels`).
      **options: of `VAE`.

    Raises:
      InputError: a weight would be negative, or there is no such kernel.
    """

    regularizes_batches = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        alpha: float = 0.0,
        lambda_: Weight = 1000.0,
        kernel: Literal["rbf", "imq"] = "rbf",
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        self.alpha = check_number("InfoVAE.alpha", alpha, most=1)
        self.lambda_ = check_weight("InfoVAE.lambda_", lambda_)
        if not callable(lambda_) and alpha + lambda_ < 1:
            raise InputError(f"InfoVAE.lambda_ is {lambda_!r}; expected at least 1 - alpha = {1 - alpha:g}.")
        self.kernel = check_choice("InfoVAE.kernel", kernel, KERNELS)
        self.add_terms(f"mmd_{kernel}", headline=True)

    def regularizer(self, code: Code) -> tf.Tensor:
        z_prior = code.prior.sample(tf.shape(code.z)[0], seed=self.next_seed(shared=True))
        discrepancy = mmd(code.z, z_prior, self.kernel)
        self.log_terms(**{f"mmd_{self.kernel}": discrepancy})
        return (1.0 - self.alpha) * code.kl + (self.alpha - 1.0 + self.weight_now(self.lambda_)) * discrepancy

    def get_config(self) -> dict[str, Any]:
        own = {"alpha": self.alpha, "lambda_": keras.saving.serialize_keras_object(self.lambda_)}
        return super().get_config() | own | {"kernel": self.kernel}
