"""Likelihoods p(x|z): what the decoder's output means."""

import abc
from typing import Any

import gin
import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.checks import check_positive, check_positive_number
from disent_tf.errors import InputError


class Likelihood(keras.layers.Layer, abc.ABC):
    """Reads a decoder's output `[batch, ..., c * num_parameters]` as a distribution over images `[batch, ..., c]`.

    Always in float32. The ... are height and width for images, nothing for points.
    """

    num_parameters: int = 1
    """Outputs of the decoder for each value of an image."""

    on_unit_interval: bool = True
    """Whether images have to lie in [0, 1]."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float32")
        self.built = True

    @abc.abstractmethod
    def per_value(self, parameters: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of each value of an image on its own, batch shape `[batch, ..., c]`."""

    def distribution(self, parameters: tf.Tensor) -> tfd.Distribution:
        """Returns p(x|z) with batch shape `[batch]` and images as events."""
        per_value = self.per_value(parameters)
        return tfd.Independent(per_value, reinterpreted_batch_ndims=len(parameters.shape) - 1)

    def log_prob(self, parameters: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """Returns log p(x|z), nats per image, `[batch]`: the sum over pixels and channels."""
        return self.distribution(parameters).log_prob(x)

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        """Returns E[x|z], the image to show, `[batch, ..., c]`."""
        return self.per_value(parameters).mean()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class Bernoulli(Likelihood):
    """Independent Bernoulli pixels; the decoder gives logits.

    Images in [0, 1] that are not binary are scored by the cross-entropy, the field's usual abuse of this likelihood;
    `ContinuousBernoulli` is the density that it would need.
    """

    def per_value(self, parameters: tf.Tensor) -> tfd.Bernoulli:
        return tfd.Bernoulli(logits=parameters, dtype=tf.float32)

    def log_prob(self, parameters: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        # Equal to TFP's (a test holds them together), in one pass over the pixels instead of three.
        cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(x, parameters)
        return -tf.reduce_sum(cross_entropy, axis=list(range(1, len(parameters.shape))))


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class ContinuousBernoulli(Likelihood):
    """Independent continuous Bernoulli pixels in [0, 1]; the decoder gives logits.

    Loaiza-Ganem & Cunningham (2019), "The continuous Bernoulli: fixing a pervasive error in variational autoencoders".
    """

    def per_value(self, parameters: tf.Tensor) -> tfd.ContinuousBernoulli:
        return tfd.ContinuousBernoulli(logits=parameters)


class _LocationScale(Likelihood):
    """Independent values around the decoder's output.

    Args:
      scale: a fixed number; "learned", one trained number for all values, 1 at first; or "decoded", the decoder giving
        locations and then, through a softplus, scales (`num_parameters = 2` of the decoder).
      name: of the layer.

    Raises:
      InputError: `scale` is none of these.
    """

    on_unit_interval = False

    def __init__(self, scale: float | str = 1.0, name: str | None = None) -> None:
        super().__init__(name=name)
        if scale not in ("learned", "decoded"):
            scale = check_positive_number(f"{type(self).__name__}.scale (or 'learned', 'decoded')", scale)
        self.scale = scale
        self.num_parameters = 2 if scale == "decoded" else 1
        if scale == "learned":
            self.log_scale = self.add_weight(name="log_scale", shape=(), initializer="zeros")

    def location_and_scale(self, parameters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | float]:
        if self.scale == "decoded":
            location, raw = tf.split(parameters, 2, axis=-1)
            return location, tf.nn.softplus(raw) + 1e-6
        return parameters, tf.exp(tf.convert_to_tensor(self.log_scale)) if self.scale == "learned" else self.scale

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class GaussianLikelihood(_LocationScale):
    """Independent normal values; `scale` is the standard deviation.

    With a fixed scale of 1, -log p(x|z) is half the squared error plus ½ log 2π per value.
    """

    def per_value(self, parameters: tf.Tensor) -> tfd.Normal:
        return tfd.Normal(*self.location_and_scale(parameters))


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class LaplaceLikelihood(_LocationScale):
    """Independent Laplace values; `scale` is b, and -log p(x|z) the absolute error over b plus log 2b per value."""

    def per_value(self, parameters: tf.Tensor) -> tfd.Laplace:
        return tfd.Laplace(*self.location_and_scale(parameters))


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class Categorical(Likelihood):
    """Independent values on evenly spaced levels from 0 to 1; the decoder gives `num_levels` logits for each value.

    The likelihood of colour images of 8 bits (van den Oord et al. 2016, "Pixel Recurrent Neural
    Networks"). An image is read at the nearest level.

    Args:
      num_levels: levels of a value, at least 2; the decoder needs `num_parameters` equal to it.
      name: of the layer.

    Raises:
      InputError: `num_levels` is not an integer of at least 2.
    """

    def __init__(self, num_levels: int = 256, name: str | None = None) -> None:
        super().__init__(name=name)
        check_positive(num_levels=num_levels)
        if num_levels < 2:
            raise InputError("Categorical.num_levels is 1; expected at least 2: one level says nothing.")
        self.num_levels = self.num_parameters = num_levels

    def per_value(self, parameters: tf.Tensor) -> tfd.FiniteDiscrete:
        levels = tf.linspace(0.0, 1.0, self.num_levels)
        return tfd.FiniteDiscrete(levels, self._logits(parameters), atol=0.5 / (self.num_levels - 1))

    def log_prob(self, parameters: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        # Equal to TFP's (a test holds them together), without a search for the level.
        levels = tf.cast(tf.round(x * (self.num_levels - 1)), tf.int32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(levels, self._logits(parameters))
        return -tf.reduce_sum(losses, axis=list(range(1, len(x.shape))))

    def _logits(self, parameters: tf.Tensor) -> tf.Tensor:
        *sides, depth = parameters.shape[1:]
        return tf.reshape(parameters, (-1, *sides, depth // self.num_levels, self.num_levels))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_levels": self.num_levels}
