import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from disent_tf.data.shapes2d import Shapes2D, distinct_shapes2d
from disent_tf.errors import InputError
from tests import tiny


@pytest.fixture(scope="module")
def data():
    return Shapes2D()


@pytest.fixture(scope="module")
def distinct(data):
    return distinct_shapes2d(data)


def drawn(shape, x, y, scale, rotation):
    """One image, drawn as the paper's generator describes it."""
    image, r = Image.new("L", (128, 128)), scale + 8
    draw = ImageDraw.Draw(image)
    if shape == 0:
        draw.rectangle([64 - r, 64 - r, 64 + r, 64 + r], fill="white")
    elif shape == 1:
        draw.ellipse([64 - r // 2, 64 - r, 64 + r // 2, 64 + r], fill="white")
    else:
        corners = [(math.sqrt(3) / 2, 0.5), (0, -1), (-math.sqrt(3) / 2, 0.5)]
        draw.polygon([(64 + r * a, 64 + r * b) for a, b in corners], fill="white")
    image = image.rotate(3 * rotation, Image.Resampling.BICUBIC, expand=True)
    left, top = image.size[0] // 2 - 24 - x, image.size[1] // 2 - 24 - y
    return np.asarray(image.crop((left, top, left + 64, top + 64))) >= 127.5


def centre(image):
    return np.array([indices.mean() for indices in np.nonzero(image[..., 0])])


def test_images_are_those_of_the_generator(data):
    rows = np.random.default_rng(0).integers(len(data), size=60)
    expected = np.stack([drawn(*factors) for factors in data.indices_to_factors(rows)])
    np.testing.assert_array_equal(data[rows][..., 0], expected)


def test_there_are_as_many_distinct_images_as_the_authors_found(data, distinct):
    assert len(distinct) == 267_021
    np.testing.assert_array_equal(np.bincount(distinct.factor_table[:, 0]), 3 * [89_007])


def test_all_are_distinct(data, distinct):
    few = np.flatnonzero((distinct.factor_table[:, 1:4] < [2, 2, 6]).all(axis=1))  # Next positions, where most repeat.
    packed = np.packbits(distinct[few].reshape(len(few), -1).astype(bool), axis=1)
    assert len(np.unique(packed, axis=0)) == len(few) > 3 * 4 * 300


def test_what_is_left_out_of_squares_is_there_already(data, distinct):
    left_out = np.setdiff1d(np.arange(92_160), distinct.rows)
    some = np.random.default_rng(0).choice(left_out, 5, replace=False)
    for row in some:
        image, (_, x, y, scale, _) = data[np.array([row])][0], data.indices_to_factors(np.array([row]))[0]
        near = _neighbours(data, x, y, scale)
        kept = np.intersect1d(near, distinct.rows)
        assert (data[kept] == image).all(axis=(1, 2, 3)).any()


def _neighbours(data, x, y, scale):
    positions = [(a, b) for a in range(x - 1, x + 2) for b in range(y - 1, y + 2) if 0 <= a < 16 and 0 <= b < 16]
    return data.factors_to_indices([(0, a, b, scale, rotation) for a, b in positions for rotation in range(60)])


@pytest.mark.parametrize("shape", range(3))
def test_factors_move_grow_and_turn_the_shape(data, shape):
    first, right, below, larger = data[
        data.factors_to_indices([(shape, 3, 3, 1, 7), (shape, 8, 3, 1, 7), (shape, 3, 10, 1, 7), (shape, 3, 3, 4, 7)])
    ]
    np.testing.assert_allclose(centre(right) - centre(first), [0, 5])
    np.testing.assert_allclose(centre(below) - centre(first), [7, 0])
    assert larger.sum() > 1.5 * first.sum()


def test_rotation_is_counter_clockwise(data):
    upright, tilted = data[data.factors_to_indices([(1, 8, 8, 5, 0), (1, 8, 8, 5, 10)])][..., 0]
    assert np.ptp(np.nonzero(upright)[0]) > np.ptp(np.nonzero(upright)[1])  # Taller than wide.
    y, x = np.nonzero(tilted)
    assert np.corrcoef(x, y)[0, 1] > 0.3  # Its top leans to the left, and y points down.


def test_the_choice_depends_on_the_seed_alone(data, distinct):
    np.testing.assert_array_equal(distinct_shapes2d(data).rows, distinct.rows)
    other = distinct_shapes2d(data, seed=1)
    assert len(other) == len(distinct)
    assert (other.rows != distinct.rows).any()
    with pytest.raises(InputError):
        distinct_shapes2d(data, seed=-1)


@pytest.mark.parametrize("other", [Shapes2D, 3, tiny.Squares()], ids=["class", "number", "other data"])
def test_rows_are_not_taken_of_other_data(other):
    with pytest.raises(
        InputError, match=r"distinct_shapes2d.data is .*; expected a Shapes2D, written as 'dist.*D\(\)'"
    ):
        distinct_shapes2d(other)
