"""The official dSprites file, read without ever holding its 3 GB: dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz."""

import functools
import pathlib

import numpy as np

from disent_tf.data.dsprites_geometry import PACKED_BYTES, SIDE
from disent_tf.data.npz_rows import npz_rows
from disent_tf.data.official_file import OfficialFile

_SOURCE = (
    "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz from github.com/google-deepmind/dsprites-dataset (or leave "
    "DSprites.path unset to have the set drawn without a file)"
)


def read(path: pathlib.Path, factor_sizes: tuple[int, ...]) -> np.ndarray:
    """Returns the official set, packed: uint8 `[num, 512]`, one row for each image.

    A file that does not change is read once per process, a block of images at a time.

    Args:
      path: the npz file; its pickled member is never opened.
      factor_sizes: of the grid that it must hold, without the leading colour.

    Raises:
      InputError: the file is missing, damaged or not dSprites.
    """
    file = OfficialFile(path, _SOURCE)
    return _read(file, factor_sizes, file.version)


@functools.lru_cache(maxsize=1)
def _read(file: OfficialFile, factor_sizes: tuple[int, ...], version: tuple[str, str | None, int, int]) -> np.ndarray:
    """Reads and packs an official file that has `factor_sizes`; `version` tells apart files of one name."""
    del version
    _check_order(file, (1, *factor_sizes))
    return _pack_images(file, int(np.prod(factor_sizes)))


def _check_order(file: OfficialFile, sizes: tuple[int, ...]) -> None:
    shape = (int(np.prod(sizes)), len(sizes))
    for start, classes in npz_rows(file, "latents_classes", (shape,), shape[1:], np.int64):
        expected = np.stack(np.unravel_index(np.arange(start, start + len(classes)), sizes), axis=1)
        wrong = np.flatnonzero((classes != expected).any(axis=1))
        if wrong.size:
            raise file.wrong(
                f"row {start + wrong[0]} of latents_classes is {classes[wrong[0]].tolist()}; "
                f"expected {expected[wrong[0]].tolist()}, the grid with its last factor fastest"
            )


def _pack_images(file: OfficialFile, num: int) -> np.ndarray:
    packed = np.empty((num, PACKED_BYTES), np.uint8)
    for start, images in npz_rows(file, "imgs", ((num, SIDE, SIDE),), (SIDE, SIDE)):
        if images.max() > 1:
            raise file.wrong(f"imgs has the value {images.max()}; expected 0 and 1 only")
        packed[start : start + len(images)] = np.packbits(images.reshape(len(images), -1), axis=1)
    return packed
