"""Cars3D: renderings of 183 cars from 96 directions (Reed et al. 2015)."""

import io
import os
import tarfile
from collections.abc import Iterator

import gin
import numpy as np
import scipy.io

from disent_tf.checks import check_flag
from disent_tf.data.decoded_copy import decoded_copy
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.official_file import OfficialFile, as_floats, as_path
from disent_tf.data.pictures import SIDE, shrunk

_SOURCE = "nips2015-analogy-data.tar.gz from www.scottreed.info/files/nips2015-analogy-data.tar.gz"
_FOLDER = "data/cars"


@gin.register
class Cars3D(GroundTruthData):
    """Colour images of every car from every elevation and azimuth.

    Source: Reed, Zhang, Zhang, Lee (2015), "Deep Visual Analogy-Making". The archive states no licence. The images are
    shrunk from 128 x 128 pixels as in disentanglement_lib, whose cars, unlike these, are numbered in whatever order the
    file system lists their files.
    """

    factor_names = ("elevation", "azimuth", "object_type")
    factor_sizes = (4, 24, 183)
    observation_shape = (SIDE, SIDE, 3)
    checksum = "md5:4e866a7919c1beedf53964e6f7a23686"  # that of nmichlo/disent

    def __init__(
        self, path: str | os.PathLike[str], verify: bool = True, cache_dir: str | os.PathLike[str] | None = None
    ) -> None:
        """Opens the set; the first time, decodes it into a copy of 0.2 GB.

        Args:
          path: nips2015-analogy-data.tar.gz, as it is: it need not be unpacked.
          verify: whether the file has to have the checksum of the publisher's.
          cache_dir: folder for the copy. None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf, else
            ~/.cache/disent_tf.

        Raises:
          InputError: the file is missing, damaged or something else, or the copy cannot be written.
        """
        checksum = self.checksum if check_flag("Cars3D.verify", verify) else None
        file = OfficialFile(as_path("Cars3D.path", path), _SOURCE, checksum)
        shape = (len(self), *self.observation_shape)
        self._images = decoded_copy("cars3d", [file], shape, self._blocks(file), cache_dir)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, 64, 64, 3]` in [0, 1]."""
        return as_floats(self._images[np.asarray(indices)])

    def _blocks(self, file: OfficialFile) -> Iterator[tuple[int, np.ndarray]]:
        with file.reading(), file.open() as stream, tarfile.open(fileobj=stream) as archive:
            members = {member.name.removeprefix("./"): member for member in archive.getmembers() if member.isfile()}
            file.check_names(members)
            names = _content(archive, _member(file, members, f"{_FOLDER}/list.txt")).decode().split()
            if len(set(names)) != self.factor_sizes[2]:
                raise file.wrong(f"list.txt names {len(set(names))} cars; expected {self.factor_sizes[2]}")
            cars = [(_member(file, members, f"{_FOLDER}/{name}.mat"), car) for car, name in enumerate(names)]
            # In the order of the archive: going back means decompressing it from its beginning.
            for member, car in sorted(cars, key=lambda pair: pair[0].offset):
                for view, image in self._views(file, member.name, _content(archive, member)):
                    yield int(self.factors_to_indices(np.array([[*view, car]]))[0]), image[None]
            while stream.read(1 << 20):  # gzip compares its checksum at the very end, behind that of the archive.
                pass

    def _views(self, file: OfficialFile, name: str, content: bytes) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """Yields (elevation, azimuth) and the image, uint8 `[64, 64, 3]`, of every view of a car."""
        elevations, azimuths, _ = self.factor_sizes
        try:
            arrays = scipy.io.loadmat(io.BytesIO(content), variable_names=["im"])
        except Exception as error:  # A damaged file makes scipy raise IndexError, UnboundLocalError and others.
            raise ValueError(f"{name}: {error}") from error
        image = arrays["im"]
        file.check_array(f"im of {name}", image, (128, 128, 3, azimuths, elevations), np.uint8)
        for elevation, azimuth in np.ndindex(elevations, azimuths):
            yield (elevation, azimuth), shrunk(np.ascontiguousarray(image[..., azimuth, elevation]))


def _member(file: OfficialFile, members: dict[str, tarfile.TarInfo], name: str) -> tarfile.TarInfo:
    if name not in members:
        raise file.wrong(f"has no {name}; expected the cars that {_FOLDER}/list.txt names")
    return members[name]


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    return stream.read() if stream else b""
