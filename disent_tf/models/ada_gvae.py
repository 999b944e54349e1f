"""Ada-GVAE (Locatello et al. 2020, "Weakly-Supervised Disentanglement Without Compromises")."""

import gin
import keras

from disent_tf.models.pairs import AdaptivePairVAE, group_average


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class AdaGVAE(AdaptivePairVAE):
    """β-VAE of pairs whose close dimensions get the mean of their posteriors' means and variances.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      **options: of `BetaVAE`.

    Raises:
      InputError: the posterior is not a `DiagonalNormal`.
    """

    average = staticmethod(group_average)
