"""Ada-ML-VAE (Locatello et al. 2020, "Weakly-Supervised Disentanglement Without Compromises")."""

import gin
import keras

from disent_tf.models.pairs import AdaptivePairVAE, product_of_experts


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class AdaMLVAE(AdaptivePairVAE):
    """β-VAE of pairs whose close dimensions get the product of their posteriors.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      **options: of `BetaVAE`.

    Raises:
      InputError: the posterior is not a `DiagonalNormal`.
    """

    average = staticmethod(product_of_experts)
