"""Noisy dSprites: the shapes on noise."""

import gin
import numpy as np

from disent_tf.data.decorated import DecoratedSprites


@gin.register
class NoisyDSprites(DecoratedSprites):
    """dSprites on a background whose every pixel and channel is noise, uniform from 0 to 1; the shapes stay white.

    Source: Locatello, Bauer, Lucic, Rätsch, Gelly, Schölkopf, Bachem (2019), "Challenging Common Assumptions in the
    Unsupervised Learning of Disentangled Representations"; with disentanglement_lib's random states, its images.
    Arguments are those of `DecoratedSprites`.
    """

    def decorate(self, sprites: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns the shapes `[num, height, width, 1]` on noise: float32 `[num, height, width, 3]` in [0, 1]."""
        images = np.empty((len(sprites), *self.observation_shape), np.float32)
        for image, sprite in zip(images, sprites, strict=True):  # One at a time, which the processor's cache holds.
            image[:] = random_state.random_sample(image.shape)
            np.maximum(image, sprite, out=image)
        return images

    def observe(self, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Draws images of rows `[num]`: float32 `[num, height, width, 3]` in [0, 1].

        Nothing asks for disentanglement_lib's noise here, so it is drawn in 65,536 levels, four of a random number, in
        a third of the time of its doubles, which alone would slow a training step by a twentieth.
        """
        sprites = self.data.observe(indices, random_state)
        bits = np.random.SFC64(random_state.randint(2**32, size=4, dtype=np.uint32))
        height, width, channels = self.observation_shape
        images = np.empty((len(sprites), height, width * channels), np.float32)
        for image, sprite in zip(images, sprites[..., 0], strict=True):
            levels = bits.random_raw(-(-image.size // 4)).view(np.uint16)[: image.size]
            np.multiply(levels.reshape(image.shape), np.float32(1.0 / np.iinfo(np.uint16).max), out=image)
            np.maximum(image, np.repeat(sprite, channels, axis=1), out=image)
        return images.reshape(len(sprites), *self.observation_shape)
