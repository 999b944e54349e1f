"""White shapes on black that are coloured or put before a background, anew whenever they are observed."""

import abc

import numpy as np

from disent_tf.checks import check_seed
from disent_tf.data.derived import DerivedData
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


class DecoratedSprites(DerivedData):
    """Colour images of the shapes of a data set: same factors, and something besides that is drawn for each image.

    Args:
      data: images with one channel, such as dSprites, or dSprites some of whose factors are hidden.
      noise_seed: of what `__getitem__` draws: the same for a row whenever it is asked for. The feed, and observations
        of given factors, draw from a random state of their own.

    Raises:
      InputError: `data` has no such images.
    """

    def __init__(self, data: GroundTruthData, noise_seed: int = 0) -> None:
        super().__init__(data)
        check_seed(noise_seed)
        if len(data.observation_shape) != 3 or data.observation_shape[2] != 1:
            raise InputError(
                f"{type(self).__name__}.data has observations of shape {data.observation_shape}; expected images with "
                "one channel, such as those of dSprites."
            )
        self.noise_seed = noise_seed
        self.observation_shape = (*data.observation_shape[:2], 3)

    @property
    def is_full_grid(self) -> bool:
        return False

    @abc.abstractmethod
    def decorate(self, sprites: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns images, float32 `[num, height, width, 3]`, of shapes `[num, height, width, 1]`, 1 on 0."""

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of rows `[num]`: float32 `[num, height, width, 3]` in [0, 1]."""
        rows = np.asarray(indices)
        sprites = self.data[rows]
        images = np.empty((len(rows), *self.observation_shape), np.float32)
        random_state = np.random.RandomState(0)
        for i, row in enumerate(rows.tolist()):
            # Three numbers, as batches of the feed have states of two. A new random state costs ten times as much.
            random_state.seed((self.noise_seed, row, 0))
            images[i : i + 1] = self.decorate(sprites[i : i + 1], random_state)
        return images

    def observe(self, indices: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Draws images of rows `[num]`: float32 `[num, height, width, 3]` in [0, 1]."""
        return self.decorate(self.data.observe(indices, random_state), random_state)

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Draws images of factors `[num, num_factors]`: float32 `[num, height, width, 3]` in [0, 1]."""
        return self.decorate(self.data.sample_observations_from_factors(factors, random_state), random_state)
