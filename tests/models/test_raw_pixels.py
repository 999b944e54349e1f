import numpy as np

from disent_tf.models import RawPixels
from tests import tiny


def test_codes_are_pixels_row_by_row():
    model = RawPixels(tiny.IMAGE_SHAPE)
    codes = model.encode(tiny.images()).mean().numpy()
    assert model.latent_dim == 256
    np.testing.assert_array_equal(codes, tiny.images().reshape(8, -1))
    np.testing.assert_array_equal(model.reconstruct(tiny.images()), tiny.images())


def test_points_are_their_own_codes():
    points = np.array([[0.5, 1.0], [0.0, 0.25]], np.float32)
    np.testing.assert_array_equal(RawPixels((2,)).encode(points).mean(), points)
