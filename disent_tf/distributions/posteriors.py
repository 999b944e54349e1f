"""Posteriors q(z|x): what the encoder's output means."""

import abc
import math
from typing import Any, Literal

import gin
import keras
import tensorflow as tf
from tensorflow_probability import bijectors as tfb
from tensorflow_probability import distributions as tfd

from disent_tf.checks import check_choice


class Posterior(keras.layers.Layer, abc.ABC):
    """Reads an encoder's output `[batch, num_parameters]` as distributions over codes, always in float32."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float32")
        self.built = True

    @abc.abstractmethod
    def num_parameters(self, latent_dim: int) -> int:
        """Returns how many outputs the encoder must have."""

    @abc.abstractmethod
    def distribution(self, parameters: tf.Tensor) -> tfd.Distribution:
        """Returns q(z|x): factorised, batch shape `[batch, latent_dim]`, or joint, `[batch]` (see `structure`)."""

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class _LocationScale(Posterior):
    """Locations, then scales in the coordinate that `scale` names.

    Args:
      scale: "log_var", σ = exp(½ s), or "softplus", σ = log(1 + exp(s)) + 1e-6.
      name: of the layer.

    Raises:
      InputError: `scale` is neither.
    """

    def __init__(self, scale: Literal["log_var", "softplus"] = "log_var", name: str | None = None) -> None:
        super().__init__(name=name)
        self.scale = check_choice(f"{type(self).__name__}.scale", scale, ("log_var", "softplus"))

    def num_parameters(self, latent_dim: int) -> int:
        return 2 * latent_dim

    def location_and_scale(self, parameters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        location, raw = tf.split(tf.cast(parameters, tf.float32), 2, axis=-1)
        return location, tf.exp(0.5 * raw) if self.scale == "log_var" else tf.nn.softplus(raw) + 1e-6

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class DiagonalNormal(_LocationScale):
    """q(z|x) = N(μ(x), diag σ²(x)), the posterior of Kingma & Welling (2013)."""

    def distribution(self, parameters: tf.Tensor) -> tfd.Normal:
        return tfd.Normal(*self.location_and_scale(parameters))


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class LaplacePosterior(_LocationScale):
    """Independent Laplace distributions; "log_var" is then the logarithm of the squared scale b, not of 2 b²."""

    def distribution(self, parameters: tf.Tensor) -> tfd.Laplace:
        return tfd.Laplace(*self.location_and_scale(parameters))


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class FullCovarianceNormal(Posterior):
    """q(z|x) = N(μ(x), L(x) L(x)ᵀ), L lower triangular with a softplus diagonal (Kingma & Welling 2019, section 2.5.1).

    The encoder gives the mean, then the latent_dim (latent_dim + 1) / 2 entries of L.
    """

    def num_parameters(self, latent_dim: int) -> int:
        return latent_dim * (latent_dim + 3) // 2

    def distribution(self, parameters: tf.Tensor) -> tfd.MultivariateNormalTriL:
        num = parameters.shape[-1]
        latent_dim = (math.isqrt(9 + 8 * num) - 3) // 2  # The inverse of num_parameters.
        mean, entries = tf.split(tf.cast(parameters, tf.float32), [latent_dim, num - latent_dim], axis=-1)
        to_triangle = tfb.FillScaleTriL(diag_bijector=tfb.Softplus(), diag_shift=1e-6)
        return tfd.MultivariateNormalTriL(mean, scale_tril=to_triangle.forward(entries))
