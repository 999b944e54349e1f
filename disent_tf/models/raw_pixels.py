"""The observation itself as its code: what a representation has to be better than."""

from typing import Any, ClassVar

import gin
import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.models.representation_model import RepresentationModel


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class RawPixels(RepresentationModel):
    """Codes are observations, end to end: row by row, the channels of a pixel side by side.

    The row "raw pixels" of the table of Higgins et al. (2017); on `FactorVectors`, whose observations are factors, it
    is the row "ground truth".

    Args:
      image_shape: of one observation, `(height, width, channels)` or any other.
      name: of the Keras model.
      dtype: Keras dtype policy; None for the global one. Codes are float32 under every policy.
    """

    learns_at_once: ClassVar[bool] = True

    def __init__(self, image_shape: tuple[int, ...], *, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(image_shape, int(np.prod(image_shape)), name=name, dtype=dtype)
        self.built = True

    def call(self, x: Any, training: bool = False) -> tf.Tensor:
        """Returns the codes, float32 `[batch, latent_dim]`, of observations `[batch, *image_shape]`."""
        return tf.reshape(tf.cast(x, tf.float32), (-1, self.latent_dim))

    def encode(self, x: tf.Tensor) -> tfd.Distribution:
        """Returns the codes of observations, without spread: batch shape `[batch, latent_dim]`."""
        return tfd.Deterministic(self(x))

    def decode(self, z: tf.Tensor) -> tfd.Distribution:
        """Returns the observations of codes `[batch, latent_dim]`: batch shape `[batch, *image_shape]`."""
        return tfd.Deterministic(tf.reshape(tf.cast(z, tf.float32), (-1, *self.image_shape)))

    @property
    def part_names(self) -> list[str]:
        """None: what a single pixel does to an image needs no picture."""
        return []

    def get_config(self) -> dict[str, Any]:
        dtype = keras.dtype_policies.serialize(self.dtype_policy)
        return {"image_shape": self.image_shape, "name": self.name, "dtype": dtype}
