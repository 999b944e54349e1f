import numpy as np
import pytest

from disent_tf.data.synthetic_shapes3d import SyntheticShapes3D

START = [1, 4, 7, 4, 2, 5]
NAMES = SyntheticShapes3D.factor_names


@pytest.fixture(scope="module")
def data():
    return SyntheticShapes3D()


def along(data, name):
    """Returns the images of all values of a factor."""
    column = NAMES.index(name)
    factors = np.tile(START, (data.factor_sizes[column], 1))
    factors[:, column] = np.arange(len(factors))
    return data[data.factors_to_indices(factors)]


def object_of(data, images_of_hues):
    """Returns where the object is, bool `[64, 64]`: where its colour changes the image."""
    return (np.ptp(images_of_hues, axis=0) > 0).any(axis=-1)


def test_size_and_range(data):
    assert (len(data), data.observation_shape) == (480_000, (64, 64, 3))
    some = data[np.random.default_rng(0).integers(len(data), size=50)]
    assert (some.shape, some.dtype) == ((50, 64, 64, 3), np.float32)
    assert 0 <= some.min() < 0.2 < 0.8 < some.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_every_value_looks_different(data, name):
    images = along(data, name)
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_hues_change_floor_wall_and_object_alone_and_nothing_else(data):
    regions = [object_of(data, along(data, name)) for name in ("floor_hue", "wall_hue", "object_hue")]
    np.testing.assert_array_equal(np.sum(regions, axis=0), 1)  # Each pixel shows one of the three.
    floor, wall, thing = regions
    assert floor[-1].all()
    assert wall[0].all()
    assert thing[32, 32]
    assert 100 < thing.sum() < 1500


def test_a_larger_scale_covers_more(data):
    base = along(data, "object_hue")
    areas = []
    for scale in range(8):
        factors = np.tile(START, (10, 1))
        factors[:, 2], factors[:, 3] = np.arange(10), scale
        areas.append(object_of(data, data[data.factors_to_indices(factors)]).sum())
    assert areas[4] == object_of(data, base).sum()
    assert np.all(np.diff(areas) > 0)
    assert areas[-1] > 2 * areas[0]


def test_views_from_both_sides_mirror_each_other(data):
    first, *_, last = (object_of(data, images) for images in _hues_along_views(data))
    np.testing.assert_array_equal(first, last[:, ::-1])  # Of a sphere, whose light alone is not symmetric.


def _hues_along_views(data):
    for view in range(15):
        factors = np.tile(START, (10, 1))
        factors[:, 0], factors[:, 5] = np.arange(10), view
        yield data[data.factors_to_indices(factors)]


def test_a_sphere_is_lit_as_its_normals_say(data):
    sphere = object_of(data, along(data, "object_hue"))
    image = data[data.factors_to_indices([START])][0].max(axis=-1)
    lit = image * sphere
    rows = np.flatnonzero(sphere.any(axis=1))
    upper, lower = (lit[row].sum() / sphere[row].sum() for row in (rows[1], rows[-2]))
    assert upper > 1.2 * lower  # The light comes from above.
