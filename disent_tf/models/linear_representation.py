"""Linear codes of observations, the template of PCA and ICA."""

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.checks import check_positive
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.models.representation_model import RepresentationModel

_LEAST_BATCH = 256


class LinearRepresentation(RepresentationModel):
    """Codes z = (x - mean) projection; images x = mean + z mixing. A subclass learns the three in `fit_at_once`.

    Args:
      image_shape: of one observation, `(height, width, channels)` or any other.
      latent_dim: components.
      num_images: how many images it is learnt from, drawn as for training; one epoch if there are fewer. They are read
        batch by batch.
      name: of the Keras model.
      dtype: Keras dtype policy; None for the global one. Codes are float32 under every policy.

    Raises:
      InputError: a number is not positive, or there are more components than values in an observation.
    """

    learns_at_once: ClassVar[bool] = True

    def __init__(
        self,
        image_shape: tuple[int, ...],
        latent_dim: int,
        *,
        num_images: int = 50_000,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        own = type(self).__name__
        check_positive(**{f"{own}.latent_dim": latent_dim, f"{own}.num_images": num_images})
        num_values = int(np.prod(image_shape))
        if latent_dim > num_values:
            raise InputError(
                f"{own}.latent_dim is {latent_dim}; expected at most {num_values}, the values of an "
                f"observation of shape {tuple(image_shape)}."
            )
        super().__init__(image_shape, latent_dim, name=name, dtype=dtype)
        self.num_images = num_images

        def zeros(name: str, *shape: int) -> keras.Variable:
            return self.add_weight(shape=shape, initializer="zeros", dtype="float32", trainable=False, name=name)

        self.mean = zeros("mean", num_values)
        self.projection = zeros("projection", num_values, latent_dim)
        self.mixing = zeros("mixing", latent_dim, num_values)
        self.scale = zeros("scale", latent_dim)
        self.built = True

    def batches(self, data: Observations, seed: int) -> Iterator[np.ndarray]:
        """Yields what it is learnt from, float64 `[batch, num_values]`; the same with the same seed.

        Raises:
          InputError: there are fewer observations than components.
        """
        num = min(self.num_images, len(data))
        if num < self.latent_dim:
            raise InputError(
                f"{type(self).__name__} has {self.latent_dim} components and learns from {num} observations; expected "
                "at least as many observations: lower latent_dim, or raise num_images."
            )
        size = min(num, max(_LEAST_BATCH, self.latent_dim))
        for batch in itertools.islice(data.dataset(size, seed), num // size):
            images = batch[0] if isinstance(batch, tuple) else batch  # Of data with a few labels.
            yield images.numpy().reshape(size, -1).astype(np.float64)

    def learnt(self, mean: np.ndarray, projection: np.ndarray, mixing: np.ndarray, scale: np.ndarray) -> None:
        """Keeps what was learnt: `[num_values]`, `[num_values, latent_dim]`, `[latent_dim, num_values]`.

        And the standard deviations of the codes, `[latent_dim]`.
        """
        for variable, value in zip(self.weights, (mean, projection, mixing, scale), strict=True):
            variable.assign(value)

    def call(self, x: Any, training: bool = False) -> tf.Tensor:
        """Returns the codes, float32 `[batch, latent_dim]`, of observations `[batch, *image_shape]`."""
        pixels = tf.reshape(tf.cast(x, tf.float32), (-1, int(np.prod(self.image_shape))))
        return (pixels - self.mean) @ self.projection

    def encode(self, x: tf.Tensor) -> tfd.Distribution:
        """Returns the codes of observations, without spread: batch shape `[batch, latent_dim]`."""
        return tfd.Deterministic(self(x))

    def decode(self, z: tf.Tensor) -> tfd.Distribution:
        """Returns the images of codes `[batch, latent_dim]`: batch shape `[batch, *image_shape]`."""
        pixels = self.mean + tf.cast(z, tf.float32) @ self.mixing
        return tfd.Deterministic(tf.reshape(pixels, (-1, *self.image_shape)))

    def varied(self, code: np.ndarray, part: int, positions: np.ndarray) -> np.ndarray:
        """Returns codes, float32 `[num, latent_dim]`, with one component at positions in standard deviations."""
        return super().varied(code, part, np.asarray(positions) * float(self.scale[part]))

    def get_config(self) -> dict[str, Any]:
        own = {"image_shape": self.image_shape, "latent_dim": self.latent_dim, "num_images": self.num_images}
        return own | {"name": self.name, "dtype": keras.dtype_policies.serialize(self.dtype_policy)}
