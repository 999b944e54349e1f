"""dSprites: white shapes on black whose five factors are known (Matthey et al. 2017).

The set is drawn from its geometry by default, which needs no download, or read from the official file. Either way it is
held packed, one bit per pixel: 377 MB rather than the 3 GB of the official array.
"""

import functools
import hashlib
import logging
import os
import pathlib
from collections.abc import Callable

import gin
import numpy as np

from disent_tf.data import dsprites_geometry, dsprites_npz
from disent_tf.data.decoded_copy import cache_folder, remove_abandoned
from disent_tf.data.dsprites_geometry import FACTOR_NAMES, FACTOR_SIZES, PACKED_BYTES, SIDE
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.official_file import NPY_DAMAGED, as_path
from disent_tf.files import atomic_path

_RENDERED_SHA256 = "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"
# The digest is in the name so that a version with another renderer never meets this one's file.
_CACHE_NAME = f"dsprites_{_RENDERED_SHA256[:12]}.npy"


_log = logging.getLogger(__name__)


@gin.register
class DSprites(GroundTruthData):
    """Binary 64 x 64 images of a square, an ellipse or a heart at every scale, orientation and position.

    Source: Matthey, Higgins, Hassabis, Lerchner (2017), "dSprites: Disentanglement testing Sprites dataset". The
    official file's leading factor, a colour with the one value white, is left out: it changes no index.
    """

    factor_names = FACTOR_NAMES
    factor_sizes = FACTOR_SIZES
    observation_shape = (SIDE, SIDE, 1)

    def __init__(
        self, path: str | os.PathLike[str] | None = None, cache_dir: str | os.PathLike[str] | None = None
    ) -> None:
        """Opens the set.

        Args:
          path: the official npz file. None draws the set from its geometry in a few seconds and keeps it on disk for
            the next time; of 65,153 real images 9 differ from the drawn ones, by one pixel each.
          cache_dir: folder to keep the drawn set in. None means $DISENT_TF_CACHE, else $XDG_CACHE_HOME/disent_tf,
            else ~/.cache/disent_tf. Where it cannot be written, the set stays in memory.

        Raises:
          InputError: the file at `path` is missing, damaged or not dSprites, or an argument is not a path.
        """
        if path is None:
            self._packed = _drawn(cache_folder(cache_dir) / _CACHE_NAME)
        else:
            self._packed = dsprites_npz.read(as_path("DSprites.path", path), self.factor_sizes)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, 64, 64, 1]` in {0, 1}."""
        pixels = np.unpackbits(self._packed[np.asarray(indices)], axis=1)
        return pixels.astype(np.float32).reshape(-1, *self.observation_shape)


@functools.lru_cache(maxsize=1)
def _drawn(file: pathlib.Path) -> np.ndarray:
    """Returns the drawn set, uint8 `[737280, 512]`, by way of a cache file; once per process."""
    shape = (dsprites_geometry.NUM_IMAGES, PACKED_BYTES)
    return _cached(file, shape, _RENDERED_SHA256, dsprites_geometry.render_all)


def _cached(file: pathlib.Path, shape: tuple[int, int], sha256: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Returns the uint8 array that `make` makes and `sha256` proves, from `file` if that has it; else writes `file`."""
    kept = _open_verified(file, shape, sha256)
    if kept is not None:
        return kept
    remove_abandoned(file)
    made = make()
    try:
        with atomic_path(file) as temporary:
            np.save(temporary, made)
    except OSError as error:
        _log.warning("%s cannot be written (%s): the set stays in memory and is drawn anew next time.", file, error)
        return made
    kept = _open_verified(file, shape, sha256)
    return made if kept is None else kept


def _open_verified(file: pathlib.Path, shape: tuple[int, int], sha256: str) -> np.ndarray | None:
    """Returns the array in `file`, or None where there is none or it is not the expected one.

    The array is mapped, not read: its pages are the page cache's, shared between processes and given back under
    memory pressure. Verifying reads them all in order, so that a later gather of random rows finds them in memory
    and costs no more than from an array on the heap.
    """
    try:
        array = np.asarray(np.lib.format.open_memmap(file, mode="r"))
    except FileNotFoundError:
        return None
    except NPY_DAMAGED as error:
        _log.warning("%s cannot be read (%s): drawing it anew.", file, error)
        return None
    intact = array.shape == shape and array.dtype == np.uint8 and array.flags.c_contiguous
    if intact and hashlib.sha256(array.data).hexdigest() == sha256:
        return array
    _log.warning("%s is damaged: drawing it anew.", file)
    return None
