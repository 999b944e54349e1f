"""3D Shapes: one object in a room, six factors (Burgess & Kim 2018)."""

import os
from collections.abc import Iterator

import gin
import h5py
import numpy as np

from disent_tf.checks import check_flag
from disent_tf.data.decoded_copy import decoded_copy
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.official_file import OfficialFile, as_floats, as_path

_SOURCE = "3dshapes.h5 from github.com/google-deepmind/3d-shapes (storage.googleapis.com/3d-shapes/3dshapes.h5)"


@gin.register
class Shapes3D(GroundTruthData):
    """Colour images of an object in a room, for every colour of floor, wall and object, scale, shape and view.

    Source: Burgess, Kim (2018), "3D Shapes Dataset"; Kim, Mnih (2018), "Disentangling by Factorising". Licence:
    Apache-2.0. The factors and the order of the images are the file's, which are also disentanglement_lib's.
    """

    factor_names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    factor_sizes = (10, 10, 10, 8, 4, 15)
    observation_shape = (64, 64, 3)
    checksum = "sha256:0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785"  # tensorflow-datasets'

    def __init__(
        self, path: str | os.PathLike[str], verify: bool = True, cache_dir: str | os.PathLike[str] | None = None
    ) -> None:
        """Opens the set; the first time, decodes it into a copy of 5.9 GB.

        Args:
          path: 3dshapes.h5.
          verify: whether the file has to have the checksum of the publisher's.
          cache_dir: folder for the copy. None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf, else
            ~/.cache/disent_tf.

        Raises:
          InputError: the file is missing, damaged or not 3D Shapes, or the copy cannot be written.
        """
        checksum = self.checksum if check_flag("Shapes3D.verify", verify) else None
        file = OfficialFile(as_path("Shapes3D.path", path), _SOURCE, checksum)
        shape = (len(self), *self.observation_shape)
        self._images = decoded_copy("shapes3d", [file], shape, self._blocks(file), cache_dir)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, 64, 64, 3]` in [0, 1]."""
        return as_floats(self._images[np.asarray(indices)])

    def _blocks(self, file: OfficialFile) -> Iterator[tuple[int, np.ndarray]]:
        with file.reading(), h5py.File(file.path, "r") as archive:
            images, labels = (_array(file, archive, key) for key in ("images", "labels"))
            file.check_array("images", images, (len(self), *self.observation_shape), np.uint8)
            file.check_array("labels", labels, (len(self), self.num_factors), np.float64)
            self._check_order(file, labels[()])
            step = images.chunks[0] if images.chunks else 4096  # Each chunk of the file is decompressed once.
            for start in range(0, len(self), step):
                yield start, images[start : start + step]

    def _check_order(self, file: OfficialFile, labels: np.ndarray) -> None:
        """Raises InputError unless the rows are those of the grid."""
        if not np.isfinite(labels).all():
            raise file.wrong("labels has NaN or infinite values; expected numbers")
        found = np.stack([np.unique(column, return_inverse=True)[1] for column in labels.T], axis=1)
        expected = self.indices_to_factors(np.arange(len(self)))
        wrong = np.flatnonzero((found != expected).any(axis=1))
        if wrong.size:
            row = wrong[0]
            raise file.wrong(
                f"row {row} of labels has the factors {found[row].tolist()}; expected {expected[row].tolist()}, the "
                "grid with its last factor fastest"
            )


def _array(file: OfficialFile, archive: h5py.File, key: str) -> h5py.Dataset:
    if not isinstance(array := archive.get(key), h5py.Dataset):
        raise file.wrong(f"has {list(archive)}; expected the array {key} among them")
    return array
