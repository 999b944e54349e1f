import numpy as np

from disent_tf.data.noisy_dsprites import NoisyDSprites
from tests import tiny


def test_shapes_are_white_on_noise_of_every_pixel_and_channel():
    factors, images = NoisyDSprites(tiny.Squares()).sample(200, np.random.RandomState(0))
    shapes = tiny.Squares().sample_observations_from_factors(factors, None)[..., 0] == 1
    assert (images[shapes] == 1.0).all()
    noise = images[~shapes]
    np.testing.assert_allclose(np.quantile(noise, [0, 0.25, 0.5, 0.75, 1]), [0, 0.25, 0.5, 0.75, 1], atol=0.01)
    np.testing.assert_allclose(np.corrcoef(noise.T), np.eye(3), atol=0.03)
    neighbours = images[:, 6:8, 15].reshape(200, -1)
    assert np.abs(np.corrcoef(neighbours.T) - np.eye(6)).max() < 0.4


def test_images_are_those_of_disentanglement_lib():
    factors = np.array([[1, 2, 3], [0, 0, 0]])
    images = NoisyDSprites(tiny.Squares()).sample_observations_from_factors(factors, np.random.RandomState(7))
    shapes = tiny.Squares().sample_observations_from_factors(factors, None)
    noise = np.random.RandomState(7).uniform(0, 1, [2, 16, 16, 3])
    np.testing.assert_allclose(images, np.minimum(shapes + noise, 1.0), atol=1e-7)
