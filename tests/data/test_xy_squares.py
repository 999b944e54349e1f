import numpy as np
import pytest

from disent_tf.data.xy_squares import XYSquares
from disent_tf.errors import InputError


def image(data, *factors):
    return data[data.factors_to_indices([factors])][0]


def test_every_square_is_where_its_factors_say():
    picture = image(XYSquares(), 1, 2, 3, 0, 7, 7)
    for channel, (x, y) in enumerate([(1, 2), (3, 0), (7, 7)]):
        expected = np.zeros((64, 64))
        expected[8 * y : 8 * y + 8, 8 * x : 8 * x + 8] = 1
        np.testing.assert_array_equal(picture[..., channel], expected)


def test_colours_add_up_where_squares_meet():
    picture = image(XYSquares(), 5, 5, 5, 5, 0, 0)
    np.testing.assert_array_equal(picture[44, 44], [1, 1, 0])
    np.testing.assert_array_equal(picture[0, 0], [0, 0, 1])


def test_images_are_equally_far_apart_however_far_the_factors():
    data = XYSquares(num_squares=1)
    near, far = (np.abs(image(data, 0, 0) - image(data, *place)).sum() for place in ((1, 0), (7, 7)))
    assert near == far == 2 * 64


def test_size():
    data = XYSquares()
    assert (len(data), data.observation_shape) == (262_144, (64, 64, 3))
    assert data.factor_names == ("x_red", "y_red", "x_green", "y_green", "x_blue", "y_blue")
    small = XYSquares(2, 4, 3)
    assert (len(small), small.observation_shape, small.factor_sizes) == (256, (12, 12, 3), (4, 4, 4, 4))
    assert len(np.unique(small[np.arange(256)].reshape(256, -1), axis=0)) == 256


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4,), "num_squares is 4"),
        ((True,), "num_squares is True"),
        ((2.0,), r"num_squares is 2\.0"),
        ((1, 0), "num_places"),
        ((1, 2, 0), "square_side"),
    ],
)
def test_bad_arguments_are_told(arguments, message):
    with pytest.raises(InputError, match=message):
        XYSquares(*arguments)
