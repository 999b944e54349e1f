"""XYSquares: three squares on a grid, a set that reconstruction losses cannot order."""

import gin
import numpy as np

from disent_tf.checks import check_positive
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError

_COLOURS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


@gin.register
class XYSquares(GroundTruthData):
    """Colour images of a red, a green and a blue square, each of which moves over the places of a grid.

    Squares at different places do not overlap, so all such pairs of images are equally far apart in pixels, whatever
    the distance between the factors: what a VAE orders here it did not learn from its reconstruction. Where squares
    meet, their colours add up. By default 8 x 8 places for each, 64 pixels, and 262,144 images.

    Source: Michlo, James, Klein (2022), "Data Overlap: A Prerequisite For Disentanglement"
    (https://arxiv.org/abs/2202.13341), and their library, nmichlo/disent.

    Args:
      num_squares: 1 to 3.
      num_places: in each direction.
      square_side: pixels; an image has `num_places * square_side` in each direction.

    Raises:
      InputError: an argument cannot be used.
    """

    def __init__(self, num_squares: int = 3, num_places: int = 8, square_side: int = 8) -> None:
        check_positive(**{"XYSquares.num_places": num_places, "XYSquares.square_side": square_side})
        check_positive(**{"XYSquares.num_squares": num_squares})
        if num_squares > len(_COLOURS):
            raise InputError(
                f"XYSquares.num_squares is {num_squares}; expected at most {len(_COLOURS)}, of which each has a colour."
            )
        self._num_places, self._square_side = num_places, square_side
        self._colours = np.array(list(_COLOURS.values())[:num_squares], np.float32)
        self.factor_names = tuple(f"{axis}_{colour}" for colour in list(_COLOURS)[:num_squares] for axis in "xy")
        self.factor_sizes = (num_places,) * (2 * num_squares)
        side = num_places * square_side
        self.observation_shape = (side, side, 3)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the images of grid rows `[num]`: float32 `[num, side, side, 3]` in {0, 1}."""
        factors = self.indices_to_factors(indices)
        num = len(factors)
        places = np.zeros((num, self._num_places, self._num_places, 3), np.float32)
        for square, colour in enumerate(self._colours):
            x, y = factors[:, 2 * square], factors[:, 2 * square + 1]
            places[np.arange(num), y, x] += colour
        return places.repeat(self._square_side, axis=1).repeat(self._square_side, axis=2)
