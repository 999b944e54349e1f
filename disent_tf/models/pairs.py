"""What models that learn from pairs of images have in common: posteriors of a pair that share what its images share.

Locatello et al. (2020), "Weakly-Supervised Disentanglement Without Compromises".
"""

import abc
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from disent_tf.data.observations import Observations
from disent_tf.distributions.posteriors import DiagonalNormal
from disent_tf.errors import InputError
from disent_tf.models.beta_vae import BetaVAE
from disent_tf.models.fit_together import check_pairs, check_support


class Moments(NamedTuple):
    """Mean and log variance of diagonal normal posteriors, `[..., latent_dim]` each.

    Logarithms throughout: the variance of a posterior that is sure of itself is 0 in float32.
    """

    mean: tf.Tensor
    log_var: tf.Tensor


Average = Callable[[Moments, Moments], Moments]


def group_average(first: Moments, second: Moments) -> Moments:
    """Returns the arithmetic means of mean and variance (GVAE, Hosoya 2019)."""
    log_var = tf.math.reduce_logsumexp([first.log_var, second.log_var], axis=0) - math.log(2.0)
    return Moments(0.5 * (first.mean + second.mean), log_var)


def product_of_experts(first: Moments, second: Moments) -> Moments:
    """Returns the normalised square root of the product of densities: precisions are averaged.

    ML-VAE (Bouchacourt et al. 2018) multiplies the densities; disentanglement_lib doubles the variance of the product,
    so that two equal posteriors give themselves, and its form is this one.
    """
    share = tf.sigmoid(second.log_var - first.log_var)  # Of the first in the sum of both precisions.
    log_precision = tf.math.reduce_logsumexp([-first.log_var, -second.log_var], axis=0) - math.log(2.0)
    return Moments(share * first.mean + (1.0 - share) * second.mean, -log_precision)


def divergence(first: Moments, second: Moments) -> tf.Tensor:
    """Returns KL(first ‖ second) of each dimension, nats, `[..., latent_dim]`."""
    difference = first.log_var - second.log_var
    shift = tf.math.squared_difference(first.mean, second.mean) * tf.exp(-second.log_var)
    return 0.5 * (tf.exp(difference) + shift - 1.0 - difference)


class PairVAE(BetaVAE, abc.ABC):
    """A β-VAE of pairs: the posteriors of a pair's images are averaged in the dimensions that the pair shares.

    `fit` takes what `ImagePairs` feeds, dicts of "images" `[batch, 2, h, w, c]` and "changed" `[batch, num_factors]`;
    the loss is that of `BetaVAE`, averaged over both images, with the averaged posteriors. Single images,
    `[batch, h, w, c]`, can be evaluated; nothing is shared then.
    """

    average: Average

    def __init__(self, encoder: keras.Model, decoder: keras.Model, **options: Any) -> None:
        super().__init__(encoder, decoder, **options)
        if self.supervision is not None:
            raise InputError(f"{type(self).__name__} is fed pairs, which come without labels; leave out supervision.")
        if type(self.posterior) is not DiagonalNormal or self.posterior.scale != "log_var":
            raise InputError(
                f"{type(self).__name__} averages the means and variances of posteriors, and cannot with the given "
                f"{type(self.posterior).__name__}; leave its posterior DiagonalNormal(scale='log_var'), the default."
            )

    @abc.abstractmethod
    def shared(self, first: Moments, second: Moments, changed: tf.Tensor) -> tf.Tensor:
        """Returns which dimensions the images of each pair share, bool `[batch, latent_dim]`.

        Args:
          first: posteriors of the first images, `[batch, latent_dim]`.
          second: of the second ones.
          changed: which factors differ, bool `[batch, num_factors]`.
        """

    def images(self, x: Any) -> tf.Tensor:
        """Returns the images `[2 * batch, h, w, c]`, the two of a pair one after the other."""
        if not isinstance(x, dict):
            return x
        return tf.reshape(x["images"], (-1, *self.image_shape))

    def infer(self, x: Any, training: bool) -> tf.Tensor:
        parameters = super().infer(x, training)
        if not isinstance(x, dict):
            if training:
                raise InputError(f"{type(self).__name__} learns from pairs of images, as ImagePairs feeds them.")
            return parameters
        mean, log_var = tf.split(parameters, 2, axis=-1)
        first, second = (Moments(mean[i::2], log_var[i::2]) for i in range(2))
        shared = self.shared(first, second, tf.cast(x["changed"], tf.bool))
        common = tf.concat(self.average(first, second), axis=-1)
        shared = tf.concat([shared, shared], axis=-1)  # Means and log variances alike.
        averaged = [tf.where(shared, common, tf.concat(own, axis=-1)) for own in (first, second)]
        return tf.reshape(tf.stack(averaged, axis=1), tf.shape(parameters))

    def check_feed(self, spec: Any, data: Observations) -> None:
        check_pairs(spec, data, self.image_shape)
        check_support(data, self.likelihood)


class AdaptivePairVAE(PairVAE):
    """Finds out itself which dimensions a pair shares: those where its posteriors are close."""

    def shared(self, first: Moments, second: Moments, changed: tf.Tensor) -> tf.Tensor:
        """Returns where KL(q(z_j|x₁) ‖ q(z_j|x₂)) is below half way between its least and largest: their τ."""
        del changed
        distances = divergence(first, second)
        least, largest = (reduce(distances, axis=-1, keepdims=True) for reduce in (tf.reduce_min, tf.reduce_max))
        return distances < 0.5 * (least + largest)
