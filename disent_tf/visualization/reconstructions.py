"""Images and their reconstructions."""

import pathlib

import gin
import keras
import numpy as np

from disent_tf.checks import check_positive
from disent_tf.data.observations import Observations
from disent_tf.visualization.arrays import grid
from disent_tf.visualization.figures import save_rows
from disent_tf.visualization.observations import sample_images


@gin.register
def reconstructions(
    model: keras.Model,
    data: Observations,
    folder: pathlib.Path,
    random_state: np.random.RandomState,
    num_images: int = 10,
) -> pathlib.Path:
    """Draws `reconstructions.png`: images and, below them, their reconstructions.

    Args:
      model: a VAE.
      data: where the images come from.
      folder: where the file goes.
      random_state: of the choice of images.
      num_images: columns.

    Returns:
      Path of the file.

    Raises:
      InputError: the data are not images.
    """
    check_positive(num_images=num_images)
    images = sample_images("reconstructions", data, random_state, at_least=num_images)[:num_images]
    rows = np.stack([images, model.reconstruct(images).numpy()])
    path = folder / "reconstructions.png"
    save_rows(path, grid(rows), ["image", "reconstruction"], "Reconstructions from the posterior mean")
    return path
