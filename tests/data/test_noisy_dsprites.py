import numpy as np
import pytest

from disent_tf.data.noisy_dsprites import NoisyDSprites
from tests import tiny


def sampled(data, num):
    """Images in the order of disentanglement_lib, and the rows that they show."""
    factors, images = data.sample(num, np.random.RandomState(0))
    return data.factors_to_indices(factors), images


def observed(data, num):
    """Images as the feed has them, and the rows that they show."""
    rows = np.random.RandomState(1).randint(len(data), size=num)
    return rows, data.observe(rows, np.random.RandomState(0))


@pytest.mark.parametrize("drawn", [sampled, observed])
def test_shapes_are_white_on_noise_of_every_pixel_and_channel(drawn):
    rows, images = drawn(NoisyDSprites(tiny.Squares()), 200)
    assert images.shape == (200, 16, 16, 3) and images.dtype == np.float32
    shapes = tiny.Squares()[rows][..., 0] == 1
    assert (images[shapes] == 1.0).all()
    noise = images[~shapes]
    np.testing.assert_allclose(np.quantile(noise, [0, 0.25, 0.5, 0.75, 1]), [0, 0.25, 0.5, 0.75, 1], atol=0.01)
    np.testing.assert_allclose(np.corrcoef(noise.T), np.eye(3), atol=0.03)
    neighbours = images[:, 6:8, 15].reshape(200, -1)
    assert np.abs(np.corrcoef(neighbours.T) - np.eye(6)).max() < 0.4


def test_the_feeds_noise_is_a_function_of_the_random_state():
    data, rows = NoisyDSprites(tiny.Squares()), np.array([3, 3])
    images = data.observe(rows, np.random.RandomState(5))
    np.testing.assert_array_equal(images, data.observe(rows, np.random.RandomState(5)))
    assert np.abs(images[0] - images[1]).max() > 0.5
    assert np.abs(images - data.observe(rows, np.random.RandomState(6))).max() > 0.5


def test_images_are_those_of_disentanglement_lib():
    factors = np.array([[1, 2, 3], [0, 0, 0]])
    images = NoisyDSprites(tiny.Squares()).sample_observations_from_factors(factors, np.random.RandomState(7))
    shapes = tiny.Squares().sample_observations_from_factors(factors, None)
    noise = np.random.RandomState(7).uniform(0, 1, [2, 16, 16, 3])
    np.testing.assert_allclose(images, np.minimum(shapes + noise, 1.0), atol=1e-7)
