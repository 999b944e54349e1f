"""A look at a data set: what each of its factors does to an image, or some of its images."""

import os
import pathlib

import gin
import numpy as np

from disent_tf.checks import check_positive, check_seed
from disent_tf.data.factor_table import TabulatedData
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.training.run_folder import check_free
from disent_tf.visualization.arrays import grid
from disent_tf.visualization.figures import save_rows

_MOST_ROWS = 10
_SAMPLES = "any"


@gin.configurable(denylist=["path", "overwrite"])
def montage(
    path: str | os.PathLike[str],
    *,
    data: Observations,
    num_columns: int = 10,
    seed: int = 0,
    overwrite: bool = False,
) -> pathlib.Path:
    """Draws a data set as one picture, a PNG.

    The first row has images drawn at random. Where factors can be combined freely, every further row is one image with
    one factor at values from its first to its last. Where they are listed in a table, every further row has images
    with one value of the first factor. Without factors, all rows have images drawn at random.

    Args:
      path: the file.
      data: what to draw.
      num_columns: images in a row, at most.
      seed: of the images.
      overwrite: replace a file that is there.

    Returns:
      The path.

    Raises:
      InputError: the observations are no grey or colour images, the file exists, or an argument cannot be used.
    """
    path = pathlib.Path(path)
    check_free(path, overwrite=overwrite)
    check_positive(**{"montage.num_columns": num_columns})
    check_seed(seed)
    shape = tuple(data.observation_shape)
    if len(shape) != 3 or shape[-1] not in (1, 3):
        raise InputError(
            f"{type(data).__name__} has observations of shape {shape}; a montage needs images (height, width, 1 or 3)."
        )
    rows = montage_rows(data, num_columns, np.random.RandomState(seed))
    save_rows(path, grid(np.stack([row for _, row in rows])), [name for name, _ in rows], _title(data))
    return path


def montage_rows(
    data: Observations, num_columns: int, random_state: np.random.RandomState
) -> list[tuple[str, np.ndarray]]:
    """Returns the rows of `montage` with their names: float32 `[num_columns, h, w, c]` each; white where none is left.

    Args:
      data: what to draw.
      num_columns: images in a row.
      random_state: of the images.
    """
    rows = [(_SAMPLES, data.sample_observations(num_columns, random_state))]
    if not isinstance(data, GroundTruthData):
        return rows + [(_SAMPLES, data.sample_observations(num_columns, random_state)) for _ in range(3)]
    is_table = isinstance(data, TabulatedData) or not data.has_every_combination
    return rows + (_rows_by_value if is_table else _rows_by_factor)(data, num_columns, random_state)


def _rows_by_factor(
    data: GroundTruthData, num_columns: int, random_state: np.random.RandomState
) -> list[tuple[str, np.ndarray]]:
    start = data.sample_factors(1, random_state)
    noise = random_state.randint(2**31)  # The same in all rows, where observations are random: only the factor changes.
    rows = []
    for column, (name, size) in enumerate(zip(data.factor_names, data.factor_sizes, strict=True)):
        values = np.unique(np.linspace(0, size - 1, min(size, num_columns)).round().astype(np.int64))
        factors = np.repeat(start, len(values), axis=0)
        factors[:, column] = values
        one_by_one = [data.sample_observations_from_factors(f[None], np.random.RandomState(noise)) for f in factors]
        rows.append((name, _filled(np.concatenate(one_by_one), num_columns)))
    return rows


def _rows_by_value(
    data: GroundTruthData, num_columns: int, random_state: np.random.RandomState
) -> list[tuple[str, np.ndarray]]:
    first = data.indices_to_factors(np.arange(len(data)))[:, 0]
    rows = []
    for value in np.unique(first)[:_MOST_ROWS]:
        of_value = random_state.permutation(np.flatnonzero(first == value))[:num_columns]
        rows.append((f"{data.factor_names[0]} {value}", _filled(data[of_value], num_columns)))
    return rows


def _filled(images: np.ndarray, num: int) -> np.ndarray:
    white = np.ones((num - len(images), *images.shape[1:]), np.float32)
    return np.concatenate([images, white])


def _title(data: Observations) -> str:
    return f"{type(data).__name__}: {len(data):,} images of {' x '.join(map(str, data.observation_shape))}"
