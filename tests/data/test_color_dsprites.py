import numpy as np

from disent_tf.data.color_dsprites import ColorDSprites
from tests import tiny


def test_shapes_have_one_light_colour_each_on_black():
    data = ColorDSprites(tiny.Squares())
    factors, images = data.sample(500, np.random.RandomState(0))
    shapes = tiny.Squares().sample_observations_from_factors(factors, None)[..., 0] == 1
    colours = images.max(axis=(1, 2))
    np.testing.assert_array_equal(images, np.where(shapes[..., None], colours[:, None, None], 0))
    assert colours.min() >= 0.5
    np.testing.assert_allclose(colours.mean(axis=0), 0.75, atol=0.03)
    np.testing.assert_allclose(np.corrcoef(colours.T), np.eye(3), atol=0.15)  # Channels are independent.


def test_images_are_those_of_disentanglement_lib():
    factors = np.array([[1, 2, 3], [0, 0, 0]])
    images = ColorDSprites(tiny.Squares()).sample_observations_from_factors(factors, np.random.RandomState(7))
    shapes = tiny.Squares().sample_observations_from_factors(factors, None)
    colours = np.random.RandomState(7).uniform(0.5, 1, [2, 1, 1, 3])
    np.testing.assert_allclose(images, np.tile(shapes, 3) * colours, atol=1e-7)


def test_colour_says_nothing_of_the_shape():
    data = ColorDSprites(tiny.Squares())
    colours = [
        data.sample_observations_from_factors(np.tile(factors, (300, 1)), np.random.RandomState(0)).max(axis=(1, 2))
        for factors in ([0, 0, 0], [1, 3, 3])
    ]
    np.testing.assert_array_equal(*colours)
