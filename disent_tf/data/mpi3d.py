"""MPI3D: an object on a robot arm, rendered in two ways and photographed (Gondal et al. 2019)."""

import os
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import gin
import numpy as np

from disent_tf.checks import check_choice, check_flag
from disent_tf.data.decoded_copy import decoded_copy
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.npz_rows import npz_rows
from disent_tf.data.official_file import OfficialFile, as_floats, as_path
from disent_tf.errors import InputError


class Variant(NamedTuple):
    """One of the publisher's files."""

    file_name: str
    factor_sizes: tuple[int, ...]
    checksum: str | None  # That of nmichlo/disent; None where no checksum is known.


_ALL, _FOUR = (6, 6, 2, 3, 3, 40, 40), (4, 4, 2, 3, 3, 40, 40)


@gin.register
class MPI3D(GroundTruthData):
    """Colour images of an object on an arm, for every colour, shape, size, camera, background and pose of the arm.

    Source: Gondal, Wüthrich, Miladinović, Locatello, Breidt, Volchkov, Akpo, Bachem, Schölkopf, Bauer (2019), "On the
    Transfer of Inductive Bias from Simulation to the Real World". Licence: CC BY 4.0. The values of the factors are
    named in the gin files. disentanglement_lib's code expects 4 colours and 4 shapes of the rendered sets; that is the
    size of the file of the challenge, "challenge_toy" here, while the files published since have 6 of each.
    """

    factor_names = (
        "object_color",
        "object_shape",
        "object_size",
        "camera_height",
        "background_color",
        "horizontal_axis",
        "vertical_axis",
    )
    observation_shape = (64, 64, 3)
    variants: ClassVar[Mapping[str, Variant]] = {
        "toy": Variant("mpi3d_toy.npz", _ALL, "md5:55889cb7c7dfc655d6e0277beee88868"),
        "realistic": Variant("mpi3d_realistic.npz", _ALL, "md5:59a6225b88b635365f70c91b3e52f70f"),
        "real": Variant("mpi3d_real.npz", _ALL, "md5:0f33f609918fb5c97996692f91129802"),
        "complex": Variant("real3d_complicated_shapes_ordered.npz", _FOUR, None),
        "challenge_toy": Variant("sim_toy_64x_ordered_without_heldout_factors.npz", _FOUR, None),
    }

    def __init__(
        self,
        path: str | os.PathLike[str],
        variant: str = "toy",
        verify: bool = True,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        """Opens the set; the first time, decodes it into a copy of 12.7 GB (complex and challenge_toy: 5.7 GB).

        Args:
          path: the variant's npz file.
          variant: "toy" (simple rendering), "realistic" (better rendering), "real" (photographs), "complex"
            (photographs of four everyday objects) or "challenge_toy" (4 of toy's colours and shapes).
          verify: whether the file has to have the checksum of the publisher's, where that is known.
          cache_dir: folder for the copy. None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf, else
            ~/.cache/disent_tf.

        Raises:
          InputError: the file is missing, damaged, or another variant by its checksum, size or name, or the copy cannot
            be written.
        """
        name, self.factor_sizes, checksum = self.variants[check_choice("MPI3D.variant", variant, self.variants)]
        _check_name(as_path("MPI3D.path", path).name, variant, self.variants)
        source = f"{name} from github.com/rr-learning/disentanglement_dataset"
        checksum = checksum if check_flag("MPI3D.verify", verify) else None
        file = OfficialFile(as_path("MPI3D.path", path), source, checksum)
        row, num = self.observation_shape, len(self)
        blocks = npz_rows(file, "images", ((num, *row), (*self.factor_sizes, *row)), row)
        self._images = decoded_copy(f"mpi3d_{variant}", [file], (num, *row), blocks, cache_dir)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, 64, 64, 3]` in [0, 1]."""
        return as_floats(self._images[np.asarray(indices)])


def _check_name(name: str, variant: str, variants: Mapping[str, Variant]) -> None:
    """Raises InputError for a file that has the publisher's name of another variant: some are of the same size."""
    others = [other for other in variants if other != variant and variants[other].file_name == name]
    if others:
        raise InputError(
            f"MPI3D.variant is {variant!r} and {name} is the publisher's file of {others[0]!r}; expected "
            f"{variants[variant].file_name}, or another variant."
        )
