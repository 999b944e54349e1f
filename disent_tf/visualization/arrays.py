"""Traversals, reconstructions and grids as arrays; nothing here draws or writes."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd


def kl_per_dimension(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Returns KL(q(z_j|x) ‖ p(z_j)) in nats, averaged over images `[num, h, w, c]`: float32 `[latent_dim]`.

    A dimension that the model does not use has a KL of about 0, and its traversal shows nothing.
    """
    kl = tfd.kl_divergence(model.encode(images), model.prior.distribution())
    return tf.reduce_mean(kl, axis=0).numpy()


def traversals(model: keras.Model, code: np.ndarray, dimensions: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Decodes a code with one dimension at a time set to each value.

    Args:
      model: a VAE.
      code: `[latent_dim]`, where the traversals start: a posterior mean, or zeros for a traversal of the prior.
      dimensions: int `[num_dimensions]`, one row for each.
      values: `[num_values]`, what the dimension is set to.

    Returns:
      images `[num_dimensions, num_values, h, w, c]`.
    """
    codes = np.tile(np.asarray(code, np.float32), (len(dimensions), len(values), 1))
    for row, dimension in enumerate(dimensions):
        codes[row, :, dimension] = values
    images = model.decode(codes.reshape(-1, codes.shape[-1])).mean().numpy()
    return images.reshape(len(dimensions), len(values), *images.shape[1:])


def grid(images: np.ndarray, padding: int = 2) -> np.ndarray:
    """Tiles images `[rows, columns, h, w, c]` in [0, 1] into one picture, uint8 `[H, W, 3]`, with mid-grey gaps."""
    rows, columns, height, width, channels = images.shape
    padded = np.full((rows, columns, height + padding, width + padding, channels), 0.5, np.float32)
    padded[:, :, :height, :width] = images
    picture = padded.transpose(0, 2, 1, 3, 4).reshape(rows * (height + padding), columns * (width + padding), channels)
    picture = picture[: picture.shape[0] - padding, : picture.shape[1] - padding]
    picture = np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    return np.repeat(picture, 3, axis=2) if channels == 1 else picture
