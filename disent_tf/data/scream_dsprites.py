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
        places, tints = np.empty((2, len(sprites)), np.int64), np.empty((len(sprites), 3), np.float32)
        for i in range(len(sprites)):  # Image by image, in disentanglement_lib's order.
            places[:, i] = [random_state.randint(end) for end in self._ends()]
            tints[i] = random_state.random_sample(3)
        return self._on_patches(sprites, places, tints)

    def observe(self, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Draws images of rows `[num]`: float32 `[num, height, width, 3]` in [0, 1].

        Nothing asks for disentanglement_lib's order here, so all patches are drawn at once, in half the time.
        """
        sprites = self.data.observe(indices, random_state)
        places = np.stack([random_state.randint(end, size=len(sprites)) for end in self._ends()])
        return self._on_patches(sprites, places, random_state.random_sample((len(sprites), 3)).astype(np.float32))

    def _ends(self) -> list[int]:
        """Returns how many places a patch's top and left are drawn from."""
        return [whole - part for whole, part in zip(self._picture.shape[:2], self.observation_shape[:2], strict=True)]

    def _on_patches(self, sprites: np.ndarray, places: np.ndarray, tints: np.ndarray) -> np.ndarray:
        """Returns the images of shapes `[num, height, width, 1]`, patches at `[2, num]` and tints `[num, 3]`."""
        height, width, _ = self.observation_shape
        rows = 0.5 * self._picture.reshape(len(self._picture), -1)  # Of pixels and channels: NumPy is slow on pixels.
        top, left = places
        images = np.lib.stride_tricks.sliding_window_view(rows, (height, 3 * width))[top, 3 * left]
        images += np.tile(0.5 * tints[:, None], width)
        for image, sprite in zip(images, sprites[..., 0], strict=True):  # One at a time: the cache holds it.
            image -= np.repeat(sprite, 3, axis=1)  # Now -(1 - image) where the shape is.
            np.abs(image, out=image)
        return images.reshape(len(sprites), *self.observation_shape)
