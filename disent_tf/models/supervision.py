"""Losses on the labels of a few images (Locatello et al. 2020, "Disentangling Factors of Variation Using Few Labels").

Each ties the first dimensions of the posterior's mean to the factors, one to one and in order.
"""

import abc
from collections.abc import Sequence
from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf

from disent_tf.errors import InputError
from disent_tf.models.weights import Weight, check_weight, weight_at


class Supervision(keras.layers.Layer, abc.ABC):
    """A loss between representations and labels, with its weight.

    disentanglement_lib sums its losses over the batch of labelled images where this is a mean: its γ_sup at batch size
    64 is a weight of 64 γ_sup here (for the covariance, which is one number for the batch, of γ_sup).

    Args:
      factor_sizes: number of values of each factor.
      weight: a number >= 0 or a Keras schedule over steps (to anneal it, or to start fine-tuning late).
      name: of the layer.

    Raises:
      InputError: `factor_sizes` are not positive integers or `weight` is no weight.
    """

    def __init__(self, factor_sizes: Sequence[int], weight: Weight = 1.0, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float32")
        sizes = np.asarray(factor_sizes if isinstance(factor_sizes, (tuple, list, np.ndarray)) else None)
        if sizes.ndim != 1 or not sizes.size or not np.issubdtype(sizes.dtype, np.integer) or sizes.min() < 1:
            raise InputError(f"{type(self).__name__}.factor_sizes is {factor_sizes!r}; expected positive integers.")
        self.factor_sizes = tuple(int(size) for size in sizes)
        self.weight = check_weight(f"{type(self).__name__}.weight", weight)
        self.built = True

    def weighted(self, representation: tf.Tensor, factors: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Returns weight · loss, scalar.

        Args:
          representation: `[batch, latent_dim]`.
          factors: values from 0 to size - 1, `[batch, num_factors]`.
          step: training step, for the weight.
        """
        return weight_at(self.weight, step) * self.loss(representation, tf.cast(factors, tf.float32))

    @abc.abstractmethod
    def loss(self, representation: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
        """Returns the loss, scalar."""

    def supervised_dimensions(self, representation: tf.Tensor) -> tf.Tensor:
        """Returns the dimensions that have a factor, `[batch, num_factors]`."""
        return representation[:, : len(self.factor_sizes)]

    def unit_labels(self, factors: tf.Tensor) -> tf.Tensor:
        """Returns factors divided by their number of values, in [0, 1)."""
        return factors / tf.constant(self.factor_sizes, tf.float32)

    def get_config(self) -> dict[str, Any]:
        weight = keras.saving.serialize_keras_object(self.weight)
        return {"factor_sizes": self.factor_sizes, "weight": weight, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Supervision":
        return cls(**{key: keras.saving.deserialize_keras_object(value) for key, value in config.items()})


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class CrossEntropySupervision(Supervision):
    """Cross-entropy, nats per image, of each dimension through a sigmoid with its label in [0, 1)."""

    def loss(self, representation: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
        logits = self.supervised_dimensions(representation)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(self.unit_labels(factors), logits)
        return tf.reduce_mean(tf.reduce_sum(losses, axis=-1))


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class L2Supervision(Supervision):
    """Squared error: of b · dimension to the value of its factor, or of its sigmoid to the label in [0, 1).

    Args:
      factor_sizes: as for `Supervision`.
      weight: as for `Supervision`.
      learn_scale: train the factor b, 1 at first; without it the sigmoid is used.
      name: of the layer.
    """

    def __init__(
        self,
        factor_sizes: Sequence[int],
        weight: Weight = 1.0,
        *,
        learn_scale: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(factor_sizes, weight, name)
        self.learn_scale = learn_scale
        if learn_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")

    def loss(self, representation: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
        values = self.supervised_dimensions(representation)
        if self.learn_scale:
            errors = values * tf.convert_to_tensor(self.scale) - factors
        else:
            errors = tf.sigmoid(values) - self.unit_labels(factors)
        return tf.reduce_mean(tf.reduce_sum(errors**2, axis=-1))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"learn_scale": self.learn_scale}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class CovarianceSupervision(Supervision):
    """Sum of squared covariances between each dimension and the factors that are not its own.

    All dimensions count, those without a factor too: they are to follow none.
    """

    def loss(self, representation: tf.Tensor, factors: tf.Tensor) -> tf.Tensor:
        centred = representation - tf.reduce_mean(representation, axis=0)
        centred_factors = factors - tf.reduce_mean(factors, axis=0)
        num = tf.cast(tf.shape(factors)[0], tf.float32)
        covariance = tf.matmul(centred, centred_factors, transpose_a=True) / num  # [latent_dim, num_factors]
        own = tf.eye(representation.shape[-1], len(self.factor_sizes))
        return tf.reduce_sum(((1.0 - own) * covariance) ** 2)
