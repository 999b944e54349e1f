"""What the figures show: a few images, or the whole data set."""

import numpy as np

from disent_tf.data.observations import Observations
from disent_tf.errors import InputError

_SAMPLE = 1024


def sample_images(
    figure: str, data: Observations, random_state: np.random.RandomState, at_least: int = _SAMPLE
) -> np.ndarray:
    """Draws 1024 images or more, of which every figure shows the first: the same ones for the same random state.

    Args:
      figure: what asks for images, named in the error.
      data: where they come from.
      random_state: of the choice.
      at_least: images that are needed.

    Returns:
      float32 `[num, h, w, c]`.

    Raises:
      InputError: the observations are not grey or colour images.
    """
    shape = data.observation_shape
    if len(shape) != 3 or shape[-1] not in (1, 3):
        raise InputError(
            f"{figure} draws images (height, width, 1 or 3), and {type(data).__name__} has observations of shape "
            f"{shape!r}; bind visualize.figures to others, as [@points] for shape (2,)."
        )
    return data.sample_observations(max(_SAMPLE, at_least), random_state)


def sample_rows(data: Observations, num: int, random_state: np.random.RandomState) -> np.ndarray:
    """Returns all rows of the data set in order, or `num` different ones if it has more: int `[at most num]`."""
    if len(data) <= num:
        return np.arange(len(data))
    return random_state.choice(len(data), num, replace=False)
