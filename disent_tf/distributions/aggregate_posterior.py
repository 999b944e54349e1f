"""The aggregate posterior q(z) = 1/N Σ_n q(z|x_n), estimated from a batch, and what KL divides into with it.

The project's common language (Chen et al. 2018, "Isolating Sources of Disentanglement in VAEs", equation 2):

    E_x KL(q(z|x) ‖ p(z)) = I[x; z] + KL(q(z) ‖ Π_j q(z_j)) + Σ_j KL(q(z_j) ‖ p(z_j))
                          = mutual information + total correlation + dimension-wise KL.
"""

import math
from typing import NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.distributions import structure

ESTIMATORS = ("mws", "mss", "dlib", "mss_legacy")
"""How q(z) is estimated from a batch of M of the N images, with z a sample of the posterior of image i.

mws: minibatch-weighted sampling, 1/(NM) Σ_j q(z|x_j) (Chen et al.). A lower bound, far below: where the
  batch stands for the data its logarithm is log q(z) - log N, so that the mutual information comes out log N too high,
  the total correlation (latent_dim - 1) log N too high, the dimension-wise KL latent_dim log N too low. Gradients do
  not see these constants.
mss: minibatch-stratified sampling (their appendix): weights 1/N for x_i, (N - M + 1) / (N (M - 1)) for one other image
  and 1 / (M - 1) for the rest, which add up to 1; unbiased for q(z).
mss_legacy: the weights of the authors' code (rtqichen/beta-tcvae, and those that took it from there), which put the
  first two of these on the first two images of the batch, whatever i is; for comparison with their numbers.
dlib: Σ_j q(z|x_j), disentanglement_lib's mws without its constants: log M (latent_dim - 1) too low for the total
  correlation.
"""


class Decomposition(NamedTuple):
    """The three parts of the KL divergence for each code of a batch, nats, `[batch]`; their means are the estimates."""

    mi: tf.Tensor
    tc: tf.Tensor
    dwkl: tf.Tensor


def log_weights(batch_size: tf.Tensor, num_data: int, estimator: str) -> tf.Tensor:
    """Returns the logarithms of the weight of image j in the estimate of q(z_i), `[batch, batch]`.

    Args:
      batch_size: M, at least 2 for mss; an integer or an int32 scalar.
      num_data: N, images in the data set.
      estimator: of `ESTIMATORS`.
    """
    size = tf.cast(batch_size, tf.float32)
    if estimator == "dlib":
        return tf.zeros((batch_size, batch_size))
    if estimator == "mws":
        return tf.fill((batch_size, batch_size), -math.log(num_data) - tf.math.log(size))
    others = tf.maximum(size - 1.0, 1.0)  # A batch of one image has no others; its estimate stays finite.
    itself = tf.eye(batch_size)
    stratified = tf.roll(itself, 1, axis=1)  # The image after x_i carries what the batch has not seen.
    if estimator == "mss_legacy":
        itself, stratified = _marks_of_the_published_code(batch_size)
    weights = tf.fill((batch_size, batch_size), 1.0 / others)
    weights = tf.where(itself == 1.0, 1.0 / num_data, weights)
    unseen = tf.maximum(num_data - others, 0.0)
    return tf.math.log(tf.where(stratified == 1.0, unseen / (num_data * others), weights))


def _marks_of_the_published_code(batch_size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns which image counts as x_i itself and which as the unseen ones: a stride that is one short marks columns.

    One entry of the row before the last is then set by hand, to close the diagonal that it was meant to be.
    """
    first, second = (tf.one_hot(tf.fill((batch_size,), column), batch_size) for column in (0, 1))
    last_but_one = tf.one_hot(batch_size - 2, batch_size)[:, None] * tf.one_hot(0, batch_size)
    return first, tf.maximum(second, last_but_one)


def decompose(
    posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor, num_data: int, estimator: str
) -> Decomposition:
    """Estimates mutual information, total correlation and dimension-wise KL.

    For a joint prior, the dimension-wise KL is to its marginals, and the three do not add up to the KL divergence.

    Args:
      posterior: q(z|x) of a batch, factorised `[batch, latent_dim]` or joint.
      prior: p(z).
      z: one sample of each posterior, `[batch, latent_dim]`.
      num_data: images in the data set.
      estimator: of `ESTIMATORS`.
    """
    log_q_given_x = structure.log_prob(posterior, z)
    weights = log_weights(tf.shape(z)[0], num_data, estimator)
    log_q_pairs = structure.marginals(posterior).log_prob(z[:, None])  # [code, image, dimension]
    log_q_product = tf.reduce_sum(tf.reduce_logsumexp(log_q_pairs + weights[..., None], axis=1), axis=-1)
    log_joint_pairs = (
        structure.log_prob(posterior, z[:, None])
        if structure.is_joint(posterior)
        else tf.reduce_sum(log_q_pairs, axis=-1)
    )
    log_q = tf.reduce_logsumexp(log_joint_pairs + weights, axis=1)
    log_p = tf.reduce_sum(structure.marginals(prior).log_prob(z), axis=-1)
    return Decomposition(log_q_given_x - log_q, log_q - log_q_product, log_q_product - log_p)
