"""Which values a factor can be set to, for metrics that intervene on factors."""

from typing import Any

import numpy as np


def factor_values(data: Any, factors: np.ndarray) -> list[np.ndarray]:
    """Returns the values of every factor, ascending.

    They are 0 up to the number of values that the data tell, as in disentanglement_lib, unless the data tell nothing or
    drawn factors are outside of that; then they are those that were drawn.

    Args:
      data: the sampling protocol; it may have factors_num_values or factor_sizes.
      factors: drawn from it, `[num_points, num_factors]`.
    """
    told = getattr(data, "factors_num_values", getattr(data, "factor_sizes", (0,) * factors.shape[1]))
    return [_values(int(num_values), np.unique(drawn)) for num_values, drawn in zip(told, factors.T, strict=True)]


def _values(num_values: int, drawn: np.ndarray) -> np.ndarray:
    return np.arange(num_values) if drawn[0] >= 0 and drawn[-1] < num_values else drawn
