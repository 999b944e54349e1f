import numpy as np
import pytest

from disent_tf.data import dsprites_geometry as geometry

SQUARE, ELLIPSE, HEART = range(3)


def test_equals_the_real_images(golden):
    images, classes, _ = golden
    wrong_pixels = (geometry.render(classes) != images).sum(axis=(1, 2))
    # One pixel in 9 of 603: those 9 are all the misses among 65,153 distinct real images.
    assert np.bincount(wrong_pixels).tolist() == [594, 9]


def test_no_vertex_is_so_near_a_rounding_border_that_another_sine_could_move_it():
    for pose in np.ndindex(geometry.FACTOR_SIZES[:3]):
        for axis in geometry._vertices(*pose):
            assert np.abs(axis - np.floor(axis) - 0.5).min() > 1e-7


def test_square_is_where_the_geometry_says():
    image = geometry.render([[SQUARE, 0, 0, 0, 31]])[0]
    expected = np.zeros((64, 64), np.uint8)
    # Half side 4.8 about (x, y) = (16, 48): pixel centres from 11.5 to 20.5 and from 43.5 to 52.5.
    expected[43:53, 11:21] = 1
    np.testing.assert_array_equal(image, expected)
    assert image.dtype == np.uint8


def test_positions_move_right_and_down():
    start, right, down = geometry.render([[HEART, 3, 7, 0, 0], [HEART, 3, 7, 31, 0], [HEART, 3, 7, 0, 31]])
    np.testing.assert_array_equal(right, np.roll(start, 32, axis=1))
    np.testing.assert_array_equal(down, np.roll(start, 32, axis=0))
    assert start[:32, :32].any()


def test_orientation_turns_counter_clockwise():
    image = geometry.render([[ELLIPSE, 5, 5, 16, 16]])[0]
    row, column = np.nonzero(image)
    slope = np.polyfit(column, row, 1)[0]
    assert slope < -0.5  # Rows count downwards: an axis that rises to the right has a falling row.


def test_last_orientation_looks_like_the_first():
    first, last = geometry.render([[HEART, 2, 0, 5, 9], [HEART, 2, 39, 5, 9]])
    np.testing.assert_array_equal(first, last)


def test_heart_has_its_point_below_and_a_notch_above():
    image = geometry.render([[HEART, 5, 0, 0, 0]])[0]
    rows = np.flatnonzero(image.any(axis=1))
    assert image[rows[-1]].sum() <= 2
    top = np.flatnonzero(image[rows[0]])
    assert np.diff(top).max() > 1


def test_scale_is_the_side_of_the_square():
    images = geometry.render([[SQUARE, scale, 0, 0, 0] for scale in range(6)])
    side = np.sqrt(images.sum(axis=(1, 2)))
    np.testing.assert_allclose(side, 19.2 * np.linspace(0.5, 1, 6), atol=1)
    assert (np.diff(side) > 0).all()


@pytest.mark.parametrize("classes", [[3, 0, 0, 0, 0], [0, 6, 0, 0, 0], [0, 0, 40, 0, 0], [0, 0, 0, -1, 0]])
def test_class_out_of_range_is_an_error(classes):
    with pytest.raises(ValueError, match="invalid entry"):
        geometry.render([classes])
