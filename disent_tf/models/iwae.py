"""The importance-weighted bound on log p(x), an evaluation (Burda et al. 2016, "Importance Weighted Autoencoders")."""

import itertools
import math
from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf

from disent_tf.checks import check_positive
from disent_tf.data.observations import Observations
from disent_tf.distributions.structure import log_prob

_DECODED_AT_ONCE = 4096  # Codes, which bounds the memory.


def iwae_bound(model: keras.Model, images: np.ndarray, num_samples: int, seed: int = 0) -> np.ndarray:
    """Estimates log p(x) from below: log 1/K Σ_k p(x|z_k) p(z_k) / q(z_k|x), z_k ~ q(z|x); equation 8 of the paper.

    With one sample this is the evidence lower bound; it grows with K, in expectation, to log p(x).

    Args:
      model: a VAE.
      images: `[num, h, w, c]` in [0, 1].
      num_samples: K.
      seed: of the samples.

    Returns:
      nats per image, float64 `[num]`.

    Raises:
      InputError: `num_samples` is not a positive integer.
    """
    check_positive(num_samples=num_samples)
    per_call = min(num_samples, 64)
    images_per_call = max(1, _DECODED_AT_ONCE // (per_call * model.likelihood.num_parameters))
    calls = itertools.count()  # Each with its own noise.

    @tf.function(jit_compile=False, reduce_retracing=True)
    def log_weights(x: tf.Tensor, num: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        posterior, prior = model.encode(x), model.prior.distribution()
        z = posterior.sample(num, seed=seed)  # [num, image, dimension]
        flat = tf.reshape(z, (-1, model.latent_dim))
        parameters = tf.cast(model.decoder(flat, training=False), tf.float32)
        repeated = tf.tile(x, (num, *[1] * (x.shape.rank - 1)))
        log_likelihood = tf.reshape(model.likelihood.log_prob(parameters, repeated), (num, -1))
        return tf.cast(log_likelihood + log_prob(prior, z) - log_prob(posterior, z), tf.float64)

    bounds = []
    for start in range(0, len(images), images_per_call):
        x = tf.constant(images[start : start + images_per_call], tf.float32)
        total = np.full(len(x), -np.inf)
        for done in range(0, num_samples, per_call):
            weights = log_weights(x, tf.constant(min(per_call, num_samples - done)), tf.constant([seed, next(calls)]))
            total = np.logaddexp(total, tf.reduce_logsumexp(weights, axis=0).numpy())
        bounds.append(total - math.log(num_samples))
    return np.concatenate(bounds)


@gin.register
def compute_iwae_bound(
    model: keras.Model,
    ground_truth_data: Observations,
    random_state: np.random.RandomState,
    num_images: int = 1000,
    num_samples: int = 1000,
) -> dict[str, Any]:
    """Returns the means over images of the bounds with `num_samples` and with one sample, nats per image.

    Args:
      model: a VAE.
      ground_truth_data: where the images are drawn from.
      random_state: of the images and samples.
      num_images: images drawn.
      num_samples: K, 1000 in Mathieu et al. (2019).

    Returns:
      "iwae_bound" and its standard error over images, "elbo" (one sample of z for each image), and both numbers.
    """
    check_positive(num_images=num_images)
    images = ground_truth_data.sample_observations(num_images, random_state)
    seed = int(random_state.randint(2**31 - 1))
    bounds, elbos = iwae_bound(model, images, num_samples, seed), iwae_bound(model, images, 1, seed)
    return {
        "iwae_bound": float(bounds.mean()),
        "iwae_bound_standard_error": float(bounds.std() / math.sqrt(num_images)),
        "elbo": float(elbos.mean()),
        "num_samples": num_samples,
        "num_images": num_images,
    }
