"""The official dSprites file, read without ever holding its 3 GB: dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz."""

import functools
import pathlib
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

import numpy as np

from disent_tf.data.dsprites_geometry import PACKED_BYTES, SIDE
from disent_tf.errors import InputError

_MEND = (
    "download dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz again from github.com/google-deepmind/dsprites-dataset, "
    "or leave DSprites.path unset to have the set drawn without a file"
)
_BLOCK = 4096  # Images decompressed at a time: 16 MB.
# What numpy, zipfile and zlib raise on a file that is damaged or is something else: all seen on files broken at random.
NPY_DAMAGED = (
    *(OSError, EOFError, ValueError, TypeError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
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
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}; expected the official file; {_MEND}.") from error
    return _read(path, factor_sizes, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=1)
def _read(path: pathlib.Path, factor_sizes: tuple[int, ...], *version: int) -> np.ndarray:
    """Reads and packs an official file that has `factor_sizes`; `version` tells apart files of one name."""
    del version
    try:
        with zipfile.ZipFile(path) as archive:
            _check_order(archive, path, (1, *factor_sizes))
            return _pack_images(archive, path, int(np.prod(factor_sizes)))
    except InputError:
        raise
    except NPY_DAMAGED as error:
        reason = " ".join(f"{type(error).__name__} {error}".split())  # Some of numpy's messages have several lines.
        raise InputError(f"{path} cannot be read ({reason}); expected an intact npz file; {_MEND}.") from error


def _check_order(archive: zipfile.ZipFile, path: pathlib.Path, sizes: tuple[int, ...]) -> None:
    shape = (int(np.prod(sizes)), len(sizes))
    for start, classes in _blocks(archive, path, "latents_classes", shape, np.dtype(np.int64)):
        expected = np.stack(np.unravel_index(np.arange(start, start + len(classes)), sizes), axis=1)
        wrong = np.flatnonzero((classes != expected).any(axis=1))
        if wrong.size:
            raise InputError(
                f"{path}: row {start + wrong[0]} of latents_classes is {classes[wrong[0]].tolist()}; "
                f"expected {expected[wrong[0]].tolist()}, the grid with its last factor fastest; {_MEND}."
            )


def _pack_images(archive: zipfile.ZipFile, path: pathlib.Path, num: int) -> np.ndarray:
    packed = np.empty((num, PACKED_BYTES), np.uint8)
    for start, images in _blocks(archive, path, "imgs", (num, SIDE, SIDE), np.dtype(np.uint8)):
        if images.max() > 1:
            raise InputError(f"{path}: imgs has the value {images.max()}; expected 0 and 1 only; {_MEND}.")
        packed[start : start + len(images)] = np.packbits(images.reshape(len(images), -1), axis=1)
    return packed


def _blocks(
    archive: zipfile.ZipFile, path: pathlib.Path, key: str, shape: tuple[int, ...], dtype: np.dtype
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields an array of the archive in blocks of rows, each with the number of its first row."""
    if f"{key}.npy" not in archive.namelist():
        raise InputError(f"{path} has {archive.namelist()}; expected {key}.npy among them; {_MEND}.")
    with archive.open(f"{key}.npy") as stream:
        found = _read_header(stream)
        if found != (shape, dtype):
            raise InputError(f"{path}: {key} is {found[1]} {found[0]}; expected {dtype} {shape}; {_MEND}.")
        for start in range(0, shape[0], _BLOCK):
            block = (min(_BLOCK, shape[0] - start), *shape[1:])
            yield start, np.frombuffer(stream.read(int(np.prod(block)) * dtype.itemsize), dtype).reshape(block)
        if stream.read(1):  # zipfile compares the checksum at the very end, which this reaches.
            raise ValueError(f"{key} goes on after its last row")


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read(stream)
    if fortran_order:
        raise ValueError("an array is in Fortran order")
    return shape, dtype
