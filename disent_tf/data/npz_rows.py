"""Arrays in npz files, read in blocks of rows: never held as a whole, never unpickled."""

import math
import zipfile
from collections.abc import Iterator
from typing import IO

import numpy as np

from disent_tf.data.official_file import OfficialFile

_BLOCK_BYTES = 2**25


def npz_rows(
    file: OfficialFile,
    key: str,
    shapes: tuple[tuple[int, ...], ...],
    row_shape: tuple[int, ...],
    dtype: type[np.generic] = np.uint8,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields the rows of an array in blocks, each block with the number of its first row.

    Args:
      file: the npz file.
      key: name of the array.
      shapes: that the array may have.
      row_shape: to give the rows, whatever the array's leading dimensions.
      dtype: that the array must have.

    Raises:
      InputError: the file is damaged, or the array has another shape or type.
    """
    member, row_bytes = f"{key}.npy", math.prod(row_shape) * np.dtype(dtype).itemsize
    with file.reading(), zipfile.ZipFile(file.path) as archive:
        file.check_names(archive.namelist())
        if member not in archive.namelist():
            raise file.wrong(f"has {archive.namelist()}; expected {member} among them")
        with archive.open(member) as stream:
            found, found_dtype = _read_header(stream)
            if found not in shapes or found_dtype != np.dtype(dtype):
                expected = " or ".join(f"{np.dtype(dtype)} {shape}" for shape in shapes)
                raise file.wrong(f"{key} is {found_dtype} {found}; expected {expected}")
            num, step = math.prod(found) // math.prod(row_shape), max(1, _BLOCK_BYTES // row_bytes)
            for start in range(0, num, step):
                rows = min(step, num - start)
                yield start, np.frombuffer(stream.read(rows * row_bytes), dtype).reshape(rows, *row_shape)
            if stream.read(1):  # zipfile compares the checksum at the very end, which this reaches.
                raise ValueError(f"{key} goes on after its last row")


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read(stream)
    if fortran_order:
        raise ValueError("an array is in Fortran order")
    return shape, dtype
