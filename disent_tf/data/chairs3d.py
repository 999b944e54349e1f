"""3D Chairs: renderings of 1,393 chairs from 62 directions (Aubry et al. 2014)."""

import os
import re
import tarfile
from collections.abc import Iterator

import gin
import numpy as np

from disent_tf.checks import check_positive
from disent_tf.data.decoded_copy import decoded_copy
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.official_file import OfficialFile, as_floats, as_path
from disent_tf.data.pictures import SIDE, decoded

_SOURCE = "rendered_chairs.tar from www.di.ens.fr/willow/research/seeing3Dchairs"
_NAME = re.compile(r"(?:\./)?rendered_chairs/([^/]+)/renders/image_\d{3}_p(\d{3})_t(\d{3})_r\d{3}\.png")


@gin.register
class Chairs3D(GroundTruthData):
    """Grey images of every chair from two elevations and 31 azimuths.

    Source: Aubry, Maturana, Efros, Russell, Sivic (2014), "Seeing 3D Chairs: Exemplar Part-Based 2D-3D Alignment Using
    a Large Dataset of CAD Models". The publisher states no licence. Chairs are numbered in the order of their names,
    digests without a meaning; the views are in the order of the file.
    """

    factor_names = ("chair", "elevation", "azimuth")
    factor_sizes = (1393, 2, 31)
    observation_shape = (SIDE, SIDE, 1)

    def __init__(
        self,
        path: str | os.PathLike[str],
        crop: int | None = 400,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Opens the set; the first time, decodes it into a copy of 0.4 GB, which takes about a quarter of an hour.

        No checksum of the file is published: what it holds is checked instead.

        Args:
          path: rendered_chairs.tar, as it is: it need not be unpacked.
          crop: side of the square that is cut from the middle of the 600 x 600 pixels, whose margin is white. None
            takes the whole.
          cache_dir: folder for the copy. None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf, else
            ~/.cache/disent_tf.

        Raises:
          InputError: the file is missing, damaged or something else, an argument cannot be used, or the copy cannot be
            written.
        """
        if crop is not None:
            check_positive(**{"Chairs3D.crop": crop})
        file = OfficialFile(as_path("Chairs3D.path", path), _SOURCE)
        shape, name = (len(self), *self.observation_shape), f"chairs3d_{crop or 'whole'}"
        self._images = decoded_copy(name, [file], shape, self._blocks(file, crop), cache_dir)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, 64, 64, 1]` in [0, 1]."""
        return as_floats(self._images[np.asarray(indices)])

    def _blocks(self, file: OfficialFile, crop: int | None) -> Iterator[tuple[int, np.ndarray]]:
        with file.reading(), tarfile.open(file.path) as archive:
            members = [member for member in archive.getmembers() if member.isfile()]
            file.check_names(member.name for member in members)
            views = {match.groups(): member for member in members if (match := _NAME.fullmatch(member.name))}
            for row, factors in enumerate(self._grid(file, list(views))):
                stream = archive.extractfile(views[factors])
                yield row, decoded(stream.read() if stream else b"", "L", crop)[None]

    def _grid(self, file: OfficialFile, views: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Returns the names of (chair, elevation, azimuth) in the order of the grid; InputError unless they are one."""
        values = tuple(len({view[factor] for view in views}) for factor in range(3))
        if values != self.factor_sizes or len(views) != len(self):
            raise file.wrong(
                f"has {len(views)} images of {values[0]} chairs, {values[1]} elevations and {values[2]} azimuths; "
                f"expected one of each combination of {self.factor_sizes}"
            )
        return sorted(views)
