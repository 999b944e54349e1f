"""The user's own images in an npz file."""

import os
import zipfile
from collections.abc import Sequence

import gin
import numpy as np

from disent_tf.data.given_images import GivenImages, check_names, images_of
from disent_tf.data.official_file import OfficialFile, as_path
from disent_tf.errors import InputError


@gin.register
def npz_images(
    path: str | os.PathLike[str],
    images: str = "images",
    factors: str | None = None,
    factor_names: Sequence[str] | None = None,
) -> GivenImages:
    """Reads images, and factors if they are there, from an npz file; nothing is ever unpickled.

    Args:
      path: of a file that `np.savez` or `np.savez_compressed` wrote. It is read into memory; of
        what is larger, map a file of one array instead: `images_of(numpy.load(path, mmap_mode="r"))`.
      images: name of the array of images; see `images_of` for it and the next.
      factors: name of the array of factors; None: there are none.
      factor_names: one for each column of `factors`.

    Raises:
      InputError: the file is missing or damaged, or the arrays cannot be used.
    """
    file = OfficialFile(as_path("npz_images.path", path), "an npz file with an array of images", remedy="save it anew")
    names = check_names(factor_names, "npz_images.factor_names")
    _ = file.version
    with file.reading(), zipfile.ZipFile(file.path) as archive:
        file.check_names(archive.namelist())
    with file.reading(), np.load(file.path, allow_pickle=False) as arrays:
        for key in (images, factors):
            if key is not None and key not in arrays.files:
                raise InputError(f"{file} has {arrays.files}; expected {key!r} among them: name the array.")
        return images_of(arrays[images], None if factors is None else arrays[factors], names)
