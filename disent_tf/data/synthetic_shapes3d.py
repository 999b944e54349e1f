"""A room with an object in it, in the factors of 3D Shapes, ray by ray and without a file."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import gin
import numpy as np

from disent_tf.checks import check_positive
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError

_SIDE = 64
_SHAPES = ("cube", "cylinder", "sphere", "capsule")
_EYE = np.array([0.0, 1.7, -4.2])
_TARGET = np.array([0.0, 0.55, 0.0])
_FIELD_OF_VIEW = 0.85  # Half the picture's height at distance 1, in units of that distance.
_LIGHT = np.array([0.35, 0.8, -0.5]) / np.linalg.norm([0.35, 0.8, -0.5])
_ROOM = 2.6  # From the middle to the walls behind.
_MOST_DEGREES = 30.0
_RADIUS = 0.85


class _Surfaces(NamedTuple):
    """What each pixel shows, `[64, 64]`."""

    kind: np.ndarray  # 0 floor, 1 wall, 2 object.
    light: np.ndarray  # float32, from 0, black, to 1.


@gin.register
class SyntheticShapes3D(GroundTruthData):
    """Colour images of an object in a room, for every colour of floor, wall and object, scale, shape and view.

    Made after 3D Shapes, with its factors and their order, but not its images: simpler, drawn in a second, for tests
    and for trying out what needs colour. Hues go once around the circle, scales from 0.75 to 1.25, views from -30 to 30
    degrees around the room. Light falls from one side, so that shading tells shapes apart.

    Factors as in Burgess, Kim (2018), "3D Shapes Dataset".

    Args:
      factor_sizes: number of values of each factor, in the order of `factor_names`; of shapes there are at most 4, the
        first of cube, cylinder, sphere and capsule.

    Raises:
      InputError: `factor_sizes` cannot be used.
    """

    factor_names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    observation_shape = (_SIDE, _SIDE, 3)

    def __init__(self, factor_sizes: Sequence[int] = (10, 10, 10, 8, 4, 15)) -> None:
        if not isinstance(factor_sizes, list | tuple) or len(factor_sizes) != len(self.factor_names):
            raise InputError(
                f"SyntheticShapes3D.factor_sizes is {factor_sizes!r}; expected a number for each of "
                f"{', '.join(self.factor_names)}."
            )
        for name, size in zip(self.factor_names, factor_sizes, strict=True):
            check_positive(**{f"SyntheticShapes3D.factor_sizes of {name}": size})
        if factor_sizes[4] > len(_SHAPES):
            raise InputError(f"SyntheticShapes3D has {factor_sizes[4]} shapes; expected at most {len(_SHAPES)}.")
        self.factor_sizes = tuple(factor_sizes)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, 64, 64, 3]` in [0, 1]."""
        *hues, scale, shape, view = self.indices_to_factors(indices).T
        num_scales, num_shapes, num_views = self.factor_sizes[3:]
        kind, light = _scenes(num_scales, num_shapes, num_views)
        scene = (scale * num_shapes + shape) * num_views + view
        palettes = np.stack([_rgb(hue / size) for hue, size in zip(hues, self.factor_sizes, strict=False)], axis=1)
        places = kind[scene] + 3 * np.arange(len(scene))[:, None, None]
        images = np.take(palettes.reshape(-1, 3), places, axis=0)  # Twice as fast as indices for image and kind.
        images *= light[scene][..., None]
        return images


@functools.lru_cache(maxsize=1)
def _scenes(num_scales: int, num_shapes: int, num_views: int) -> _Surfaces:
    """Returns the surfaces of every scale, shape and view: kind uint8 and light float32, `[num_scenes, 64, 64]`."""
    scales = np.linspace(0.75, 1.25, num_scales)
    views = np.radians(np.linspace(-_MOST_DEGREES, _MOST_DEGREES, num_views))
    scenes = [_scene(_SHAPES[shape], scale, view) for scale in scales for shape in range(num_shapes) for view in views]
    return _Surfaces(*(np.stack(parts) for parts in zip(*scenes, strict=True)))


def _scene(shape: str, scale: float, view: float) -> _Surfaces:
    """Casts a ray through every pixel and keeps what it meets first."""
    origin, rays = _camera(view)
    floor = _first_hit(-origin[1] / rays[..., 1])
    walls = [_first_hit((_ROOM - origin[axis]) / rays[..., axis]) for axis in (0, 2)]
    walls.append(_first_hit((-_ROOM - origin[0]) / rays[..., 0]))
    distances = [floor, *walls]
    normals = [np.array(normal, float) for normal in ((0, 1, 0), (-1, 0, 0), (0, 0, -1), (1, 0, 0))]
    distance, normal = np.min(distances, axis=0), np.array(normals)[np.argmin(distances, axis=0)]
    kind = np.where(np.argmin(distances, axis=0) == 0, 0, 1).astype(np.uint8)
    to_object, object_normal = _SOLIDS[shape](origin, rays, _RADIUS * scale)
    nearer = to_object < distance
    kind[nearer], normal[nearer] = 2, object_normal[nearer]
    light = 0.45 + 0.55 * np.clip(normal @ _LIGHT, 0.0, 1.0)
    return _Surfaces(kind, light.astype(np.float32))


