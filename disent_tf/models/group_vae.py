"""GroupVAE with labels of what a pair shares (Hosoya 2019, "Group-based Learning of Disentangled Representations with
Generalizability for Novel Contents"; disentanglement_lib's `group_vae_labels` and `mlvae_labels`)."""

from typing import Any, Literal

import gin
import keras
import tensorflow as tf

from disent_tf.checks import check_choice
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.models.pairs import Moments, PairVAE, group_average, product_of_experts

_AVERAGES = {"gvae": group_average, "ml_vae": product_of_experts}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class GroupVAE(PairVAE):
    """β-VAE of pairs that is told which factors changed: dimension j belongs to factor j, the rest is always shared.

    Loss, nats per image: ½ Σ_i [-log p(x_i|z_i) + β KL(q̃(z|x_i) ‖ p(z))] over the two images of a pair, averaged over
    the batch, with q̃ the average of both posteriors in the dimensions whose factor did not change.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      averaging: "gvae", arithmetic means of means and variances, or "ml_vae", product of posteriors.
      **options: of `BetaVAE`.

    Raises:
      InputError: the posterior is not a `DiagonalNormal`, there is no such averaging, or, in training, the data has
        more factors than the code dimensions.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        averaging: Literal["gvae", "ml_vae"] = "gvae",
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        self.averaging = check_choice("GroupVAE.averaging", averaging, _AVERAGES)

    def average(self, first: Moments, second: Moments) -> Moments:
        return _AVERAGES[self.averaging](first, second)

    def shared(self, first: Moments, second: Moments, changed: tf.Tensor) -> tf.Tensor:
        without_factor = self.latent_dim - changed.shape[-1]
        return ~tf.pad(changed, [[0, 0], [0, without_factor]])

    def check_feed(self, spec: Any, data: Observations) -> None:
        super().check_feed(spec, data)
        if (num_factors := spec["changed"].shape[-1]) > self.latent_dim:
            raise InputError(
                f"GroupVAE ties a dimension to each of {num_factors} factors, the codes have {self.latent_dim}; "
                "raise latent_dim."
            )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"averaging": self.averaging}
