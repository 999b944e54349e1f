import gin
import numpy as np
import pytest
from PIL import Image

from disent_tf.data.backgrounds import texture
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.scream_dsprites import ScreamDSprites
from disent_tf.errors import InputError
from tests import tiny


@pytest.fixture
def picture(tmp_path):
    """A picture in a file, and its pixels from 0 to 1."""
    pixels = np.random.default_rng(0).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    return tmp_path / "picture.png", pixels / 255.0


def expected(pixels, sprites, random_state):
    """Images as disentanglement_lib makes them, one after the other."""
    images = np.repeat(sprites, 3, axis=3)
    for i in range(len(images)):
        top = random_state.randint(0, pixels.shape[0] - 16)
        left = random_state.randint(0, pixels.shape[1] - 16)
        background = (pixels[top : top + 16, left : left + 16] + random_state.uniform(0, 1, size=3)) / 2.0
        background[images[i] == 1] = 1 - background[images[i] == 1]
        images[i] = background
    return images


def test_images_are_those_of_disentanglement_lib(picture):
    path, pixels = picture
    factors = np.array([[1, 2, 3], [0, 0, 0], [1, 1, 1]])
    sprites = tiny.Squares().sample_observations_from_factors(factors, None)
    images = ScreamDSprites(tiny.Squares(), path).sample_observations_from_factors(factors, np.random.RandomState(7))
    np.testing.assert_allclose(images, expected(pixels, sprites, np.random.RandomState(7)), atol=1e-6)


def test_without_a_file_patches_are_those_of_the_texture():
    sprites = tiny.Squares()[np.array([9, 22])]
    images = ScreamDSprites(tiny.Squares()).decorate(sprites, np.random.RandomState(7))
    wanted = expected(texture().astype(np.float64), sprites, np.random.RandomState(7))
    np.testing.assert_allclose(images, wanted, atol=1e-6)


def test_the_feed_draws_patches_from_the_whole_picture_and_tints_apart(picture):
    path, pixels = picture
    rows = np.full(2000, 31)
    images = ScreamDSprites(tiny.Squares(), path).observe(rows, np.random.RandomState(7))
    assert images.shape == (2000, 16, 16, 3) and images.dtype == np.float32
    shape = tiny.Squares()[rows[:1]][0, ..., 0] == 1
    behind = np.where(shape[..., None], 1.0 - images, images)
    patches = np.lib.stride_tricks.sliding_window_view(pixels, (16, 16), axis=(0, 1))[:14, :34]
    patches = np.moveaxis(patches.reshape(-1, 3, 16, 16), 1, -1) / 2.0
    # Differences of neighbouring pixels tell a patch, whatever its tint; what is left is the tint.
    place = {np.round(each, 3).tobytes(): i for i, each in enumerate(patches[:, 0, 1] - patches[:, 0, 0])}
    found = np.array(
        [place[np.round(each.astype(np.float64), 3).tobytes()] for each in behind[:, 0, 1] - behind[:, 0, 0]]
    )
    tints = 2.0 * (behind - patches[found])
    np.testing.assert_allclose(tints, np.broadcast_to(tints[:, :1, :1], tints.shape), atol=1e-5)
    tints = tints[:, 0, 0]
    np.testing.assert_allclose(np.quantile(tints, [0, 0.5, 1], axis=0).T, [[0, 0.5, 1]] * 3, atol=0.04)
    np.testing.assert_allclose(np.corrcoef(tints.T), np.eye(3), atol=0.08)
    top, left = np.divmod(found, 34)
    assert np.bincount(top).size == 14 and np.bincount(top).min() > 90
    assert np.bincount(left).size == 34 and np.bincount(left).min() > 25


@pytest.mark.parametrize("grey", [0.0, 0.25, 1.0])
def test_a_grey_shape_inverts_in_part(grey):
    data, sprites = ScreamDSprites(tiny.Squares()), tiny.Squares()[np.array([31])]
    behind = data.decorate(np.zeros_like(sprites), np.random.RandomState(1))
    images = data.decorate(grey * sprites, np.random.RandomState(1))
    np.testing.assert_allclose(images, np.where(sprites == 1, np.abs(behind - grey), behind), atol=1e-6)


def test_a_shape_inverts_what_is_behind_it():
    data = ScreamDSprites(tiny.Squares())
    sprites = tiny.Squares()[np.array([31])]
    shape = sprites[0, ..., 0] == 1
    behind = data.decorate(np.zeros_like(sprites), np.random.RandomState(1))[0]
    image = data.decorate(sprites, np.random.RandomState(1))[0]
    np.testing.assert_array_equal(image[~shape], behind[~shape])
    np.testing.assert_allclose(image[shape], 1 - behind[shape], atol=1e-7)


def test_gin_names_the_picture(picture):
    path, pixels = picture
    gin.parse_config(f"ScreamDSprites.data = @Squares()\nScreamDSprites.path = '{path}'\ndata = @ScreamDSprites()")
    sprites = tiny.Squares()[np.array([3])]
    images = gin.query_parameter("%data").scoped_configurable_fn().decorate(sprites, np.random.RandomState(0))
    wanted = expected(pixels, sprites, np.random.RandomState(0))
    np.testing.assert_allclose(images, wanted, atol=1e-6)


def test_picture_that_cannot_be_used_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"munch.jpg cannot be opened: No such file"):
        ScreamDSprites(tiny.Squares(), tmp_path / "munch.jpg")
    Image.fromarray(np.zeros((16, 99), np.uint8)).save(tmp_path / "narrow.png")
    with pytest.raises(InputError, match=r"narrow.png has 99 x 16 pixels .* expected more than 16 either way"):
        ScreamDSprites(tiny.Squares(), tmp_path / "narrow.png")


class Large(GroundTruthData):
    factor_names, factor_sizes, observation_shape = ("a",), (2,), (300, 300, 1)

    def __getitem__(self, indices):
        return np.zeros((len(indices), *self.observation_shape), np.float32)


def test_images_larger_than_the_texture_are_an_error():
    with pytest.raises(InputError, match=r"ScreamDSprites.data has images of 300 x 300 pixels; .* 274 x 350"):
        ScreamDSprites(Large())
