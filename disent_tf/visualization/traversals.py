"""What each dimension of the code does to an image: traversals, still and moving."""

import pathlib

import gin
import keras
import numpy as np

from disent_tf.checks import check_positive, check_positive_number
from disent_tf.data.observations import Observations
from disent_tf.visualization import arrays
from disent_tf.visualization.figures import save_gif, save_rows
from disent_tf.visualization.observations import sample_images


@gin.register
def traversals(
    model: keras.Model,
    data: Observations,
    folder: pathlib.Path,
    random_state: np.random.RandomState,
    num_values: int = 9,
    limit: float = 2.0,
) -> pathlib.Path:
    """Draws `traversals.png`: from the code of one image, every dimension from -limit to limit.

    Those of a VAE are sorted by KL, largest first.

    Args:
      model: a model that decodes.
      data: where the image comes from.
      folder: where the file goes.
      random_state: of the choice of the image, and of those that the KL is averaged over.
      num_values: columns.
      limit: end of the traversals: for a VAE in standard deviations of N(0, I) whatever the prior; see `varied` of
        other models.

    Returns:
      Path of the file.

    Raises:
      InputError: the data are not images, or the codes have no parts to traverse.
    """
    check_positive(num_values=num_values)
    check_positive_number("traversals.limit", limit)
    images = sample_images("traversals", data, random_state)
    parts, labels = arrays.parts_by_use(model, images)
    code = model.encode(images[:1]).mean().numpy()[0]
    rows = arrays.traversals(model, code, parts, np.linspace(-limit, limit, num_values))
    path = folder / "traversals.png"
    save_rows(path, arrays.grid(rows), labels, f"Traversals from -{limit:g} to {limit:g}")
    return path


@gin.register
def traversal_gif(
    model: keras.Model,
    data: Observations,
    folder: pathlib.Path,
    random_state: np.random.RandomState,
    num_images: int = 4,
    num_frames: int = 20,
    limit: float = 2.0,
) -> pathlib.Path:
    """Draws `traversals.gif`: traversals of several images at once, moving; a row for each, columns sorted by KL.

    Args:
      model: a model that decodes.
      data: where the images come from.
      folder: where the file goes.
      random_state: of the choice of images; the first is that of `traversals`.
      num_images: rows.
      num_frames: frames of one way there and back.
      limit: as for `traversals`.

    Returns:
      Path of the file.

    Raises:
      InputError: the data are not images, or the codes have no parts to traverse.
    """
    check_positive(num_images=num_images, num_frames=num_frames)
    check_positive_number("traversal_gif.limit", limit)
    images = sample_images("traversal_gif", data, random_state, at_least=num_images)
    parts, _ = arrays.parts_by_use(model, images)
    values = limit * np.sin(np.linspace(0, 2 * np.pi, num_frames, endpoint=False))  # There and back, without a jump.
    codes = model.encode(images[:num_images]).mean().numpy()
    moving = np.stack([arrays.traversals(model, code, parts, values) for code in codes])  # [image, part, value, …]
    path = folder / "traversals.gif"
    save_gif(path, [arrays.grid(moving[:, :, i]) for i in range(num_frames)])
    return path
