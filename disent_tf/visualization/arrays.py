"""Traversals, grids of images and densities of codes as arrays; nothing here draws or writes."""

from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.distributions import structure
from disent_tf.distributions.divergences import kl_divergence
from disent_tf.errors import InputError
from disent_tf.models.representation_model import RepresentationModel
from disent_tf.models.vae import VAE

# Pairs of as many codes and posteriors are compared at once, 4 MB for each intermediate result.
_POSTERIORS_AT_ONCE = 512
_CODES_AT_ONCE = 1024


def kl_per_dimension(model: VAE, images: np.ndarray) -> np.ndarray:
    """Returns KL(q(z_j|x) ‖ p(z_j)) in nats, averaged over images `[num, h, w, c]`: float32 `[latent_dim]`.

    A dimension that the model does not use has a KL of about 0, and its traversal shows nothing. Estimated from one
    code per image where there is no closed form.
    """
    posterior = model.encode(images)
    kl = kl_divergence(posterior, model.prior.distribution(), posterior.sample(seed=(0, 0)))
    return tf.reduce_mean(kl.per_dimension, axis=0).numpy()


def parts_by_use(model: RepresentationModel, images: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Returns the parts of a model's codes that traversals vary, int `[num_parts]`, and a label for each.

    Those of a VAE are sorted by the KL divergence that they have on images `[num, h, w, c]`, largest first.

    Raises:
      InputError: the model has none.
    """
    if not model.part_names:
        raise InputError(f"Codes of {type(model).__name__} have no parts to traverse; leave traversals out.")
    if not isinstance(model, VAE):
        return np.arange(len(model.part_names)), model.part_names
    kl = kl_per_dimension(model, images)
    order = np.argsort(-kl)
    return order, [f"{model.part_names[part]}: {kl[part]:.2f} nats" for part in order]


def traversals(model: RepresentationModel, code: np.ndarray, parts: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Decodes a code with one part at a time at each position.

    Args:
      model: a model that decodes.
      code: `[latent_dim]`, where the traversals start: a posterior mean, or zeros for a traversal of the prior.
      parts: int `[num_parts]`, one row for each.
      positions: `[num_positions]`; `RepresentationModel.varied` says what they are.

    Returns:
      images `[num_parts, num_positions, h, w, c]`.
    """
    codes = np.stack([model.varied(code, part, positions) for part in parts])
    images = model.decode(codes.reshape(-1, codes.shape[-1])).mean().numpy()
    return images.reshape(len(parts), len(positions), *images.shape[1:])


def grid(images: np.ndarray, padding: int = 2) -> np.ndarray:
    """Tiles images `[rows, columns, h, w, c]` in [0, 1] into one picture, uint8 `[H, W, 3]`, with mid-grey gaps."""
    rows, columns, height, width, channels = images.shape
    padded = np.full((rows, columns, height + padding, width + padding, channels), 0.5, np.float32)
    padded[:, :, :height, :width] = images
    picture = padded.transpose(0, 2, 1, 3, 4).reshape(rows * (height + padding), columns * (width + padding), channels)
    picture = picture[: picture.shape[0] - padding, : picture.shape[1] - padding]
    picture = np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    return np.repeat(picture, 3, axis=2) if channels == 1 else picture


def aggregate_posterior_density(
    model: keras.Model, images: np.ndarray, limit: float = 2.0, resolution: int = 300
) -> np.ndarray:
    """Returns the density of q(z) = 1/N Σ_n q(z|x_n) of a two-dimensional code, on a square grid.

    Args:
      model: a VAE with `latent_dim` 2.
      images: the x_n, `[num, h, w, c]` or `[num, 2]`.
      limit: the grid covers [-limit, limit]², its ends included.
      resolution: points of the grid along each side.

    Returns:
      float32 `[resolution, resolution]`: z_0 grows from column to column, z_1 from row to row: row 0 is at z_1 = -limit
      (imshow's origin="lower").
    """
    starts = range(0, len(images), _POSTERIORS_AT_ONCE)
    posteriors = (model.encode(images[start : start + _POSTERIORS_AT_ONCE]) for start in starts)
    return _mean_density(posteriors, limit, resolution)


def prior_density(model: keras.Model, limit: float = 2.0, resolution: int = 300) -> np.ndarray:
    """Returns the density of p(z) on the grid of `aggregate_posterior_density`."""
    return _mean_density([model.prior.distribution()], limit, resolution)


def _mean_density(distributions: Iterable[tfd.Distribution], limit: float, resolution: int) -> np.ndarray:
    """Averages over all distributions of all batches; a single one, as a prior, counts as a batch of one."""
    axis = np.linspace(-limit, limit, resolution, dtype=np.float32)
    codes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 1, 2)
    total, num = np.zeros(len(codes)), 0
    for batch in distributions:
        for start in range(0, len(codes), _CODES_AT_ONCE):
            chunk = slice(start, start + _CODES_AT_ONCE)
            densities, counted = _sum_of_densities(batch, codes[chunk])
            total[chunk] += densities
        num += int(counted)
    return (total / num).astype(np.float32).reshape(resolution, resolution)


@tf.function(jit_compile=True, reduce_retracing=True)  # Op by op, joint posteriors take 8 times as long on a CPU.
def _sum_of_densities(batch: tfd.Distribution, codes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns Σ_n q_n(z) for codes `[num, 1, 2]`, `[num]`, and how many distributions there are."""
    densities = tf.exp(structure.log_prob(batch, codes))  # [code, distribution]
    return tf.reduce_sum(densities, axis=1), tf.shape(densities)[1]
