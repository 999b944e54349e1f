"""The α/β decomposition objective (Mathieu et al. 2019, "Disentangling Disentanglement in VAEs")."""

from collections.abc import Callable
from typing import Any, Literal

import gin
import keras
import tensorflow as tf

from disent_tf.checks import check_choice
from disent_tf.distributions.divergences import kl_inclusive, mmd, mmd_per_dimension
from disent_tf.distributions.structure import is_joint, log_prob
from disent_tf.errors import InputError
from disent_tf.models.vae import VAE, Code
from disent_tf.models.weights import Weight, check_weight

DIVERGENCES: dict[str, Callable[[Code, tf.Tensor], tf.Tensor]] = {
    "kl_inclusive": lambda code, z_prior: kl_inclusive(code.posterior, code.prior, z_prior),
    "mmd_per_dimension": lambda code, z_prior: mmd_per_dimension(code.z, z_prior),
    "mmd": lambda code, z_prior: mmd(code.z, z_prior),
}
"""D(q(z), p(z)) by name: KL(p(z) ‖ q(z)) in nats; the maximum mean discrepancy with the IMQ kernel, of each dimension
or of whole codes."""


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class DecompositionVAE(VAE):
    """Loss, nats per image = -log p(x|z) + β KL(q(z|x) ‖ p(z)) + α D(q(z), p(z)), equation 7 of the paper.

    β controls how far the codes of different images overlap; α how far the aggregate posterior q(z) takes the structure
    of the prior: independence, clusters, sparsity.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      alpha: α, a number >= 0 or a Keras schedule over steps.
      beta: β, likewise.
      divergence: D, "kl_inclusive", "mmd_per_dimension" or "mmd" (see `DIVERGENCES`).
      legacy_prior_count: count log p(z) of a joint prior latent_dim times in the KL divergence, as the paper's code
        does for its Gaussian mixture (`NormalMixture.log_prob` keeps an axis of size 1, which broadcasts over
        dimensions): figure 2 of the paper was drawn with it.
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
        alpha: Weight = 0.0,
        beta: Weight = 1.0,
        divergence: Literal["kl_inclusive", "mmd_per_dimension", "mmd"] = "kl_inclusive",
        legacy_prior_count: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        self.alpha = check_weight("DecompositionVAE.alpha", alpha)
        self.beta = check_weight("DecompositionVAE.beta", beta)
        self.divergence = check_choice("DecompositionVAE.divergence", divergence, DIVERGENCES)
        if legacy_prior_count and not is_joint(self.prior.distribution()):
            raise InputError(
                f"DecompositionVAE.legacy_prior_count is for joint priors, {type(self.prior).__name__} factorises and "
                "was never counted more than once; set it to False."
            )
        self.legacy_prior_count = legacy_prior_count
        self.add_terms(f"divergence_{divergence}", headline=True)

    def regularizer(self, code: Code) -> tf.Tensor:
        z_prior = code.prior.sample(tf.shape(code.z)[0], seed=self.next_seed(shared=True))
        divergence = DIVERGENCES[self.divergence](code, z_prior)
        self.log_terms(**{f"divergence_{self.divergence}": divergence})
        kl = code.kl
        if self.legacy_prior_count:
            kl -= (self.latent_dim - 1) * log_prob(code.prior, code.z)
        return self.weight_now(self.beta) * kl + self.weight_now(self.alpha) * divergence

    def get_config(self) -> dict[str, Any]:
        weights = {"alpha": self.alpha, "beta": self.beta}
        config = {key: keras.saving.serialize_keras_object(weight) for key, weight in weights.items()}
        own = {"divergence": self.divergence, "legacy_prior_count": self.legacy_prior_count}
        return super().get_config() | config | own
