"""The two shapes that a distribution over codes has here, and what both can be asked.

Factorised: batch shape `[..., latent_dim]` and scalar events, one distribution per dimension.
Joint: batch shape `[...]` and event shape `[latent_dim]`, for dimensions that depend on each other.
"""

from functools import singledispatch

import tensorflow as tf
from tensorflow_probability import distributions as tfd


def is_joint(distribution: tfd.Distribution) -> bool:
    """Returns whether the distribution is over whole codes, not over one dimension each."""
    return len(distribution.event_shape) == 1


def log_prob(distribution: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
    """Returns the log density of codes `[..., latent_dim]` in nats per code, `[...]`, counted once for each."""
    log_density = distribution.log_prob(z)
    return log_density if is_joint(distribution) else tf.reduce_sum(log_density, axis=-1)


def covariance(distribution: tfd.Distribution) -> tf.Tensor:
    """Returns the covariance matrices of codes, `[..., latent_dim, latent_dim]`."""
    return distribution.covariance() if is_joint(distribution) else tf.linalg.diag(distribution.variance())


@singledispatch
def marginals(distribution: tfd.Distribution) -> tfd.Distribution:
    """Returns the factorised distribution with the same marginals: of each dimension on its own.

    Raises:
      TypeError: the distribution is joint and its marginals have no closed form here.
    """
    if is_joint(distribution):
        raise TypeError(f"The marginals of {type(distribution).__name__} are not known in closed form.")
    return distribution


@marginals.register
def _(distribution: tfd.MultivariateNormalTriL) -> tfd.Normal:
    return tfd.Normal(distribution.mean(), distribution.stddev())


@marginals.register
def _(distribution: tfd.Independent) -> tfd.Distribution:
    return distribution.distribution


@marginals.register
def _(distribution: tfd.MixtureSameFamily) -> tfd.Distribution:
    if not is_joint(distribution):
        return distribution
    components = marginals(distribution.components_distribution)  # [component, latent_dim]
    if type(components) not in (tfd.Normal, tfd.Laplace):
        raise TypeError(f"The marginals of a mixture of {type(components).__name__} are not known in closed form.")
    per_dimension = type(components)(tf.transpose(components.loc), tf.transpose(components.scale))
    return tfd.MixtureSameFamily(distribution.mixture_distribution, per_dimension)
