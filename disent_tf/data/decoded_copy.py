"""Images that are decoded from a publisher's files once and then mapped from a copy on disk.

Official files are compressed for the download: a random image of them costs milliseconds, and many sets exceed the
memory. A mapped copy gives any batch at once; its pages are the page cache's, shared between processes.
"""

import contextlib
import hashlib
import logging
import math
import os
import pathlib
import time
from collections.abc import Iterable, Sequence

import numpy as np

from disent_tf.data.official_file import NPY_DAMAGED, OfficialFile, as_path
from disent_tf.errors import InputError
from disent_tf.files import atomic_path

_VERSION = 2  # To be raised with any change of what a reader makes of a file: old copies are then not used any more.

_ABANDONED_SECONDS = 86_400

_log = logging.getLogger(__name__)


def decoded_copy(
    name: str,
    files: Sequence[OfficialFile],
    shape: tuple[int, ...],
    blocks: Iterable[tuple[int, np.ndarray]],
    cache_dir: str | os.PathLike[str] | None,
) -> np.ndarray:
    """Returns the images of `files`, uint8 `shape`, as a read-only array mapped from disk.

    Args:
      name: of the copy; it states every setting that the images depend on.
      files: what the images are decoded from. Their checksums are compared when the copy is made; it is made anew when
        one of the files changes.
      shape: (number, height, width, channels).
      blocks: yields the images, uint8, in blocks of rows, each with the number of its first row; used only if there is
        no copy yet.
      cache_dir: folder to keep the copy in; `cache_folder` tells what None means.

    Raises:
      InputError: a file cannot be used, or the copy cannot be written.
    """
    versions = [file.version for file in files]
    digest = hashlib.sha256(repr((_VERSION, name, shape, versions)).encode()).hexdigest()[:12]
    copy = cache_folder(cache_dir) / f"{name}_{digest}.npy"
    if (kept := _opened(copy, shape)) is not None:
        return kept
    for file in files:
        file.verify()
    remove_abandoned(copy)
    size = math.prod(shape) / 1e9
    _log.info("Decoding %s into %s (%.1f GB), once.", files[0], copy, size)
    try:
        _write(copy, shape, blocks)
        return np.asarray(np.lib.format.open_memmap(copy, mode="r"))
    except OSError as error:
        raise InputError(
            f"{copy} cannot be written ({error}); expected a folder with {size:.1f} GB to spare: name one by cache_dir "
            "or by the environment variable DISENT_TF_CACHE."
        ) from error


def cache_folder(cache_dir: str | os.PathLike[str] | None) -> pathlib.Path:
    """Returns the folder to keep data in.

    None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf, else ~/.cache/disent_tf.
    """
    if cache_dir is not None:
        return as_path("cache_dir", cache_dir)
    folder = os.environ.get("DISENT_TF_CACHE") or f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/disent_tf"
    return as_path("cache_dir", folder)


def remove_abandoned(copy: pathlib.Path) -> None:
    """Removes what a process that was killed had written of this copy, once nothing has been added to it for a day."""
    for partial in copy.parent.glob(f".{copy.name}.*"):
        with contextlib.suppress(OSError):
            if time.time() - partial.stat().st_mtime > _ABANDONED_SECONDS:
                partial.unlink()


def _opened(copy: pathlib.Path, shape: tuple[int, ...]) -> np.ndarray | None:
    """Returns the mapped copy, or None where there is none or it is damaged."""
    try:
        array = np.asarray(np.lib.format.open_memmap(copy, mode="r"))
    except FileNotFoundError:
        return None
    except NPY_DAMAGED as error:
        _log.warning("%s cannot be read (%s): making it anew.", copy, error)
        return None
    if array.shape == shape and array.dtype == np.uint8:
        return array
    _log.warning("%s is %s %s: making it anew.", copy, array.dtype, array.shape)
    return None


def _write(copy: pathlib.Path, shape: tuple[int, ...], blocks: Iterable[tuple[int, np.ndarray]]) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    # Not through a map: on a full disk that would kill the process, where a write raises an error.
    with atomic_path(copy) as temporary, temporary.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        start, row_bytes = stream.tell(), math.prod(shape[1:])
        is_there = np.zeros(shape[0], bool)
        for first, block in blocks:
            stream.seek(start + first * row_bytes)
            stream.write(np.ascontiguousarray(block).data)
            is_there[first : first + len(block)] = True
        if not is_there.all():
            raise InputError(f"{copy} would lack row {is_there.argmin()}; expected {shape[0]} images from the source.")
