"""Scream dSprites: the shapes on patches of a picture."""

import os

import gin
import numpy as np

from disent_tf.data.backgrounds import read_picture, texture
from disent_tf.data.decorated import DecoratedSprites
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


@gin.register
class ScreamDSprites(DecoratedSprites):
    """dSprites on random patches of a picture, tinted at random; a shape shows the patch's colours inverted.

    Source: Locatello, Bauer, Lucic, Rätsch, Gelly, Schölkopf, Bachem (2019), "Challenging Common Assumptions in the
    Unsupervised Learning of Disentangled Representations". With their picture, Munch's "The Scream", and
    disentanglement_lib's random states, its images.

    Args:
      data: images with one channel, such as dSprites, or dSprites some of whose factors are hidden.
      path: of the picture, which is shrunk to fit in 350 x 274 pixels. None takes a texture that is drawn.
      noise_seed: as of `DecoratedSprites`.

    Raises:
      InputError: the picture cannot be used, or `data` has no such images.
    """

    def __init__(self, data: GroundTruthData, path: str | os.PathLike[str] | None = None, noise_seed: int = 0) -> None:
        super().__init__(data, noise_seed)
        height, width, _ = self.observation_shape
        self._picture = texture() if path is None else read_picture(path, "ScreamDSprites.path", max(height, width))
        if min(self._picture.shape[:2]) <= max(height, width):
            raise InputError(
                f"ScreamDSprites.data has images of {height} x {width} pixels; expected less than the picture's "
                f"{self._picture.shape[0]} x {self._picture.shape[1]}: choose smaller images."
            )

    def decorate(self, sprites: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns the shapes `[num, height, width, 1]` on patches: float32 `[num, height, width, 3]` in [0, 1]."""
        images = np.empty((len(sprites), *self.observation_shape), np.float32)
        height, width, _ = self.observation_shape
        picture_height, picture_width, _ = self._picture.shape
        rows = 0.5 * self._picture.reshape(picture_height, -1)
        # Whole rows at once: pixel by pixel, NumPy takes five times as long.
        shapes = np.repeat((sprites == 1.0).astype(np.float32).reshape(len(sprites), height, width), 3, axis=2)
        for image, shape in zip(images.reshape(shapes.shape), shapes, strict=True):
            top = random_state.randint(picture_height - height)
            left = 3 * random_state.randint(picture_width - width)
            tint = 0.5 * random_state.random_sample(3).astype(np.float32)
            np.add(rows[top : top + height, left : left + 3 * width], np.tile(tint, width), out=image)
            image -= shape  # Now -(1 - image) where the shape is.
            np.abs(image, out=image)
        return images
