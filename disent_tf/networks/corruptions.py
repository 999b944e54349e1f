"""Corruptions of images: what a denoising model's encoder sees instead of the image that it has to restore."""

import abc
from typing import Any

import gin
import keras
import tensorflow as tf

from disent_tf.checks import check_number


class Corruption(keras.layers.Layer, abc.ABC):
    """Changes some of the images of a batch.

    Args:
      amount: see the subclass; a share from 0 to 1.
      share: of the images of a batch that are corrupted, the first ones; 0.9 in Peychev et al. (2017).
      name: of the layer.

    Raises:
      InputError: `amount` or `share` is not a number from 0 to 1.
    """

    def __init__(self, amount: float, share: float = 0.9, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float32")
        self.amount = check_number(f"{type(self).__name__}.amount", amount, least=0, most=1)
        self.share = check_number(f"{type(self).__name__}.share", share, least=0, most=1)
        self.built = True

    def corrupt(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns images `[batch, h, w, c]` in [0, 1], the first `share` of them corrupted.

        Args:
          x: images `[batch, h, w, c]` in [0, 1].
          seed: of a stateless generator, int32 `[2]`.
        """
        num_images = tf.shape(x)[0]
        num_corrupted = tf.cast(tf.round(self.share * tf.cast(num_images, tf.float32)), tf.int32)
        corrupted = tf.reshape(tf.range(num_images) < num_corrupted, (-1, *[1] * (len(x.shape) - 1)))
        return tf.where(corrupted, self.corrupt_all(x, seed), x)

    @abc.abstractmethod
    def corrupt_all(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Returns the images with every one of them corrupted."""

    def get_config(self) -> dict[str, Any]:
        return {"amount": self.amount, "share": self.share, "name": self.name}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class SaltAndPepper(Corruption):
    """Sets each pixel, with probability `amount`, to 0 or 1, which are equally likely; all its channels alike."""

    def corrupt_all(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        noise = tf.random.stateless_uniform((*_pixels(x), 1), seed)
        salt = tf.cast(noise < 0.5 * self.amount, x.dtype)
        return tf.where(noise < self.amount, salt, x)


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class Erase(Corruption):
    """Sets a share of an image's bright pixels (above 0.5) to 0: one share for each image, drawn from [0, `amount`]."""

    def corrupt_all(self, x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        seeds = tf.random.split(seed, num=2)
        shares = self.amount * tf.random.stateless_uniform((_pixels(x)[0], *[1] * (len(x.shape) - 1)), seeds[0])
        erased = tf.random.stateless_uniform((*_pixels(x), 1), seeds[1]) < shares
        bright = tf.reduce_max(x, axis=-1, keepdims=True) > 0.5
        return tf.where(erased & bright, tf.zeros_like(x), x)


def _pixels(x: tf.Tensor) -> list[Any]:
    return [tf.shape(x)[0], *x.shape[1:-1]]
