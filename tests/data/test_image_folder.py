import gin
import numpy as np
import pytest
from PIL import Image

from disent_tf import config
from disent_tf.data.image_folder import ImageFolder
from disent_tf.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 6, 8, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Three images, in the order b/0.png, b/a/2.PNG, c.png, a hidden one and a text."""
    (tmp_path / "in" / "b" / "a").mkdir(parents=True)
    (tmp_path / "in" / ".hidden").mkdir()
    for name, pixels in zip(("b/0.png", "b/a/2.PNG", "c.png"), PIXELS, strict=True):
        Image.fromarray(pixels).save(tmp_path / "in" / name)
    Image.fromarray(PIXELS[0]).save(tmp_path / "in" / ".hidden" / "d.png")
    (tmp_path / "in" / "notes.txt").write_text("text")
    return tmp_path / "in"


@pytest.fixture
def read(folder, tmp_path):
    return lambda **options: ImageFolder(folder, cache_dir=tmp_path / "cache", **options)


def test_images_are_those_of_the_folder_in_the_order_of_their_paths(read, folder):
    data = read()
    assert (len(data), data.observation_shape) == (3, (6, 8, 3))
    assert [path.name for path in data.paths] == ["0.png", "2.PNG", "c.png"]
    np.testing.assert_allclose(data[np.arange(3)], PIXELS / 255, rtol=1e-6)


def test_images_are_brought_to_size_and_to_grey(read, folder):
    data = read(size=(4, 2), grey=True)
    assert data.observation_shape == (4, 2, 1)
    expected = Image.fromarray(PIXELS[2]).convert("L").resize((2, 4), Image.Resampling.LANCZOS)
    np.testing.assert_allclose(data[np.array([2])][0, ..., 0], np.asarray(expected) / 255, rtol=1e-6)


def test_photographs_are_turned_as_the_camera_was_held(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # To be shown a quarter turn clockwise.
    (tmp_path / "in").mkdir()
    Image.fromarray(PIXELS[0]).save(tmp_path / "in" / "a.png", exif=exif)
    data = ImageFolder(tmp_path / "in", cache_dir=tmp_path)
    assert data.observation_shape == (8, 6, 3)
    np.testing.assert_allclose(data[np.array([0])][0], np.rot90(PIXELS[0], -1) / 255, rtol=1e-6)


def test_a_changed_image_is_read_again(read, folder):
    read()
    Image.fromarray(255 - PIXELS[1]).save(folder / "b" / "0.png", compress_level=0)  # Another size in bytes.
    np.testing.assert_allclose(read()[np.array([0])][0], (255 - PIXELS[1]) / 255, rtol=1e-6)


def test_a_name_of_two_lines_is_told_in_one(read, folder):
    Image.new("RGB", (5, 5)).save(folder / "two\nlines.png")
    with pytest.raises(InputError, match=r"two\\nlines.png has 5 x 5 pixels and .*0.png 8 x 6; expected one size"):
        read()


def test_images_of_several_sizes_are_an_error_unless_they_are_resized(read, folder):
    Image.fromarray(PIXELS[0, :3]).save(folder / "d.png")
    with pytest.raises(InputError, match=r"d.png has 8 x 3 pixels and .*0.png 8 x 6; expected one size: set"):
        read()
    assert len(read(size=(6, 8))) == 4


def test_a_damaged_image_is_an_error(read, folder):
    content = (folder / "c.png").read_bytes()
    (folder / "c.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"c.png cannot be read .*; save it anew or remove it\.") as error:
        read()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"size": 64}, "size is 64"), ({"size": (0, 4)}, "size"), ({"size": (4, 4.0)}, "size")],
)
def test_bad_sizes_are_an_error(read, options, message):
    with pytest.raises(InputError, match=message):
        read(**options)


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(InputError, match="has no images; expected files that end in"):
        ImageFolder(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        ImageFolder(tmp_path / "none")


@pytest.mark.parametrize("pixels", [np.full((6, 8), 40_000, np.uint16), np.full((6, 8), 0.5, np.float32)])
def test_pixels_that_eight_bits_cannot_hold_are_an_error(read, folder, pixels):
    Image.fromarray(pixels).save(folder / "d.tiff")
    with pytest.raises(InputError, match=r"d.tiff has pixels of type .*expected 8 bits a channel") as error:
        read()
    assert "\n" not in str(error.value)


def test_a_copy_of_resized_images_hides_no_error(read, folder):
    Image.fromarray(PIXELS[0, :3]).save(folder / "d.png")
    assert len(read(size=(6, 8))) == 4
    with pytest.raises(InputError, match="expected one size"):
        read()


def test_other_formats_are_not_opened_whatever_their_name(read, folder):
    Image.fromarray(PIXELS[0]).save(folder / "d.eps")
    (folder / "d.eps").rename(folder / "d.png")
    with pytest.raises(InputError, match=r"d.png cannot be read .*UnidentifiedImageError"):
        read()


def test_the_gin_file_reads_a_folder(folder, tmp_path):
    config.load(
        ["base.gin", "data/image_folder.gin"],
        [f"ImageFolder.path = '{folder}'", f"ImageFolder.cache_dir = '{tmp_path}'", "num_data = 3"],
    )
    data = gin.get_bindings("train")["data"]
    assert (len(data), data.observation_shape) == (3, gin.query_parameter("%image_shape"))
