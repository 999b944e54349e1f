"""The pinwheel: points in the plane on a few bent arms."""

import math
from typing import Any

import gin
import numpy as np

from disent_tf.checks import check_positive, check_positive_number, check_seed
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


@gin.register
class Pinwheel(GroundTruthData):
    """Points of several classes, each a cloud that is stretched from the centre outwards and bent the further out.

    A point of class c is the row (a, b) · [[cos φ, -sin φ], [sin φ, cos φ]] with a ~ N(1, tangential_std²),
    b ~ N(0, radial_std²) and φ = 2π c / num_classes + rate · exp(a). The points are drawn once: their factors are the
    class and, without a meaning, the number within it. Unlike images, they are not in [0, 1]: they are within about 2
    of the origin.

    Source: R. P. Adams (2008), hips.seas.harvard.edu/content/synthetic-pinwheel-data-matlab. The data and defaults of
    the clustering in Mathieu, Rainforth, Siddharth, Teh (2019), "Disentangling Disentanglement in Variational
    Autoencoders".

    Args:
      radial_std: standard deviation across an arm.
      tangential_std: standard deviation along an arm. The names are the MATLAB original's, which uses them this way
        round.
      num_classes: arms.
      num_per_class: points of each arm.
      rate: radians of turn for each exp(a); 0 leaves the arms straight.
      seed: of the points.

    Raises:
      InputError: an argument cannot be used.
    """

    factor_names = ("class", "point")
    observation_shape = (2,)

    def __init__(
        self,
        radial_std: float = 0.1,
        tangential_std: float = 0.3,
        num_classes: int = 4,
        num_per_class: int = 100,
        rate: float = 0.25,
        seed: int = 0,
    ) -> None:
        check_positive_number("Pinwheel.radial_std", radial_std)
        check_positive_number("Pinwheel.tangential_std", tangential_std)
        check_positive(**{"Pinwheel.num_classes": num_classes, "Pinwheel.num_per_class": num_per_class})
        _check_rate(rate)
        check_seed(seed)
        self.factor_sizes = (num_classes, num_per_class)
        noise = np.random.default_rng(seed).standard_normal((num_classes, num_per_class, 2))
        a, b = 1.0 + tangential_std * noise[..., 0], radial_std * noise[..., 1]
        angle = 2.0 * np.pi * np.arange(num_classes)[:, None] / num_classes + rate * np.exp(a)
        x, y = a * np.cos(angle) + b * np.sin(angle), b * np.cos(angle) - a * np.sin(angle)
        self._points = np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the points of grid rows `[num]`: float32 `[num, 2]`, not confined to [0, 1]."""
        return self._points[np.asarray(indices)]


def _check_rate(rate: Any) -> None:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not math.isfinite(rate):
        raise InputError(f"Pinwheel.rate is {rate!r}; expected a number, in radians; 0 for straight arms.")
