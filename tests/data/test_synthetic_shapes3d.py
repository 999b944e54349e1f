import numpy as np
import pytest

from disent_tf.data.synthetic_shapes3d import SyntheticShapes3D
from disent_tf.errors import InputError

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


def _box(points, radius):
    beyond = np.abs(points - [0, 0.85 * radius, 0]) - 0.85 * radius
    return np.linalg.norm(np.maximum(beyond, 0), axis=-1) + np.minimum(beyond.max(axis=-1), 0)


def _upright(points, low, high):
    """Distance to an upright segment."""
    nearest = np.clip(points[..., 1:2], low, high) * [0, 1, 0]
    return np.linalg.norm(points - nearest, axis=-1)


DISTANCES = {  # From points to the surface of each solid, which stands on the floor.
    "cube": _box,
    "cylinder": lambda p, r: np.maximum(np.hypot(p[..., 0], p[..., 2]) - 0.8 * r, np.abs(p[..., 1] - r) - r),
    "sphere": lambda p, r: _upright(p, r, r) - r,
    "capsule": lambda p, r: _upright(p, 0.6 * r, 1.8 * r) - 0.6 * r,
}


def _marched(shape, radius, view):
    """Returns the light of every pixel, found by steps along each ray as long as nothing is near."""

    def distance(p):
        room = np.minimum.reduce([p[..., 1], 2.6 - p[..., 0], 2.6 + p[..., 0], 2.6 - p[..., 2]])
        return np.minimum(room, DISTANCES[shape](p, radius))

    eye = np.array([-4.2 * np.sin(view), 1.7, -4.2 * np.cos(view)])
    tilt = np.arctan2(1.7 - 0.55, 4.2)  # Down, to the target.
    ahead = np.array([np.sin(view) * np.cos(tilt), -np.sin(tilt), np.cos(view) * np.cos(tilt)])
    up = np.array([np.sin(view) * np.sin(tilt), np.cos(tilt), np.cos(view) * np.sin(tilt)])
    right = np.array([np.cos(view), 0, -np.sin(view)])
    y, x = 0.85 * (np.mgrid[31.5:-32:-1, -31.5:32] / 32)
    rays = ahead + x[..., None] * right + y[..., None] * up
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    points = np.broadcast_to(eye, rays.shape)
    for _ in range(150):
        points = points + distance(points)[..., None] * rays
    steps = 1e-4 * np.eye(3)
    normals = np.stack([distance(points + step) - distance(points - step) for step in steps], axis=-1) / 2e-4
    return 0.45 + 0.55 * np.clip(normals @ (np.array([0.35, 0.8, -0.5]) / np.linalg.norm([0.35, 0.8, -0.5])), 0, 1)


@pytest.mark.parametrize("view", [0, 7, 10])
@pytest.mark.parametrize("shape", range(4))
def test_light_is_that_of_rays_marched_by_distance_functions(data, shape, view):
    image = data[data.factors_to_indices([[1, 4, 7, 4, shape, view]])][0].max(axis=-1)  # Of any hue at most 1.
    scale, angle = 0.75 + 4 * 0.5 / 7, np.radians(-30 + view * 60 / 14)
    expected = _marched(("cube", "cylinder", "sphere", "capsule")[shape], 0.85 * scale, angle)
    assert (np.abs(image - expected) > 0.01).mean() < 0.01  # All but some pixels on edges.


def test_sizes_can_be_chosen():
    data = SyntheticShapes3D(factor_sizes=[2, 1, 3, 2, 2, 1])
    assert (len(data), data.num_factors) == (24, 6)
    assert len(np.unique(data[np.arange(24)].reshape(24, -1), axis=0)) == 24


@pytest.mark.parametrize(
    ("sizes", "message"),
    [((2, 2), "floor_hue"), ((2, 2, 2, 2, 5, 2), "at most 4"), ((2, 2, 2, 0, 2, 2), "of scale is 0"), (6, "is 6;")],
)
def test_wrong_sizes_are_told(sizes, message):
    with pytest.raises(InputError, match=message):
        SyntheticShapes3D(factor_sizes=sizes)
