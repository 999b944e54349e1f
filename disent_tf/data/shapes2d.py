"""The white shapes of Peychev et al.: squares, ellipses and triangles in finer steps of rotation than dSprites."""

import functools
import math

import gin
import numpy as np
from PIL import Image, ImageDraw

from disent_tf.checks import check_seed
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.subset import Subset, subset
from disent_tf.errors import InputError

_SIDE = 64
_SHAPES = ("square", "ellipse", "triangle")
_NUM_POSITIONS, _NUM_SCALES, _NUM_ROTATIONS = 16, 6, 60
_FIRST_POSITION = (_SIDE - _NUM_POSITIONS) // 2  # Of the shape's centre, in pixels.
_FIRST_RADIUS = 8  # Pixels.
_DEGREES = 3  # Of a step of rotation: 60 steps are half a turn.
_CANVAS = 128
_WINDOW = _SIDE + _NUM_POSITIONS - 1  # What all positions of a shape see of its drawing.


@gin.register
class Shapes2D(GroundTruthData):
    """Binary 64 x 64 images of a square, an ellipse or a triangle at every position, scale and rotation.

    A square of half side r, an ellipse of half axes r / 2 (rounded down) and r, or an equilateral triangle of
    circumradius r, in pixels, is drawn, turned by bicubic interpolation, moved by whole pixels, and cut off at half
    white. Some combinations look the same, as a square and one that is turned by 90 degrees and moved by a pixel:
    `distinct_shapes2d` has each image once.

    Source: the generator of Peychev, Velikov, Dimov, Vlaev (2017), github.com/mpeychev/disentangled-autoencoders, drawn
    here from its description.
    """

    factor_names = ("shape", "position_x", "position_y", "scale", "rotation")
    factor_sizes = (len(_SHAPES), _NUM_POSITIONS, _NUM_POSITIONS, _NUM_SCALES, _NUM_ROTATIONS)
    observation_shape = (_SIDE, _SIDE, 1)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, 64, 64, 1]` in {0, 1}."""
        shape, x, y, scale, rotation = self.indices_to_factors(indices).T
        drawing = (shape * _NUM_SCALES + scale) * _NUM_ROTATIONS + rotation
        views = np.lib.stride_tricks.sliding_window_view(_drawings(), (_SIDE, _SIDE), axis=(1, 2))
        last = _NUM_POSITIONS - 1
        return views[drawing, last - y, last - x][..., None].astype(np.float32)


@gin.register
def distinct_shapes2d(data: Shapes2D, seed: int = 0) -> Subset:
    """Returns `data` with every image once, and of each shape as many: 267,021 images, as in the paper.

    Of 92,160 images of each shape 89,007 squares, 89,693 ellipses and all triangles are distinct; of the latter two as
    many are left as there are squares. Which, the authors draw anew in every run; here `seed` does.

    Args:
      data: a `Shapes2D`.
      seed: of the choice of ellipses and triangles.

    Raises:
      InputError: the seed cannot be used, or `data` is no `Shapes2D`.
    """
    if not isinstance(data, Shapes2D):
        raise InputError(
            f"distinct_shapes2d.data is {data!r}; expected a Shapes2D, written as "
            "'distinct_shapes2d.data = @Shapes2D()'."
        )
    check_seed(seed)
    random_state = np.random.RandomState(seed)
    rows = _distinct_rows()
    shapes = data.indices_to_factors(rows)[:, 0]
    num = np.bincount(shapes).min()
    chosen = [random_state.permutation(rows[shapes == shape])[:num] for shape in range(len(_SHAPES))]
    return subset(data, np.sort(np.concatenate(chosen)))


@functools.lru_cache(maxsize=1)
def _distinct_rows() -> np.ndarray:
    """Returns the rows whose image no row before has, int64 `[num]`.

    No image is told from another by its border, as no shape reaches it: an image is what is in the smallest box around
    the white pixels, and where that box is.
    """
    data, boxes = Shapes2D(), dict[bytes, int]()
    place_of_drawing = np.array([_boxed(drawing, boxes) for drawing in _drawings()])  # Box, top, left.
    shape, x, y, scale, rotation = data.indices_to_factors(np.arange(len(data))).T
    box, top, left = place_of_drawing[(shape * _NUM_SCALES + scale) * _NUM_ROTATIONS + rotation].T
    keys = (box * _CANVAS + top + y) * _CANVAS + left + x
    return np.sort(np.unique(keys, return_index=True)[1])


def _boxed(drawing: np.ndarray, boxes: dict[bytes, int]) -> tuple[int, int, int]:
    rows, columns = (np.flatnonzero(drawing.any(axis=axis)) for axis in (1, 0))
    box = drawing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    key = bytes(box.shape) + np.packbits(box).tobytes()
    return boxes.setdefault(key, len(boxes)), rows[0], columns[0]


@functools.lru_cache(maxsize=1)
def _drawings() -> np.ndarray:
    """Returns every shape at every scale and rotation, bool `[3 * 6 * 60, 79, 79]`."""
    return np.stack(
        [
            _turned(shape, _FIRST_RADIUS + scale, _DEGREES * rotation)
            for shape in _SHAPES
            for scale in range(_NUM_SCALES)
            for rotation in range(_NUM_ROTATIONS)
        ]
    )


def _turned(shape: str, radius: int, degrees: int) -> np.ndarray:
    image = Image.new("L", (_CANVAS, _CANVAS))
    centre = _CANVAS // 2
    _draw(ImageDraw.Draw(image), shape, centre, radius)
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    left, top = (side // 2 - _FIRST_POSITION - _NUM_POSITIONS + 1 for side in turned.size)
    return np.asarray(turned.crop((left, top, left + _WINDOW, top + _WINDOW))) >= 128


def _draw(draw: ImageDraw.ImageDraw, shape: str, centre: int, radius: int) -> None:
    if shape == "square":
        draw.rectangle((centre - radius, centre - radius, centre + radius, centre + radius), fill=255)
    elif shape == "ellipse":
        draw.ellipse((centre - radius // 2, centre - radius, centre + radius // 2, centre + radius), fill=255)
    else:
        half, low = radius * math.sqrt(3.0) / 2.0, centre + radius / 2.0
        draw.polygon([(centre + half, low), (centre, centre - radius), (centre - half, low)], fill=255)
