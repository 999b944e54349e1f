"""Divergences between the distributions of codes, in nats where they are KL divergences."""

from typing import NamedTuple

import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.distributions import structure
from disent_tf.distributions.kernels import kernel_means


class KL(NamedTuple):
    """KL(q(z|x) ‖ p(z)) of a batch, nats."""

    total: tf.Tensor
    """`[batch]`: of whole codes."""
    per_dimension: tf.Tensor
    """`[batch, latent_dim]`: of the marginals; they add up to `total` if both distributions are factorised."""


class KLNames(NamedTuple):
    """How the parts of a `KL` were found."""

    total: str
    """"kl" in closed form; "kl_mc" from the one sample of z that each image has."""
    per_dimension: str
    """As `total`; "kl_marginal" and "kl_marginal_mc" if the parts do not add up, since a distribution is joint."""


def kl_divergence(posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor) -> KL:
    """Returns KL(q(z|x) ‖ p(z)): in closed form where TensorFlow Probability has one, else log q(z|x) - log p(z).

    Args:
      posterior: q(z|x), factorised `[batch, latent_dim]` or joint.
      prior: p(z), factorised `[latent_dim]` or joint.
      z: one sample of the posterior per image, `[batch, latent_dim]`.
    """
    per_dimension = _kl(structure.marginals(posterior), structure.marginals(prior), z)
    if _is_factorised(posterior, prior):
        return KL(tf.reduce_sum(per_dimension, axis=-1), per_dimension)
    return KL(_kl(_joint(posterior), _joint(prior), z), per_dimension)


def kl_names(posterior: tfd.Distribution, prior: tfd.Distribution) -> KLNames:
    """Returns what to call the parts of `kl_divergence` of these distributions."""
    per_dimension = _estimator(structure.marginals(posterior), structure.marginals(prior))
    if _is_factorised(posterior, prior):
        return KLNames("kl" + per_dimension, "kl" + per_dimension)
    return KLNames("kl" + _estimator(_joint(posterior), _joint(prior)), "kl_marginal" + per_dimension)


def _kl(posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
    try:
        return tfd.kl_divergence(posterior, prior)
    except NotImplementedError:
        return posterior.log_prob(z) - prior.log_prob(z)


def _estimator(posterior: tfd.Distribution, prior: tfd.Distribution) -> str:
    try:
        tfd.kl_divergence(posterior, prior)
    except NotImplementedError:
        return "_mc"
    return ""


def _is_factorised(*distributions: tfd.Distribution) -> bool:
    return not any(structure.is_joint(distribution) for distribution in distributions)


def _joint(distribution: tfd.Distribution) -> tfd.Distribution:
    if structure.is_joint(distribution):
        return distribution
    if isinstance(distribution, tfd.Normal):  # The form that has a KL to and from a normal with full covariance.
        return tfd.MultivariateNormalDiag(distribution.mean(), distribution.stddev())
    return tfd.Independent(distribution, reinterpreted_batch_ndims=1)


def kl_inclusive(posterior: tfd.Distribution, prior: tfd.Distribution, z_prior: tf.Tensor) -> tf.Tensor:
    """Returns KL(p(z) ‖ q(z)), nats, scalar, with the q(z) of the batch: the mean of its posteriors.

    Mathieu et al. (2019), "kld_inc" of its code.

    Args:
      posterior: q(z|x), factorised `[batch, latent_dim]` or joint.
      prior: p(z).
      z_prior: samples of the prior, `[num, latent_dim]`.
    """
    log_q = structure.log_prob(posterior, z_prior[:, None])  # [num, batch]
    batch_size = tf.cast(tf.shape(log_q)[1], tf.float32)
    log_q = tf.reduce_logsumexp(log_q, axis=1) - tf.math.log(batch_size)
    return tf.reduce_mean(structure.log_prob(prior, z_prior) - log_q)


def mmd(z: tf.Tensor, z_prior: tf.Tensor, kernel: str = "imq") -> tf.Tensor:
    """Returns the squared maximum mean discrepancy between two samples of codes, an unbiased estimate, scalar.

    Gretton et al. (2012), "A Kernel Two-Sample Test", equation 3. Unbiased, so it may be negative. A single code, the
    rest of a data set in an evaluation, says nothing of a distribution: 0.

    Args:
      z: `[num, latent_dim]`.
      z_prior: `[num, latent_dim]`.
      kernel: of `kernels.KERNELS`.
    """
    return _squared_discrepancy(z, z_prior, kernel)


def mmd_per_dimension(z: tf.Tensor, z_prior: tf.Tensor, kernel: str = "imq") -> tf.Tensor:
    """Returns `mmd` of each dimension on its own, summed over dimensions ("mmd_dim" of Mathieu et al. 2019)."""
    columns, columns_prior = tf.transpose(z)[..., None], tf.transpose(z_prior)[..., None]  # [latent_dim, num, 1]
    return tf.reduce_sum(_squared_discrepancy(columns, columns_prior, kernel))


def _squared_discrepancy(z: tf.Tensor, z_prior: tf.Tensor, kernel: str) -> tf.Tensor:
    within, within_prior, across = kernel_means(z, z_prior, kernel)
    several = tf.cast(tf.shape(z)[-2] > 1, tf.float32)
    return several * (within + within_prior - 2.0 * across)
