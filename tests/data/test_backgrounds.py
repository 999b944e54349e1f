import numpy as np
import pytest
from PIL import Image

from disent_tf.data.backgrounds import read_picture, texture
from disent_tf.errors import InputError


def saved(folder, size, mode="RGB", name="picture.png"):
    shape = (size[1], size[0], *([len(mode)] if len(mode) > 1 else []))
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels, mode).save(folder / name)
    return folder / name, pixels


def blocks(picture, side):
    """Returns whole blocks of pixels, `[rows, side, columns, side, 3]`."""
    height, width = (size // side * side for size in picture.shape[:2])
    return picture[:height, :width].reshape(height // side, side, width // side, side, 3)


def test_texture_is_a_picture_with_large_and_fine_structure_in_colour():
    """Patches of 64 pixels, which are what is shown, differ from one another, and within them there is something."""
    picture = texture().astype(np.float64)
    assert (picture.shape, texture().dtype) == ((274, 350, 3), np.float32)
    np.testing.assert_array_equal(picture.min(axis=(0, 1)), 0)
    np.testing.assert_array_equal(picture.max(axis=(0, 1)), 1)
    for what, large, fine in ((picture, 0.05, 0.03), (picture - picture.mean(axis=2, keepdims=True), 0.03, 0.025)):
        assert (blocks(what, 64).mean(axis=(1, 3)).std(axis=(0, 1)) > large).all()
        assert (blocks(what, 8).std(axis=(1, 3)).mean(axis=(0, 1)) > fine).all()
    assert np.abs(np.diff(picture, axis=0)).mean() < 0.1  # No noise.


def test_texture_is_the_same_whenever_and_in_every_version():
    np.testing.assert_array_equal(texture.__wrapped__(), texture())
    first_patches = 255 * blocks(texture().astype(np.float64), 64).mean(axis=(1, 3))[0]
    expected = [
        [135.0, 152.8, 116.1],
        [116.3, 91.4, 115.6],
        [90.4, 72.4, 145.1],
        [113.0, 92.9, 162.8],
        [152.9, 110.2, 126.4],
    ]
    np.testing.assert_allclose(first_patches, expected, atol=0.1)


def test_texture_cannot_be_changed_by_who_uses_it():
    with pytest.raises(ValueError, match="read-only"):
        texture()[0, 0] = 0.0


def test_small_picture_is_taken_as_it_is(tmp_path):
    path, pixels = saved(tmp_path, (100, 90))
    picture = read_picture(path, "path", 64)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture, pixels / 255, atol=1e-6)


def test_large_picture_is_shrunk_in_proportion_to_fit(tmp_path):
    assert read_picture(saved(tmp_path, (700, 548))[0], "path", 64).shape == (274, 350, 3)
    assert read_picture(saved(tmp_path, (500, 600))[0], "path", 64).shape == (274, 228, 3)


@pytest.mark.parametrize(("mode", "name"), [("L", "grey.png"), ("RGBA", "clear.png"), ("RGB", "photo.jpg")])
def test_other_kinds_of_picture_become_colour(mode, name, tmp_path):
    picture = read_picture(saved(tmp_path, (100, 90), mode, name)[0], "path", 64)
    assert picture.shape == (90, 100, 3)
    assert picture.std() > 0.05


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no picture", r"picture.png cannot be read \(UnidentifiedImageError .*\); expected an intact file"),
        (b"", r"picture.png cannot be read \(UnidentifiedImageError .*\)"),
        (None, r"picture.png cannot be opened: No such file or directory; expected a picture"),
    ],
)
def test_file_that_is_no_picture_is_an_error(content, message, tmp_path):
    if content is not None:
        (tmp_path / "picture.png").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_picture(tmp_path / "picture.png", "path", 64)


def test_truncated_picture_is_an_error(tmp_path):
    path, _ = saved(tmp_path, (100, 90))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"picture.png cannot be read \(.*\); expected an intact file") as caught:
        read_picture(path, "path", 64)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [(64, 100), (100, 64), (2000, 100)])
def test_picture_too_small_to_cut_patches_from_is_an_error(size, tmp_path):
    with pytest.raises(InputError, match=r"picture.png has .* pixels once it fits in 350 x 274; expected more than 64"):
        read_picture(saved(tmp_path, size)[0], "path", 64)


def test_what_is_no_path_is_an_error():
    with pytest.raises(InputError, match=r"ScreamDSprites.path is 3; expected a path"):
        read_picture(3, "ScreamDSprites.path", 64)


def test_pixels_that_eight_bits_cannot_hold_are_an_error(tmp_path):
    Image.fromarray(np.full((100, 100), 40_000, np.uint16)).save(tmp_path / "picture.png")
    with pytest.raises(InputError, match="which 8 bits cannot hold"):
        read_picture(tmp_path / "picture.png", "path", 64)


def test_a_format_that_runs_programs_is_not_opened_whatever_its_name(tmp_path):
    Image.new("RGB", (100, 100)).save(tmp_path / "picture.eps")
    (tmp_path / "picture.eps").rename(tmp_path / "picture.png")
    with pytest.raises(InputError, match=r"picture.png cannot be read \(UnidentifiedImageError"):
        read_picture(tmp_path / "picture.png", "path", 64)
