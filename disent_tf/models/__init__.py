"""Every model is a `keras.Model`; a VAE states only its difference to the template in `vae.py`."""

from disent_tf.models.beta_vae import BetaVAE as BetaVAE
from disent_tf.models.factor_vae import FactorVAE as FactorVAE
from disent_tf.models.vae import VAE as VAE
from disent_tf.models.vae import VAEOutput as VAEOutput
