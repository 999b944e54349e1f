"""A data set and networks small enough for a test to train on."""

import gin
import keras
import numpy as np

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.models import VAE, FactorVAE
from disent_tf.networks.discriminators import mlp_discriminator
from disent_tf.networks.fully_connected import fc_decoder, fc_encoder
from disent_tf.training.train import train

LATENT_DIM = 3
IMAGE_SHAPE = (16, 16, 1)


@gin.register
class Squares(GroundTruthData):
    """A square of 2 or 4 pixels at 4 × 4 positions."""

    factor_names = ("size", "position_x", "position_y")
    factor_sizes = (2, 4, 4)
    observation_shape = IMAGE_SHAPE

    def __getitem__(self, indices):
        images = np.zeros((len(indices), *IMAGE_SHAPE), np.float32)
        for image, (size, x, y) in zip(images, self.indices_to_factors(indices), strict=True):
            side = 2 * (1 + size)
            image[4 * y : 4 * y + side, 4 * x : 4 * x + side] = 1.0
        return images


def encoder(latent_dim=LATENT_DIM, image_shape=IMAGE_SHAPE):
    return fc_encoder(image_shape, latent_dim, hidden_units=(16,))


def decoder(latent_dim=LATENT_DIM, image_shape=IMAGE_SHAPE):
    return fc_decoder(image_shape, latent_dim, hidden_units=(16,))


def networks():
    return {"encoder": encoder(), "decoder": decoder()}


def discriminator():
    return mlp_discriminator(LATENT_DIM, num_layers=2, units=16)


def images(num=8):
    return Squares()[np.arange(num) % len(Squares())]


def vae():
    return VAE(**networks())


def factor_vae():
    return FactorVAE(**networks(), discriminator=discriminator())


def train_run(folder, model=vae, *, steps=1, **options):
    """Trains into a run folder, in a second or two."""
    settings = {"data": Squares(), "batch_size": 4, "jit_compile": False, "decomposition_every": 0}
    settings["optimizer"] = lambda: keras.optimizers.Adam(1e-3)
    return train(folder, model=model, steps=steps, **(settings | options))
