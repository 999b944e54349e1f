"""Every model is a `keras.Model` (`RepresentationModel`); a VAE states only its difference to the template `VAE`."""

from disent_tf.models.ada_gvae import AdaGVAE as AdaGVAE
from disent_tf.models.ada_ml_vae import AdaMLVAE as AdaMLVAE
from disent_tf.models.annealed_vae import AnnealedVAE as AnnealedVAE
from disent_tf.models.beta_tc_vae import BetaTCVAE as BetaTCVAE
from disent_tf.models.beta_vae import BetaVAE as BetaVAE
from disent_tf.models.dc_ign import DCIGN as DCIGN
from disent_tf.models.decomposition_vae import DecompositionVAE as DecompositionVAE
from disent_tf.models.dip_vae import DIPVAE as DIPVAE
from disent_tf.models.factor_vae import FactorVAE as FactorVAE
from disent_tf.models.group_vae import GroupVAE as GroupVAE
from disent_tf.models.ica import ICA as ICA
from disent_tf.models.info_gan import InfoGAN as InfoGAN
from disent_tf.models.info_vae import InfoVAE as InfoVAE
from disent_tf.models.pca import PCA as PCA
from disent_tf.models.raw_pixels import RawPixels as RawPixels
from disent_tf.models.vae import VAE as VAE
from disent_tf.models.vae import Code as Code
from disent_tf.models.vae import VAEOutput as VAEOutput
