"""Labelled images in idx files, the format of MNIST and of the sets made to replace it."""

import os
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from disent_tf.checks import check_choice, check_flag
from disent_tf.data.factor_table import TabulatedData
from disent_tf.data.official_file import OfficialFile, as_floats, as_path, perhaps_unpacked

_PREFIX = {"train": "train", "test": "t10k"}
_SIDE = 28


class IdxImages(TabulatedData):
    """Grey images, of which the one factor is their class; a subclass names the classes and where the files are from.

    Args:
      path: the folder of the files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two that begin with
        t10k; unpacked ones, without .gz, will do.
      split: "train" or "test".
      padded: whether to add a black border of 2 pixels: 32 x 32 pixels, as networks that halve them often need.
      verify: whether files that are not unpacked have to have the checksums of the publisher's.

    Raises:
      InputError: a file is missing, damaged or something else, or an argument cannot be used.
    """

    factor_names = ("class",)
    factor_sizes = (10,)
    class_names: ClassVar[tuple[str, ...]]
    source: ClassVar[str]
    checksums: ClassVar[Mapping[str, str]]

    def __init__(
        self, path: str | os.PathLike[str], split: str = "train", padded: bool = False, verify: bool = True
    ) -> None:
        name = type(self).__name__
        self._folder = as_path(f"{name}.path", path, "the path of a folder")
        self._verify = check_flag(f"{name}.verify", verify)
        border = 2 if check_flag(f"{name}.padded", padded) else 0
        prefix = _PREFIX[check_choice(f"{name}.split", split, _PREFIX)]
        labels_file = self._file(f"{prefix}-labels-idx1-ubyte.gz")
        labels, images = _read(labels_file, 1), _read(self._file(f"{prefix}-images-idx3-ubyte.gz"), 3)
        labels_file.check_array("the array", labels, (len(images),), np.uint8)
        if not labels.size:
            raise labels_file.wrong("is empty; expected images and their labels")
        if labels.max() >= self.factor_sizes[0]:
            raise labels_file.wrong(f"has the label {labels.max()}; expected 0 to {self.factor_sizes[0] - 1}")
        self._images = np.pad(images, ((0, 0), (border, border), (border, border)))[..., None]
        self.observation_shape = self._images.shape[1:]
        self.factor_table = labels[:, None].astype(np.int64)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of rows `[num]`: float32 `[num, 28, 28, 1]`, or 32 if padded, in [0, 1]."""
        return as_floats(self._images[np.asarray(indices)])

    def _file(self, name: str) -> OfficialFile:
        path = perhaps_unpacked(self._folder / name)
        checksum = self.checksums.get(path.name) if self._verify else None
        return OfficialFile(path, f"{name} from {self.source}", checksum)


def _read(file: OfficialFile, num_dimensions: int) -> np.ndarray:
    """Returns the array in an idx file, uint8; InputError unless it has as many dimensions, of images 28 x 28."""
    file.verify()
    with file.reading(), file.open() as stream:
        magic, expected = stream.read(4), bytes((0, 0, 8, num_dimensions))  # 8: unsigned bytes.
        if magic != expected:
            raise file.wrong(f"begins with {magic.hex()!r}; expected {expected.hex()!r}")
        shape = tuple(np.frombuffer(stream.read(4 * num_dimensions), ">u4").tolist())
        content = stream.read()
        array = np.frombuffer(content, np.uint8).reshape(shape)
    file.check_array("the array", array, (shape[0], *[_SIDE] * (num_dimensions - 1)), np.uint8)
    return array
