import numpy as np
import pytest

from disent_tf.models import VAE
from disent_tf.visualization.arrays import grid, kl_per_dimension, traversals
from tests import tiny


@pytest.fixture
def model():
    return VAE(**tiny.networks())


def test_kl_is_the_closed_form(model):
    mean, log_var = np.split(model.encoder(tiny.images()).numpy(), 2, axis=1)
    expected = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).mean(axis=0)
    np.testing.assert_allclose(kl_per_dimension(model, tiny.images()), expected, rtol=1e-3, atol=1e-7)


def test_traversal_moves_one_dimension_at_a_time(model):
    code, values = np.array([0.1, 0.2, 0.3], np.float32), np.array([-2.0, 0.0, 2.0, 3.0])
    images = traversals(model, code, np.array([2, 0]), values)
    assert images.shape == (2, 4, *tiny.IMAGE_SHAPE)
    moved = np.array([[0.1, 0.2, 2.0], [3.0, 0.2, 0.3]], np.float32)
    decoded = model.decode(moved).mean().numpy()
    np.testing.assert_allclose(images[0, 2], decoded[0], atol=1e-6)
    np.testing.assert_allclose(images[1, 3], decoded[1], atol=1e-6)


def test_grid_places_images_row_by_row():
    images = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3, 1, 1, 1) * np.ones((2, 3, 4, 5, 1), np.float32)
    picture = grid(images, padding=1)
    assert picture.shape == (2 * 5 - 1, 3 * 6 - 1, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[0, ::6, 0], [0, 51, 102])
    np.testing.assert_array_equal(picture[5, ::6, 0], [153, 204, 255])
    assert (picture[4] == 128).all()


def test_grid_keeps_colour():
    images = np.zeros((1, 1, 2, 2, 3), np.float32)
    images[..., 1] = 1.0
    np.testing.assert_array_equal(grid(images, padding=0)[0, 0], [0, 255, 0])
