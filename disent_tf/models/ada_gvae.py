"""Ada-GVAE (Locatello et al. 2020, "Weakly-Supervised Disentanglement Without Compromises")."""

import gin
import keras

from disent_tf.models.pairs import AdaptivePairVAE, group_average


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class AdaGVAE(AdaptivePairVAE):
    """β-VAE of pairs whose close dimensions get the mean of their posteriors' means and variances.

    Loss, nats per image: ½ Σ_i [-log p(x_i|z_i) + β KL(q̃(z|x_i) ‖ p(z))] over the two images of a pair, averaged over
    the batch, with q̃(z_j|x_i) the average where KL(q(z_j|x_1) ‖ q(z_j|x_2)) is below half way between its least and
    largest value over j, and q(z_j|x_i) elsewhere.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      **options: of `BetaVAE`.

    Raises:
      InputError: the posterior is not a `DiagonalNormal`.
    """

    average = staticmethod(group_average)
