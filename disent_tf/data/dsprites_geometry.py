"""dSprites drawn from its geometry, so that the set needs no download.

The geometry was recovered from real images of Matthey et al. (2017), "dSprites: Disentanglement testing Sprites
dataset": of 65,153 distinct real images all but 9 come out bit for bit, and those 9 differ in one pixel.

Lengths are in pixels of a 64 x 64 canvas, y pointing down; the pixel in row r and column c has its centre at
x = c + .5, y = r + .5.
"""

import numpy as np

FACTOR_NAMES = ("shape", "scale", "orientation", "position_x", "position_y")
FACTOR_SIZES = (3, 6, 40, 32, 32)
SIDE = 64
PACKED_BYTES = SIDE * SIDE // 8
NUM_IMAGES = int(np.prod(FACTOR_SIZES))

_RADIUS = 0.15 * SIDE
_SCALES = np.linspace(0.5, 1.0, 6)
_ORIENTATIONS = np.linspace(0.0, 2.0 * np.pi, 40)  # Both ends: the last orientation looks like the first.
_CENTRES = 16.0 + 32.0 * np.linspace(0.0, 1.0, 32)

# The original's rasteriser kept vertices in 1/256 px. In this unit everything below is an integer, hence exact.
_UNIT = 256
_PIXEL_CENTRES = _UNIT * np.arange(SIDE) + _UNIT // 2

# A row of pixels is one word, column 0 its highest bit; as a big-endian word its bytes are those of np.packbits.
_PACKED_ROW = np.dtype(">u8")
# _FROM[c] has columns c, ..., 63 of a row on.
_FROM = np.append(np.uint64(2**64 - 1) >> np.arange(SIDE, dtype=np.uint64), np.uint64(0))


def _square() -> tuple[np.ndarray, np.ndarray]:
    return _RADIUS * np.array([-1.0, 1.0, 1.0, -1.0]), _RADIUS * np.array([-1.0, -1.0, 1.0, 1.0])


def _ellipse() -> tuple[np.ndarray, np.ndarray]:
    t = 2.0 * np.pi * np.arange(100) / 100
    return 1.33 * _RADIUS * np.cos(t), _RADIUS / 1.33 * np.sin(t)


def _heart() -> tuple[np.ndarray, np.ndarray]:
    t = 2.0 * np.pi * np.arange(150) / 150
    height = (13.0 * np.cos(t) - 5.0 * np.cos(2 * t) - 2.0 * np.cos(3 * t) - np.cos(4 * t)) / 14.5 + 0.15
    return _RADIUS * np.sin(t) ** 3, -_RADIUS * height


_OUTLINES = (_square(), _ellipse(), _heart())


def _vertices(shape: int, scale: int, orientation: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns x and y of a pose's vertices at each of the 32 centres, float64 `[32, num_vertices]`, in 1/256 px.

    No value is within 1e-9 of half an integer, so that rounding them gives the same integers whatever the last bits
    of the platform's sine and cosine are.
    """
    u, v = (_SCALES[scale] * axis for axis in _OUTLINES[shape])
    cos, sin = np.cos(_ORIENTATIONS[orientation]), np.sin(_ORIENTATIONS[orientation])
    x, y = u * cos + v * sin, v * cos - u * sin
    return _UNIT * (x + _CENTRES[:, None]), _UNIT * (y + _CENTRES[:, None])


def _render_pose(shape: int, scale: int, orientation: int) -> np.ndarray:
    """Draws one pose at all positions: uint64 `[32 x, 32 y, 64 rows]`, one word per row of pixels.

    A pixel is on where its centre is inside the polygon by the even-odd rule: every crossing of a row with an edge
    flips the row's pixels from there to its right end. Which edges cross a row depends on the y position alone.
    """
    x, y = (np.floor(axis + 0.5).astype(np.int64) for axis in _vertices(shape, scale, orientation))
    below = y[:, None, :] >= _PIXEL_CENTRES[:, None]
    position_y, row, end = np.nonzero(below != np.roll(below, 1, axis=-1))
    run = y[position_y, end] - y[position_y, end - 1]
    fall = _PIXEL_CENTRES[row] - y[position_y, end - 1]
    # The first pixel centre at or right of the crossing. A quotient of integers this small is never rounded to a
    # whole number that it does not equal, so floating-point division keeps the ceiling exact.
    numerator = (x[:, end - 1] - _UNIT // 2) * run + (x[:, end] - x[:, end - 1]) * fall
    column = np.ceil(numerator / (_UNIT * run)).astype(np.int64)
    first = np.flatnonzero(np.diff(position_y * SIDE + row, prepend=-1))
    images = np.zeros((len(_CENTRES), len(_CENTRES), SIDE), np.uint64)
    images[:, position_y[first], row[first]] = np.bitwise_xor.reduceat(_FROM[column], first, axis=1)
    return images


def render(classes: np.ndarray) -> np.ndarray:
    """Draws images by their factors.

    Args:
      classes: int `[num, 5]`, indices of the values of `FACTOR_NAMES`, each below its entry of `FACTOR_SIZES`.

    Returns:
      uint8 `[num, 64, 64]` in {0, 1}.

    Raises:
      ValueError: a class is out of range.
    """
    indices = np.ravel_multi_index(tuple(np.asarray(classes, np.int64).T), FACTOR_SIZES)
    pose, position = np.divmod(indices, len(_CENTRES) ** 2)
    rows = np.empty((len(indices), SIDE), _PACKED_ROW)
    for one in np.unique(pose):
        images = _render_pose(*np.unravel_index(one, FACTOR_SIZES[:3])).reshape(-1, SIDE)
        rows[pose == one] = images[position[pose == one]]
    return np.unpackbits(rows.view(np.uint8), axis=1).reshape(-1, SIDE, SIDE)


def render_all() -> np.ndarray:
    """Draws the whole set in C order of `FACTOR_SIZES`, one bit per pixel.

    Returns:
      uint8 `[737280, 512]`: every row is `np.packbits` of the 64 x 64 pixels of an image, row by row.
    """
    rows = np.empty((*FACTOR_SIZES, SIDE), _PACKED_ROW)
    for pose in np.ndindex(FACTOR_SIZES[:3]):
        rows[pose] = _render_pose(*pose)
    return rows.view(np.uint8).reshape(NUM_IMAGES, PACKED_BYTES)