def _camera(view: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns where the eye is, `[3]`, and the direction of the ray through every pixel, `[64, 64, 3]`."""
    turn = np.array([[np.cos(view), 0, np.sin(view)], [0, 1, 0], [-np.sin(view), 0, np.cos(view)]])
    eye = turn @ _EYE
    ahead = (_TARGET - eye) / np.linalg.norm(_TARGET - eye)
    right = np.cross([0.0, 1.0, 0.0], ahead)
    right /= np.linalg.norm(right)
    up = np.cross(ahead, right)
    steps = _FIELD_OF_VIEW * ((np.arange(_SIDE) + 0.5) / _SIDE * 2.0 - 1.0)
    rays = ahead + steps[None, :, None] * right - steps[:, None, None] * up
    return eye, rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def _first_hit(distance: np.ndarray) -> np.ndarray:
    return np.where(distance > 1e-6, distance, np.inf)


def _sphere(eye: np.ndarray, rays: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    return _ball(eye, rays, np.array([0.0, radius, 0.0]), radius)


def _ball(eye: np.ndarray, rays: np.ndarray, centre: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    towards = eye - centre
    half = rays @ towards
    discriminant = half**2 - (towards @ towards - radius**2)
    distance = _first_hit(np.where(discriminant >= 0, -half - np.sqrt(np.maximum(discriminant, 0)), np.inf))
    return distance, _normals(eye, rays, distance, lambda points: (points - centre) / radius)


def _cube(eye: np.ndarray, rays: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    half = 0.85 * radius
    low, high = np.array([-half, 0.0, -half]), np.array([half, 2 * half, half])
    first, second = (low - eye) / rays, (high - eye) / rays
    entry, leaving = np.minimum(first, second).max(axis=-1), np.maximum(first, second).min(axis=-1)
    distance = _first_hit(np.where(entry <= leaving, entry, np.inf))
    axis = np.minimum(first, second).argmax(axis=-1)
    normal = -np.sign(np.take_along_axis(rays, axis[..., None], axis=-1)) * np.eye(3)[axis]
    return distance, normal


def _cylinder(eye: np.ndarray, rays: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    wide, tall = 0.8 * radius, 2.0 * radius
    side = _tube(eye, rays, wide, 0.0, tall)
    top = _first_hit((tall - eye[1]) / rays[..., 1])
    point = eye + np.where(np.isfinite(top), top, 0.0)[..., None] * rays
    top = np.where(np.hypot(point[..., 0], point[..., 2]) <= wide, top, np.inf)
    normal = _normals(eye, rays, side, lambda points: points * [1, 0, 1] / wide)
    return np.minimum(side, top), np.where((top < side)[..., None], [0.0, 1.0, 0.0], normal)


def _capsule(eye: np.ndarray, rays: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    wide, tall = 0.6 * radius, 2.4 * radius
    parts = [_ball(eye, rays, np.array([0.0, height, 0.0]), wide) for height in (wide, tall - wide)]
    side = _tube(eye, rays, wide, wide, tall - wide)
    parts.append((side, _normals(eye, rays, side, lambda points: points * [1, 0, 1] / wide)))
    distances = np.stack([distance for distance, _ in parts])
    nearest = distances.argmin(axis=0)
    normals = np.stack([normal for _, normal in parts])
    return distances.min(axis=0), np.take_along_axis(normals, nearest[None, ..., None], axis=0)[0]


def _tube(eye: np.ndarray, rays: np.ndarray, radius: float, low: float, high: float) -> np.ndarray:
    """Returns the distance to an upright tube without ends."""
    flat, start = rays[..., [0, 2]], eye[[0, 2]]
    squared, half = (flat**2).sum(axis=-1), flat @ start
    discriminant = half**2 - squared * (start @ start - radius**2)
    distance = _first_hit(np.where(discriminant >= 0, (-half - np.sqrt(np.maximum(discriminant, 0))) / squared, np.inf))
    height = eye[1] + np.where(np.isfinite(distance), distance, 0.0) * rays[..., 1]
    return np.where((height >= low) & (height <= high), distance, np.inf)


def _normals(
    eye: np.ndarray, rays: np.ndarray, distance: np.ndarray, of_points: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    return of_points(eye + np.where(np.isfinite(distance), distance, 0.0)[..., None] * rays)


_SOLIDS = {"cube": _cube, "cylinder": _cylinder, "sphere": _sphere, "capsule": _capsule}


def _rgb(hue: np.ndarray) -> np.ndarray:
    """Returns light colours, float32 `[num, 3]`, of hues `[num]` from 0 to 1, once around the circle."""
    phase = (hue[:, None] * 6.0 + np.array([0.0, 4.0, 2.0])) % 6.0
    return (0.15 + 0.85 * np.clip(np.abs(phase - 3.0) - 1.0, 0.0, 1.0)).astype(np.float32)
