"""SmallNORB: photographs of 50 toys (LeCun et al. 2004)."""

import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import IO, ClassVar

import gin
import numpy as np

from disent_tf.checks import check_flag
from disent_tf.data.decoded_copy import decoded_copy
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.official_file import OfficialFile, as_floats, as_path, perhaps_unpacked
from disent_tf.data.pictures import SIDE, shrunk

_CHUNKS = ("smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing")
_TYPES = {0x1E3D4C55: np.dtype("u1"), 0x1E3D4C54: np.dtype("<i4")}  # By magic number.


@gin.register
class SmallNORB(GroundTruthData):
    """Grey images of toys of five categories at every elevation, azimuth and lighting; which toy is a hidden factor.

    Source: LeCun, Huang, Bottou (2004), "Learning Methods for Generic Object Recognition with Invariance to Pose and
    Lighting". Licence: for research, not to be sold. As in disentanglement_lib, training and test set are one, of each
    stereo pair the first image is taken and shrunk from 96 x 96 pixels, and of the ten toys that have the factors asked
    for one is drawn. Where its Lanczos filter leaves [0, 1], which it does by up to a few grey values at edges, these
    images are clipped.

    The rows are those of the grid (category, toy, elevation, azimuth, lighting); an epoch shows every toy.
    """

    factor_names = ("category", "elevation", "azimuth", "lighting")
    factor_sizes = (5, 9, 18, 6)
    num_instances = 10
    observation_shape = (SIDE, SIDE, 1)
    checksums: ClassVar[Mapping[str, str]] = {  # Those of tensorflow-datasets.
        f"{_CHUNKS[0]}-dat.mat.gz": "sha256:5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
        f"{_CHUNKS[0]}-cat.mat.gz": "sha256:2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
        f"{_CHUNKS[0]}-info.mat.gz": "sha256:de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
        f"{_CHUNKS[1]}-dat.mat.gz": "sha256:cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
        f"{_CHUNKS[1]}-cat.mat.gz": "sha256:ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
        f"{_CHUNKS[1]}-info.mat.gz": "sha256:16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
    }

    def __init__(
        self, path: str | os.PathLike[str], verify: bool = True, cache_dir: str | os.PathLike[str] | None = None
    ) -> None:
        """Opens the set; the first time, decodes it into a copy of 0.2 GB.

        Args:
          path: the folder of the six files smallnorb-….mat.gz; unpacked ones, without .gz, will do.
          verify: whether files that are not unpacked have to have the checksums of the publisher's.
          cache_dir: folder for the copy. None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf, else
            ~/.cache/disent_tf.

        Raises:
          InputError: a file is missing, damaged or something else, or the copy cannot be written.
        """
        folder = as_path("SmallNORB.path", path)
        check_flag("SmallNORB.verify", verify)
        chunks = [
            [self._file(folder / f"{chunk}-{kind}.mat.gz", verify) for kind in ("dat", "cat", "info")]
            for chunk in _CHUNKS
        ]
        category, *others = self.factor_sizes
        self._grid = (category, self.num_instances, *others)
        shape = (len(self), *self.observation_shape)
        self._images = decoded_copy("smallnorb", [*chunks[0], *chunks[1]], shape, self._blocks(chunks), cache_dir)

    def __len__(self) -> int:
        return int(np.prod(self._grid))

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of rows `[num]`: float32 `[num, 64, 64, 1]` in [0, 1]."""
        return as_floats(self._images[np.asarray(indices)])

    def factors_to_indices(self, factors: np.ndarray) -> np.ndarray:
        """Returns for factors `[num, 4]` the rows, int64 `[num]`, of the first toy that has them."""
        return self._rows(factors, np.zeros(len(factors), np.int64))

    def indices_to_factors(self, indices: np.ndarray) -> np.ndarray:
        """Returns the factors, int64 `[num, 4]`, of rows `[num]`."""
        category, _, *others = np.unravel_index(np.asarray(indices), self._grid)
        return np.stack([category, *others], axis=1)

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns images of factors `[num, 4]`, each of a toy that is drawn."""
        return self[self._rows(factors, random_state.randint(self.num_instances, size=len(factors)))]

    def _rows(self, factors: np.ndarray, instances: np.ndarray) -> np.ndarray:
        category, *others = np.asarray(factors).T
        return np.ravel_multi_index((category, instances, *others), self._grid)

    def _file(self, path: pathlib.Path, verify: bool) -> OfficialFile:
        source = f"{path.name} from cs.nyu.edu/~ylclab/data/norb-v1.0-small"
        path = perhaps_unpacked(path)
        return OfficialFile(path, source, self.checksums.get(path.name) if verify else None)

    def _blocks(self, chunks: list[list[OfficialFile]]) -> Iterator[tuple[int, np.ndarray]]:
        rows = [self._chunk_rows(category, info) for _, category, info in chunks]
        if not np.array_equal(np.sort(np.concatenate(rows)), np.arange(len(self))):
            raise chunks[0][2].wrong(f"with that of the other set it does not hold each of {self._grid} toys once")
        for (images, _, _), rows_of_chunk in zip(chunks, rows, strict=True):
            with images.reading(), images.open() as stream:
                _check_header(images, stream, (len(rows_of_chunk), 2, 96, 96), np.dtype("u1"))
                for row in rows_of_chunk:
                    pair = np.frombuffer(stream.read(2 * 96 * 96), np.uint8).reshape(2, 96, 96)
                    # disentanglement_lib's images are 32-bit integers to Pillow, which rounds those less often.
                    yield int(row), shrunk(pair[0].astype(np.int32)).clip(0, 255).astype(np.uint8)[None, ..., None]
                if stream.read(1):  # gzip compares its checksum at the very end, which this reaches.
                    raise ValueError("it goes on after its last image")

    def _chunk_rows(self, category: OfficialFile, info: OfficialFile) -> np.ndarray:
        """Returns the row of every pair of a chunk, int64 `[num]`."""
        num = len(self) // 2
        categories = _read(category, (num,))
        instance, elevation, azimuth, lighting = _read(info, (num, 4)).T
        with info.reading():  # Azimuths are 0, 2, …, 34: tens of degrees. A factor out of range is a ValueError.
            return np.ravel_multi_index((categories, instance, elevation, azimuth // 2, lighting), self._grid)


def _read(file: OfficialFile, shape: tuple[int, ...]) -> np.ndarray:
    """Returns a matrix of integers, int32 `shape`."""
    with file.reading(), file.open() as stream:
        _check_header(file, stream, shape, np.dtype("<i4"))
        return np.frombuffer(stream.read(), "<i4").reshape(shape)


def _check_header(file: OfficialFile, stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype) -> None:
    """Reads the head of a matrix; InputError unless it announces this shape and type."""
    magic, num_dimensions = np.frombuffer(stream.read(8), "<i4").tolist()
    sizes = np.frombuffer(stream.read(4 * max(3, num_dimensions)), "<i4")[:num_dimensions]  # Never less than three.
    if (found := (tuple(sizes.tolist()), _TYPES.get(magic))) != (shape, dtype):
        raise file.wrong(f"the matrix is {found[1] or hex(magic)} {found[0]}; expected {dtype} {shape}")
