"""CelebA: faces of celebrities with 40 attributes (Liu et al. 2015)."""

import os
import pathlib
import zipfile
from collections.abc import Iterator, Mapping
from typing import ClassVar

import gin
import numpy as np

from disent_tf.checks import check_choice, check_flag, check_positive
from disent_tf.data.decoded_copy import decoded_copy
from disent_tf.data.factor_table import TabulatedData
from disent_tf.data.observations import Observations
from disent_tf.data.official_file import OfficialFile, as_floats, as_path
from disent_tf.data.pictures import SIDE, decoded
from disent_tf.errors import InputError

_SIZE = (178, 218)  # Width and height.
_SPLITS = ("train", "validation", "test")  # 0, 1 and 2 in list_eval_partition.txt.


@gin.register
class CelebAImages(Observations):
    """Colour images of faces, without their attributes.

    Source: Liu, Luo, Wang, Tang (2015), "Deep Learning Face Attributes in the Wild". Licence: for research that is not
    commercial. The images are the aligned ones, of 178 x 218 pixels, of which the square in the middle is shrunk.
    """

    observation_shape = (SIDE, SIDE, 3)
    num_images = 202_599
    checksums: ClassVar[Mapping[str, str]] = {  # Those of tensorflow-datasets.
        "img_align_celeba.zip": "sha256:46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
        "list_attr_celeba.txt": "sha256:f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0",
        "list_eval_partition.txt": "sha256:fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7",
    }

    def __init__(
        self,
        path: str | os.PathLike[str],
        split: str = "all",
        crop: int | None = 148,
        verify: bool = True,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Opens the set; the first time, decodes it into a copy of 2.5 GB, which takes some minutes.

        Args:
          path: the folder of img_align_celeba.zip, which need not be unpacked, and, for a split,
            list_eval_partition.txt.
          split: "all", or the publisher's "train", "validation" or "test".
          crop: side of the square that is cut from the middle; the literature's 148 is the face with little around it.
            None takes the whole image and squeezes it.
          verify: whether the files have to have the checksums of the publisher's.
          cache_dir: folder for the copy. None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf, else
            ~/.cache/disent_tf.

        Raises:
          InputError: a file is missing, damaged or something else, an argument cannot be used, or the copy cannot be
            written.
        """
        self._folder = as_path(f"{type(self).__name__}.path", path, "the path of a folder")
        self._verify = check_flag(f"{type(self).__name__}.verify", verify)
        check_choice(f"{type(self).__name__}.split", split, ("all", *_SPLITS))
        if crop is not None:
            check_positive(**{f"{type(self).__name__}.crop": crop})
            if crop > min(_SIZE):
                raise InputError(
                    f"{type(self).__name__}.crop is {crop}; expected at most {min(_SIZE)} of {_SIZE} pixels."
                )
        for name in self._lists(split):
            _ = self._file(name).version  # Before the minutes that decoding takes.
        archive = self._file("img_align_celeba.zip")
        shape, name = (self.num_images, *self.observation_shape), f"celeba_{crop or 'whole'}"
        self._images = decoded_copy(name, [archive], shape, self._blocks(archive, crop), cache_dir)
        self._rows = np.arange(self.num_images) if split == "all" else self._rows_of(_SPLITS.index(split))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of rows `[num]`: float32 `[num, 64, 64, 3]` in [0, 1]."""
        return as_floats(self._images[self._rows[np.asarray(indices)]])

    def _lists(self, split: str) -> list[str]:
        return [] if split == "all" else ["list_eval_partition.txt"]

    def _file(self, name: str) -> OfficialFile:
        source = f"{name} from mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
        return OfficialFile(pathlib.Path(self._folder, name), source, self.checksums[name] if self._verify else None)

    def _blocks(self, file: OfficialFile, crop: int | None) -> Iterator[tuple[int, np.ndarray]]:
        with file.reading(), zipfile.ZipFile(file.path) as archive:
            file.check_names(archive.namelist())
            for row in range(self.num_images):  # A name that is not there is a KeyError, which tells it.
                yield row, decoded(archive.read(f"img_align_celeba/{_name(row)}"), "RGB", crop)[None]

    def _rows_of(self, split: int) -> np.ndarray:
        """Returns the rows of a split, int64 `[num]`."""
        file = self._file("list_eval_partition.txt")
        parts = self._table(file, self._lines(file))
        if parts.shape[1] != 1 or not np.isin(parts, range(len(_SPLITS))).all() or split not in parts:
            raise file.wrong("does not give each image one of 0, 1 and 2, and each of these to some")
        return np.flatnonzero(parts[:, 0] == split)

    def _lines(self, file: OfficialFile) -> list[str]:
        file.verify()
        with file.reading():
            return file.path.read_text(encoding="ascii").splitlines()

    def _table(self, file: OfficialFile, lines: list[str]) -> np.ndarray:
        """Returns the numbers behind the names of the images, int64 `[num_images, columns]`."""
        if len(lines) != self.num_images:
            raise file.wrong(f"lists {len(lines)} images; expected {self.num_images}, those of img_align_celeba.zip")
        for row, line in enumerate(lines):
            if not line.startswith(f"{_name(row)} "):
                raise file.wrong(f"lists {line.partition(' ')[0]!r}; expected {_name(row)}, as in img_align_celeba.zip")
        width = len(lines[0].split())
        if width < 2 or any(len(line.split()) != width for line in lines):
            raise file.wrong(
                f"has lines of other lengths than the first, {lines[0]!r}; expected a value or more on all"
            )
        with file.reading():
            return np.loadtxt(lines, np.int64, usecols=range(1, width), ndmin=2)


@gin.register
class CelebA(CelebAImages, TabulatedData):
    """Colour images of faces; the factors are their 40 attributes, each 0 (no) or 1 (yes).

    Not every combination of attributes has an image: see `TabulatedData` for what that means to metrics. In the folder
    `path` there has to be list_attr_celeba.txt, too; all else is as in `CelebAImages`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        split: str = "all",
        crop: int | None = 148,
        verify: bool = True,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(path, split, crop, verify, cache_dir)
        file = self._file("list_attr_celeba.txt")
        with file.reading():
            count, names, *lines = self._lines(file)
        if count.strip() != str(len(lines)):
            raise file.wrong(f"begins with {count!r} and lists {len(lines)} images; expected as many")
        attributes = self._table(file, lines)
        if not np.isin(attributes, (-1, 1)).all():
            raise file.wrong("has values other than -1 and 1; expected these two only")
        self.factor_names = tuple(names.split())
        if len(set(self.factor_names)) != attributes.shape[1] or len(self.factor_names) != attributes.shape[1]:
            raise file.wrong(f"names {len(set(self.factor_names))} attributes and has {attributes.shape[1]}")
        self.factor_sizes = (2,) * attributes.shape[1]
        self.factor_table = (attributes[self._rows] + 1) // 2

    def _lists(self, split: str) -> list[str]:
        return ["list_attr_celeba.txt", *super()._lists(split)]


def _name(row: int) -> str:
    return f"{row + 1:06d}.jpg"
