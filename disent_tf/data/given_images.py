"""The user's own images, with or without factors: what is given as arrays, however it was read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from disent_tf.data.factor_table import TabulatedData
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations
from disent_tf.data.official_file import as_floats
from disent_tf.errors import InputError

_LOOKED_AT = 1000  # A mapped array is not read as a whole.


class GivenImages(Observations):
    """Images in an array, without factors; `images_of` makes one.

    Args:
      images: `[num, h, w]` or `[num, h, w, c]`: uint8, of which 255 becomes 1; floats in [0, 1], which are held in
        memory as float32; or bool, which is held at one bit per pixel. A memory-mapped array of uint8 stays on disk: an
        array of uint8 or float32 is not copied but used as it is, so that a later change of it changes the data.

    Raises:
      InputError: the array has another shape or type, or values outside [0, 1], NaN among them.
    """

    def __init__(self, images: npt.ArrayLike) -> None:
        images = _checked(as_array(images, "images"))
        self.observation_shape = images.shape[1:]
        self._num, self._packed = len(images), images.dtype == bool
        self._images = np.packbits(images.reshape(self._num, -1), axis=1) if self._packed else images

    def __len__(self) -> int:
        return self._num

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of rows `[num]`: float32 `[num, h, w, c]` in [0, 1]."""
        images = self._images[np.asarray(indices)]
        if self._packed:
            num_pixels = int(np.prod(self.observation_shape))
            pixels = np.unpackbits(images, axis=1, count=num_pixels)
            return pixels.astype(np.float32).reshape(-1, *self.observation_shape)
        return as_floats(images) if images.dtype == np.uint8 else np.asarray(images, np.float32)


class GivenTable(GivenImages, TabulatedData):
    """Images with the factors of each, which are no full grid; `images_of` makes one."""

    def __init__(self, images: npt.ArrayLike, factor_table: np.ndarray, factor_names: Sequence[str]) -> None:
        super().__init__(images)
        self.factor_table, self.factor_names = factor_table, tuple(factor_names)
        self.factor_sizes = tuple(int(size) for size in factor_table.max(axis=0) + 1)


class GivenGrid(GivenImages, GroundTruthData):
    """Images of which there is one for every combination of factors, in any order; `images_of` makes one."""

    def __init__(self, images: npt.ArrayLike, factor_table: np.ndarray, factor_names: Sequence[str]) -> None:
        super().__init__(images)
        self.factor_names = tuple(factor_names)
        self.factor_sizes = tuple(int(size) for size in factor_table.max(axis=0) + 1)
        self._rows = np.argsort(self.factors_to_indices(factor_table))  # To the order of the grid.

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, h, w, c]` in [0, 1]."""
        return super().__getitem__(self._rows[np.asarray(indices)])


def images_of(
    images: npt.ArrayLike, factors: npt.ArrayLike | None = None, factor_names: Sequence[str] | None = None
) -> GivenImages:
    """Returns images as a data set.

    Args:
      images: see `GivenImages`.
      factors: `[num, num_factors]`, or `[num]` for one: any values that can be told apart, numbers or texts. A column's
        different values are numbered in their sorted order. None: the images have none.
      factor_names: one for each column; "factor_0", … if None.

    Returns:
      `GivenImages` without factors. With factors a `GivenGrid` if every combination of values has exactly one image,
      whatever their order: its rows are in the order of the grid, with the last factor fastest. A `GivenTable` if not.

    Raises:
      InputError: the images cannot be used, or the factors do not match them.
    """
    names = check_names(factor_names, "factor_names")
    if factors is None:
        if names:
            raise InputError(f"factor_names is {names!r} without factors; expected both: give factors, or no names.")
        return GivenImages(images)
    images = _checked(as_array(images, "images"))
    table = _numbered(as_array(factors, "factors"), len(images))
    names = names or [f"factor_{i}" for i in range(table.shape[1])]
    if len(names) != table.shape[1] or len(set(names)) < len(names):
        raise InputError(f"factor_names is {names!r}; expected a different name for each of {table.shape[1]} factors.")
    sizes = table.max(axis=0) + 1
    is_grid = float(np.prod(sizes.astype(float))) == len(table) and len(np.unique(table, axis=0)) == len(table)
    return (GivenGrid if is_grid else GivenTable)(images, table, names)


def as_array(values: Any, name: str) -> np.ndarray:
    """Returns what is given as an array, mapped ones as they are; InputError if its rows have several lengths."""
    if isinstance(values, np.ma.MaskedArray):
        raise InputError(f"{name} is a masked array; expected every value to be there: fill it, or leave rows out.")
    try:
        return np.asanyarray(values)
    except ValueError as error:
        message = f"{name} cannot be made an array ({str(error).splitlines()[0]}); expected rows of one shape."
        raise InputError(message) from error


def _checked(images: np.ndarray) -> np.ndarray:
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or not images.size:
        raise InputError(f"images have shape {images.shape}; expected [num, h, w] or [num, h, w, c], at least one.")
    if images.dtype == np.uint8 and images[:_LOOKED_AT].max() == 1:
        raise InputError(
            "images of type uint8 have no value above 1, of 255; expected bool for black and white: convert."
        )
    if images.dtype in (np.dtype(bool), np.dtype(np.uint8)):
        return images
    if images.dtype.kind != "f":
        raise InputError(
            f"images are of type {images.dtype}; expected uint8 from 0 to 255, floats from 0 to 1, or bool: convert."
        )
    low, high = images.min(), images.max()
    if not 0.0 <= low <= high <= 1.0:  # False for NaN, too.
        raise InputError(
            f"images have values from {low:g} to {high:g}; expected numbers from 0 to 1: divide by the largest value "
            "that a pixel can have, 255 perhaps, and look for NaN."
        )
    return np.asarray(images, np.float32)


def _numbered(factors: np.ndarray, num_images: int) -> np.ndarray:
    """Returns the number of each value in its column, int64 `[num, num_factors]`."""
    if factors.ndim == 1:
        factors = factors[:, None]
    if factors.ndim != 2 or not factors.shape[1]:
        raise InputError(f"factors have shape {factors.shape}; expected [num, num_factors], a row for each image.")
    if len(factors) != num_images:
        raise InputError(f"there are factors of {len(factors)} images and {num_images} images; expected as many.")
    if factors.dtype.kind not in "biufUS" or (factors.dtype.kind == "f" and not np.isfinite(factors).all()):
        raise InputError(f"factors are of type {factors.dtype} or not finite; expected numbers or texts.")
    return np.stack([np.unique(column, return_inverse=True)[1] for column in factors.T], axis=1).astype(np.int64)


def check_names(names: Any, parameter: str) -> list[str] | None:
    """Returns a list of texts, or None as it is; InputError otherwise."""
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
        raise InputError(f"{parameter} is {names!r}; expected a list of names, such as ['shape', 'size'].")
    return list(names)
