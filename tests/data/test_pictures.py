import io

import numpy as np
import pytest
from PIL import Image

from disent_tf.data.pictures import decoded, shrunk


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_lanczos_keeps_flat_areas_and_the_place_of_edges(dtype):
    pixels = np.zeros((128, 128), dtype)
    pixels[:, 64:] = 200
    image = shrunk(pixels)
    assert image.shape == (64, 64)
    assert image.dtype == dtype
    assert (image[:, :28] == 0).all()
    assert (image[:, 36:] == 200).all()
    # The ringing that tells Lanczos from a mean of neighbours; bytes stop at zero.
    assert image[32, 33] > 200
    assert (image[32, 30] < 0) == (dtype == np.int32)


def test_square_is_cut_from_the_middle():
    pixels = np.zeros((218, 178, 3), np.uint8)
    pixels[35:183, 15:163] = (10, 20, 30)  # 148 x 148 in the middle.
    image = decoded(png(pixels), "RGB", 148)
    assert image.shape == (64, 64, 3)
    np.testing.assert_array_equal(image, np.broadcast_to([10, 20, 30], image.shape))
    assert (decoded(png(pixels), "RGB", 150)[0] < 10).any()


def test_whole_picture_is_squeezed():
    pixels = np.zeros((40, 200), np.uint8)
    pixels[:, 100:] = 100
    image = decoded(png(pixels), "L", None)
    assert image.shape == (64, 64, 1)
    assert (image[:, :28] == 0).all()
    assert (image[:, 36:] == 100).all()


def test_grey_is_the_luma_of_the_colours():
    image = decoded(png(np.full((64, 64, 3), (255, 0, 0), np.uint8)), "L", 64)
    np.testing.assert_array_equal(image, 76)  # 0.299 * 255


def test_picture_smaller_than_the_square_is_an_error():
    with pytest.raises(ValueError, match="a picture has 30 x 20 pixels, less than the 25 to be cut from it"):
        decoded(png(np.zeros((20, 30), np.uint8)), "L", 25)


WHOLE = png(np.random.default_rng(0).integers(0, 256, (20, 30), dtype=np.uint8))


@pytest.mark.parametrize("content", [b"", b"text", WHOLE[: len(WHOLE) // 2]], ids=["empty", "text", "cut"])
def test_damaged_picture_is_an_error(content):
    with pytest.raises((OSError, SyntaxError)):
        decoded(content, "L", None)


def test_a_png_whose_pixels_have_changed_is_an_error():
    buffer = io.BytesIO()
    Image.fromarray(np.full((100, 100), 200, np.uint8)).save(buffer, "PNG")
    whole, num_changed = buffer.getvalue(), 0
    start = whole.index(b"IDAT") + 4
    for place in range(start, whole.index(b"IEND") - 8):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        with pytest.raises((OSError, SyntaxError)):
            decoded(bytes(damaged), "L", None)
        num_changed += 1
    assert num_changed > 10
