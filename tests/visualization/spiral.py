"""Points in the plane, and a model of them whose posteriors are known."""

import numpy as np

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.distributions.likelihoods import GaussianLikelihood
from disent_tf.models import VAE
from disent_tf.networks.fully_connected import fc_decoder, fc_encoder


class Spiral(GroundTruthData):
    """A spiral of three arms with 20 points each."""

    factor_names = ("arm", "position")
    factor_sizes = (3, 20)
    observation_shape = (2,)

    def __getitem__(self, indices):
        arm, position = self.indices_to_factors(indices).T
        radius = 0.2 + position / 20
        angle = 2 * np.pi * arm / 3 + radius
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).astype(np.float32)


def vae(num_parameters=None, latent_dim=2, **parts):
    encoder = fc_encoder((2,), latent_dim, num_parameters, hidden_units=(16,))
    decoder = fc_decoder((2,), latent_dim, hidden_units=(16,))
    return VAE(encoder, decoder, likelihood=GaussianLikelihood(0.1), **parts)


def linear_vae(scale):
    """A model with q(z|x) = N(x, scale² I)."""
    encoder = fc_encoder((2,), 2, hidden_units=())
    log_variance = 2 * np.log(scale)
    encoder.get_layer("posterior").set_weights(
        [np.eye(2, 4, dtype=np.float32), np.array([0, 0, log_variance, log_variance], np.float32)]
    )
    return VAE(encoder, fc_decoder((2,), 2, hidden_units=(16,)), likelihood=GaussianLikelihood(0.1))
