"""β-TCVAE (Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders")."""

from typing import Any, Literal

import gin
import keras
import tensorflow as tf

from disent_tf.checks import check_choice, check_positive
from disent_tf.data.observations import Observations
from disent_tf.distributions.aggregate_posterior import ESTIMATORS, decompose
from disent_tf.distributions.structure import is_joint
from disent_tf.errors import InputError
from disent_tf.models.vae import VAE, Code
from disent_tf.models.weights import Weight, check_weight


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class BetaTCVAE(VAE):
    """Loss, nats per image = -log p(x|z) + α I[x; z] + β TC(z) + γ Σ_j KL(q(z_j) ‖ p(z_j)), equation 4 of the paper.

    Computed as KL + (α - 1) I + (β - 1) TC + (γ - 1) dwKL, which has the same expectation and less variance: what the
    three parts have in common is then in closed form. With α = γ = 1 this is disentanglement_lib's KL + (β - 1) TC.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      num_data: N, images in the training set, which the estimators of q(z) need.
      alpha: α, a number >= 0 or a Keras schedule over steps.
      beta: β, likewise.
      gamma: γ, likewise.
      estimator: "mws", the paper's; "mss"; "dlib"; "mss_legacy" (see `aggregate_posterior.ESTIMATORS`). It is part of
        the names of the logged terms.
      **options: of `VAE`.

    Raises:
      InputError: a parameter cannot be used, or the prior is joint: the KL has these three parts only if it factorises.
    """

    regularizes_batches = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        num_data: int,
        alpha: Weight = 1.0,
        beta: Weight = 6.0,
        gamma: Weight = 1.0,
        estimator: Literal["mws", "mss", "dlib", "mss_legacy"] = "mws",
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        if is_joint(self.prior.distribution()):
            raise InputError(
                f"BetaTCVAE cannot have a {type(self.prior).__name__}: its dimensions depend on each other, so that "
                "the KL has no dimension-wise part; choose a prior that factorises, or DecompositionVAE."
            )
        check_positive(**{"BetaTCVAE.num_data": num_data})
        self.num_data = num_data
        self.alpha = check_weight("BetaTCVAE.alpha", alpha)
        self.beta = check_weight("BetaTCVAE.beta", beta)
        self.gamma = check_weight("BetaTCVAE.gamma", gamma)
        self.estimator = check_choice("BetaTCVAE.estimator", estimator, ESTIMATORS)
        self.add_terms(f"mi_{estimator}", f"dwkl_{estimator}")
        self.add_terms(f"tc_{estimator}", headline=True)

    def regularizer(self, code: Code) -> tf.Tensor:
        parts = decompose(code.posterior, code.prior, code.z, self.num_data, self.estimator)
        self.log_terms(**{f"{name}_{self.estimator}": part for name, part in parts._asdict().items()})
        alpha, beta, gamma = (self.weight_now(weight) for weight in (self.alpha, self.beta, self.gamma))
        return code.kl + (alpha - 1.0) * parts.mi + (beta - 1.0) * parts.tc + (gamma - 1.0) * parts.dwkl

    def check_feed(self, spec: Any, data: Observations) -> None:
        super().check_feed(spec, data)
        if len(data) != self.num_data:
            raise InputError(
                f"BetaTCVAE.num_data is {self.num_data}, the data has {len(data)} images; set num_data = {len(data)}."
            )
        batch_size = tf.nest.flatten(spec)[0].shape[0]
        if batch_size > len(data):
            raise InputError(
                f"A batch of {batch_size} is larger than the data, {len(data)} images, and cannot stand for it; set "
                f"train.batch_size = {len(data)} or less."
            )

    def get_config(self) -> dict[str, Any]:
        weights = {"alpha": self.alpha, "beta": self.beta, "gamma": self.gamma}
        config = {key: keras.saving.serialize_keras_object(weight) for key, weight in weights.items()}
        return super().get_config() | config | {"num_data": self.num_data, "estimator": self.estimator}
