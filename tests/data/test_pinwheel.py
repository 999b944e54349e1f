import math
import random

import numpy as np
import pytest

from disent_tf.data.pinwheel import Pinwheel
from disent_tf.errors import InputError


def everything(data):
    """The points of each class, `[num_classes, num_per_class, 2]`."""
    return data[np.arange(len(data))].reshape(*data.factor_sizes, 2)


def one_by_one(radial_std, tangential_std, num_classes, num_per_class, rate, seed):
    """The definition, a number at a time."""
    rng = np.random.default_rng(seed)
    points = []
    for c in range(num_classes):
        for _ in range(num_per_class):
            a = rng.standard_normal() * tangential_std + 1
            b = rng.standard_normal() * radial_std
            angle = 2 * math.pi * c / num_classes + rate * math.exp(a)
            rotation = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
            points.append([a * rotation[0][j] + b * rotation[1][j] for j in range(2)])
    return points


@pytest.mark.parametrize("settings", [(0.1, 0.3, 4, 100, 0.25, 0), (0.3, 0.2, 3, 17, -0.4, 5)])
def test_points_are_those_of_the_definition(settings):
    data = Pinwheel(*settings)
    points = data[np.arange(len(data))]
    assert points.dtype == np.float32
    np.testing.assert_allclose(points, one_by_one(*settings), rtol=0, atol=5e-7)


def test_describes_the_grid():
    data = Pinwheel(num_classes=3, num_per_class=5)
    assert (data.factor_names, data.factor_sizes) == (("class", "point"), (3, 5))
    assert (len(data), data.observation_shape) == (15, (2,))
    np.testing.assert_array_equal(data[np.array([7])][0], everything(data)[1, 2])


def test_arms_are_apart_and_bent_by_their_radius():
    points = everything(Pinwheel())[..., 0] + 1j * everything(Pinwheel())[..., 1]
    # A row vector is turned clockwise; turned back, arm c is in direction 2π c / 4. Only near the centre do arms meet.
    straight = points.conj() * np.exp(-0.25j * np.exp(np.abs(points)))
    away = np.abs(points) > 0.5
    assert away.mean() > 0.9
    for c in range(4):
        off = np.abs(np.angle(straight[c, away[c]] * np.exp(-0.5j * np.pi * c)))
        assert off.max() < np.pi / 4  # Nearer to its own arm than to another one.
        assert off.mean() < 0.15


def test_arms_are_straight_without_a_rate():
    points = everything(Pinwheel(radial_std=1e-9, num_classes=4, rate=0))
    np.testing.assert_allclose(points[0][:, 1], 0, atol=1e-6)
    np.testing.assert_allclose(points[1][:, 0], 0, atol=1e-6)
    assert (points[1][:, 1] < 0).mean() > 0.9  # The second arm points down.


def test_tangential_std_is_along_an_arm():
    first, _ = everything(Pinwheel(0.1, 0.3, num_classes=2, num_per_class=20_000, rate=0))
    np.testing.assert_allclose(first.mean(axis=0), [1, 0], atol=0.01)
    np.testing.assert_allclose(first.std(axis=0), [0.3, 0.1], rtol=0.03)


def test_seed_determines_the_points():
    first, again, other = (everything(Pinwheel(seed=seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).all(axis=-1).any()


def test_points_do_not_come_from_global_generators():
    before = everything(Pinwheel())
    np.random.seed(7)  # noqa: NPY002
    random.seed(7)
    np.testing.assert_array_equal(everything(Pinwheel()), before)


def test_an_epoch_has_every_point_once():
    data = Pinwheel()
    feed = data.dataset(100, seed=0)
    epoch = np.concatenate(list(feed.take(4).as_numpy_iterator()))
    assert feed.element_spec.shape == (100, 2)
    assert sorted(epoch.tolist()) == sorted(data[np.arange(400)].tolist())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"radial_std": 0.0}, "Pinwheel.radial_std is 0.0; expected a number above 0"),
        ({"tangential_std": "wide"}, "Pinwheel.tangential_std is 'wide'; expected a number above 0"),
        ({"num_classes": 0}, "Pinwheel.num_classes is 0; expected an integer of at least 1"),
        ({"num_per_class": 1.5}, "Pinwheel.num_per_class is 1.5; expected an integer of at least 1"),
        ({"rate": math.inf}, "Pinwheel.rate is inf; expected a number, in radians; 0 for straight arms"),
        ({"rate": None}, "Pinwheel.rate is None; expected a number"),
        ({"seed": -1}, "seed is -1; expected an integer from 0"),
    ],
)
def test_parameter_that_cannot_be_is_an_error(parameters, message):
    with pytest.raises(InputError, match=message):
        Pinwheel(**parameters)
