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
