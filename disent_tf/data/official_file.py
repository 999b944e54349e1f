"""Files as their publishers give them: what all sets that are read from such files share."""

import contextlib
import dataclasses
import gzip
import hashlib
import lzma
import os
import pathlib
import struct
import tarfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

import numpy as np
from PIL import Image

from disent_tf.errors import InputError

# What numpy, zipfile and zlib raise on a file that is damaged or is something else: all seen on files broken at random.
NPY_DAMAGED = (
    *(OSError, EOFError, ValueError, TypeError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, tokenize.TokenError),
)
# What the readers of other archives, matrices and images raise besides.
_DAMAGED = (*NPY_DAMAGED, KeyError, SyntaxError, struct.error, tarfile.TarError, Image.DecompressionBombError)


@dataclasses.dataclass(frozen=True)
class OfficialFile:
    """A file, where it comes from, and what is expected of it.

    Attributes:
      path: where it is.
      source: what to download if it cannot be used, such as "3dshapes.h5 from github.com/google-deepmind/3d-shapes".
      checksum: "sha256:…" or "md5:…" of the whole file, in hexadecimal digits. None compares nothing.
      remedy: what to do about a file that is damaged or something else. None: download `source` again.
    """

    path: pathlib.Path
    source: str
    checksum: str | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        """Returns the path for a message, on one line whatever characters it has."""
        return repr(str(self.path))[1:-1]

    @property
    def version(self) -> tuple[str, str | None, int, int]:
        """What tells this file from others and from itself after a change; InputError if there is no such file."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise InputError(f"{self} cannot be opened: {error.strerror}; expected {self.source}.") from error
        return str(self.path.resolve()), self.checksum, status.st_size, status.st_mtime_ns

    def verify(self) -> None:
        """Raises InputError unless the file is there and has its checksum."""
        _ = self.version
        if self.checksum is None:
            return
        algorithm, _, expected = self.checksum.partition(":")
        with self.reading(), self.path.open("rb") as stream:
            found = hashlib.file_digest(stream, algorithm).hexdigest()
        if found != expected:
            raise InputError(
                f"{self} has the {algorithm} checksum {found}; expected {expected}; download {self.source} again, "
                "or, for a copy that you saved anew yourself, set verify = False."
            )

    @property
    def _remedy(self) -> str:
        return f"download {self.source} again" if self.remedy is None else self.remedy

    def open(self) -> BinaryIO:
        """Returns the content as a stream, decompressed if the name ends in .gz."""
        return cast(BinaryIO, gzip.open(self.path) if self.path.suffix == ".gz" else self.path.open("rb"))

    def wrong(self, found: str) -> InputError:
        """Returns the error for a file that was read but is not what it should be."""
        return InputError(f"{self}: {found}; {self._remedy}.")

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Turns what readers raise on a damaged file into an InputError."""
        try:
            yield
        except InputError:
            raise
        except _DAMAGED as error:
            reason = " ".join(f"{type(error).__name__} {error}".split())  # Some messages have several lines.
            raise InputError(f"{self} cannot be read ({reason}); expected an intact file; {self._remedy}.") from error

    def check_array(self, name: str, array: Any, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
        """Raises InputError unless the array has this shape and type."""
        if (tuple(array.shape), array.dtype) != (shape, np.dtype(dtype)):
            expected = f"{np.dtype(dtype)} {shape}"
            raise self.wrong(f"{name} is {array.dtype} {tuple(array.shape)}; expected {expected}")

    def check_names(self, names: Iterable[str]) -> None:
        """Raises InputError if a name in the archive leads out of it.

        Nothing is ever written under such a name; an archive that has one is not the publisher's.
        """
        for name in names:
            path = pathlib.PurePosixPath(name.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts:
                raise self.wrong(f"the archive has the name {name!r}; expected names inside of it")


def as_path(name: str, value: Any, expected: str = "a path") -> pathlib.Path:
    """Returns `value`, the parameter `name`, as a path; InputError unless it is one."""
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name} is {value!r}; expected {expected}, as a string in quotes.")
    try:
        path = pathlib.Path(value).expanduser()
    except RuntimeError as error:
        raise InputError(
            f"{name} is {value!r}, but no home folder is known; expected a path without ~; set HOME."
        ) from error
    if "\0" in str(path):
        raise InputError(f"{name} is {value!r}, which has a null character; expected {expected}.")
    return path


def perhaps_unpacked(path: pathlib.Path) -> pathlib.Path:
    """Returns the path of a .gz file, or without .gz if only that is there."""
    unpacked = path.with_suffix("")
    return unpacked if os.path.exists(unpacked) and not os.path.exists(path) else path  # noqa: PTH110  Never raises.


def as_floats(images: np.ndarray) -> np.ndarray:
    """Returns uint8 images as float32 in [0, 1]."""
    return np.divide(images, 255, dtype=np.float32)  # Without a copy in between, which costs more than the division.
