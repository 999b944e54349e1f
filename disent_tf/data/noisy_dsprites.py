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
        noise = random_state.random_sample((len(sprites), *self.observation_shape)).astype(np.float32)
        return np.maximum(noise, sprites, out=noise)
