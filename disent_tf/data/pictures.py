"""Pictures brought to one size as the literature does: a square cut from the middle, then Lanczos."""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from disent_tf.data.official_file import OfficialFile
from disent_tf.errors import InputError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")
"""What is opened, by content: some others of Pillow's run programs, as EPS Ghostscript."""

SIDE = 64
"""Height and width that most of the field's models ask for."""


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """Returns a picture, of any type that Pillow knows, at 64 x 64 pixels and of the same type.

    As disentanglement_lib shrinks them: with Pillow's Lanczos filter, which its older versions call antialias.
    """
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS))


@contextlib.contextmanager
def opened(file: OfficialFile) -> Iterator[Image.Image]:
    """Opens a file with a picture of 8 bits a channel, turned as its camera was held (EXIF).

    Raises:
      InputError: it is missing, damaged, in a format that is seldom one of pictures, or of more bits.
    """
    with file.reading(), Image.open(file.path, formats=FORMATS) as whole:
        whole.verify()  # The checksums in a PNG: decoding does not compare those of pixels.
    with file.reading(), Image.open(file.path, formats=FORMATS) as image:
        if image.mode.startswith(("I", "F")):
            raise InputError(
                f"{file} has pixels of type {image.mode!r}, which 8 bits cannot hold; expected 8 bits a channel: "
                "convert it, or give an array to images_of."
            )
        ImageOps.exif_transpose(image, in_place=True)
        yield image


def decoded(content: bytes, mode: str, crop: int | None) -> np.ndarray:
    """Returns a JPEG or PNG file as uint8 `[64, 64, channels]`.

    Args:
      content: of the file.
      mode: Pillow's name of what to convert it to: "RGB" or "L", which is grey.
      crop: side of the square that is cut from the middle. None takes the whole picture, whatever its proportions.
    """
    with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as whole:
        whole.verify()  # The checksums in a PNG: decoding does not compare those of pixels.
    with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as file:
        image: Image.Image = file
        width, height = image.size
        if crop is not None:
            if crop > min(width, height):
                raise ValueError(f"a picture has {width} x {height} pixels, less than the {crop} to be cut from it")
            left, top = (width - crop) // 2, (height - crop) // 2
            image = image.crop((left, top, left + crop, top + crop))
        return shrunk(np.asarray(image.convert(mode))).reshape(SIDE, SIDE, -1)
