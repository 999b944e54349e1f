"""Pictures that patches are cut from."""

import functools
import os

import numpy as np

from disent_tf.data.official_file import OfficialFile, as_floats, as_path
from disent_tf.data.pictures import opened
from disent_tf.errors import InputError

LARGEST = (350, 274)
"""Width and height that a larger picture is shrunk to fit in: disentanglement_lib's."""

_NUM_WAVES = 24
_LONGEST, _SHORTEST = 200.0, 10.0  # Pixels from crest to crest.


def read_picture(path: str | os.PathLike[str], parameter: str, least: int) -> np.ndarray:
    """Returns a picture as disentanglement_lib prepares it: float32 `[height, width, 3]` in [0, 1].

    Args:
      path: of an image file that Pillow reads.
      parameter: what `path` is called.
      least: pixels that its shrunk height and width have to exceed.

    Raises:
      InputError: the file is missing, damaged, no picture or too small.
    """
    file = OfficialFile(as_path(parameter, path), "a picture, such as a JPEG file", remedy="save it anew")
    _ = file.version
    with opened(file) as found:
        image = found if found.mode in ("L", "RGB") else found.convert("RGB")
        image.thumbnail(LARGEST)
        pixels = np.asarray(image.convert("RGB"))
    if min(pixels.shape[:2]) <= least:
        raise InputError(
            f"{path} has {pixels.shape[1]} x {pixels.shape[0]} pixels once it fits in {LARGEST[0]} x {LARGEST[1]}; "
            f"expected more than {least} either way: choose a picture that is larger or less narrow."
        )
    return as_floats(pixels)


@functools.lru_cache(maxsize=1)
def texture() -> np.ndarray:
    """Returns a picture of its own, with large and fine structure in colour: float32 `[274, 350, 3]` in [0, 1].

    Waves in random directions, of random wave lengths, long ones higher than short ones, which bend one another.
    """
    random_state = np.random.RandomState(0)
    width, height = LARGEST
    y, x = np.mgrid[:height, :width].astype(np.float64)
    picture, bend = np.zeros((height, width, 3)), np.zeros((height, width))
    for length in np.geomspace(_LONGEST, _SHORTEST, _NUM_WAVES):
        angle, phase = random_state.uniform(0.0, 2.0 * np.pi, 2)
        wave = np.sin(2.0 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / length + phase + bend)
        picture += np.sqrt(length) * wave[..., None] * random_state.uniform(-1.0, 1.0, 3)
        bend += 0.25 * wave
    picture -= picture.min(axis=(0, 1))
    # Rounded to the grey values of a file: the last digits of a sine differ between machines.
    pixels = as_floats(np.rint(255.0 * picture / picture.max(axis=(0, 1))).astype(np.uint8))
    pixels.flags.writeable = False  # All who ask for it share it.
    return pixels
