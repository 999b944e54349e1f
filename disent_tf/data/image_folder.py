"""The user's own images in a folder."""

import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import gin
import numpy as np
from PIL import Image

from disent_tf.checks import check_flag, check_positive
from disent_tf.data.decoded_copy import decoded_copy
from disent_tf.data.given_images import GivenImages
from disent_tf.data.official_file import OfficialFile, as_path
from disent_tf.data.pictures import opened
from disent_tf.errors import InputError

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})


@gin.register
class ImageFolder(GivenImages):
    """All images of a folder and the folders in it, in the order of their paths; they have no factors.

    What is transparent is lost, and of moving pictures all but the first. Each is decoded once, into a copy in the
    cache folder that is mapped from there, and again when a file changes.

    Args:
      path: the folder.
      size: (height, width) that images are brought to, by Pillow's Lanczos filter and whatever their proportions. None:
        they all have the same size.
      grey: whether they have one channel, instead of red, green and blue.
      cache_dir: folder for the copy. None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf, else
        ~/.cache/disent_tf.

    Raises:
      InputError: there are no images, one is damaged or of another size, or an argument cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: Sequence[int] | None = None,
        grey: bool = False,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        mode = "L" if check_flag("ImageFolder.grey", grey) else "RGB"
        self.paths = _images_in(as_path("ImageFolder.path", path, "the path of a folder"))
        """Of row i the file `paths[i]`."""
        files = [OfficialFile(each, "an image", remedy="save it anew or remove it") for each in self.paths]
        height, width = _size_of(files[0]) if size is None else _checked_size(size)
        shape = (len(files), height, width, 1 if grey else 3)
        name = f"folder_{height}x{width}_{mode}_{'same' if size is None else 'resized'}"
        blocks = self._blocks(files, (width, height), mode, resize=size is not None)
        super().__init__(decoded_copy(name, files, shape, blocks, cache_dir))

    @staticmethod
    def _blocks(
        files: list[OfficialFile], size: tuple[int, int], mode: str, *, resize: bool
    ) -> Iterator[tuple[int, np.ndarray]]:
        for row, file in enumerate(files):
            with opened(file) as image:
                if not resize and image.size != size:
                    raise InputError(
                        f"{file} has {image.size[0]} x {image.size[1]} pixels and {files[0]} {size[0]} x "
                        f"{size[1]}; expected one size: set ImageFolder.size = (height, width)."
                    )
                pixels = image.convert(mode)
                pixels = pixels.resize(size, Image.Resampling.LANCZOS) if pixels.size != size else pixels
                yield row, np.asarray(pixels).reshape(1, size[1], size[0], -1)


def _images_in(folder: pathlib.Path) -> list[pathlib.Path]:
    if not folder.is_dir():
        raise InputError(f"{str(folder)!r} is no folder; expected one with images in it: set ImageFolder.path.")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    images = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not images:
        raise InputError(f"{str(folder)!r} has no images; expected files that end in {', '.join(sorted(_SUFFIXES))}.")
    return images


def _size_of(file: OfficialFile) -> tuple[int, int]:
    with opened(file) as image:
        return image.size[1], image.size[0]


def _checked_size(size: Any) -> tuple[int, int]:
    if not isinstance(size, list | tuple) or len(size) != 2:
        raise InputError(f"ImageFolder.size is {size!r}; expected (height, width) in pixels.")
    check_positive(**{"ImageFolder.size[0]": size[0], "ImageFolder.size[1]": size[1]})
    return size[0], size[1]
