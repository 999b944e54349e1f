"""Likelihoods p(x|z): what the decoder's output means."""

import abc

import gin
import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd


class Likelihood(keras.layers.Layer, abc.ABC):
    """Reads a decoder's output `[batch, h, w, c]` as a distribution over images, always in float32."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float32")
        self.built = True

    @abc.abstractmethod
    def distribution(self, parameters: tf.Tensor) -> tfd.Distribution:
        """Returns p(x|z) with batch shape `[batch]` and event shape `[h, w, c]`."""

    def log_prob(self, parameters: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        """Returns log p(x|z), nats per image, `[batch]`: the sum over pixels and channels."""
        return self.distribution(parameters).log_prob(x)

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        """Returns E[x|z], the image to show, `[batch, h, w, c]`."""
        return self.distribution(parameters).mean()

    def get_config(self) -> dict:
        return {"name": self.name}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class Bernoulli(Likelihood):
    """Independent Bernoulli pixels; the decoder gives logits.

    Images in [0, 1] that are not binary are scored by the cross-entropy, the field's usual abuse of this likelihood.
    """

    def distribution(self, parameters: tf.Tensor) -> tfd.Distribution:
        return tfd.Independent(tfd.Bernoulli(logits=parameters, dtype=tf.float32), reinterpreted_batch_ndims=3)

    def log_prob(self, parameters: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        # Equal to TFP's (a test holds them together), in one pass over the pixels instead of three.
        return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(x, parameters), axis=(1, 2, 3))
