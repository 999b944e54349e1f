"""Data in the plane and their reconstructions."""

import pathlib
from typing import Any

import gin
import keras
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from disent_tf.checks import check_positive
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.visualization.figures import save_figure
from disent_tf.visualization.observations import sample_rows


@gin.register
def points(
    model: keras.Model,
    data: Observations,
    folder: pathlib.Path,
    random_state: np.random.RandomState,
    num_points: int = 10_000,
) -> pathlib.Path:
    """Draws `points.png`: data and, beside them, their reconstructions, both in the colours of the first factor.

    Args:
      model: a VAE of points.
      data: observations of shape (2,).
      folder: where the file goes.
      random_state: of the choice of points, if there are too many.
      num_points: points at most; all of the data set if it has no more.

    Returns:
      Path of the file.

    Raises:
      InputError: the data are not points in the plane.
    """
    check_positive(num_points=num_points)
    if tuple(data.observation_shape) != (2,):
        raise InputError(
            f"points draws observations of shape (2,), and {type(data).__name__} has {data.observation_shape!r}; bind "
            "visualize.figures to others, as [@reconstructions] for images."
        )
    rows = sample_rows(data, num_points, random_state)
    observed = data[rows]
    panels = {"data": observed, "reconstructions from the posterior mean": model.reconstruct(observed).numpy()}
    colours = _colours(data, rows) if isinstance(data, GroundTruthData) and data.num_factors else {}

    figure = Figure(figsize=(8, 4.2), dpi=120, layout="constrained")
    for axes, (title, shown) in zip(figure.subplots(1, 2, sharex=True, sharey=True), panels.items(), strict=True):
        scatter = axes.scatter(*shown.T, s=6, linewidths=0, **colours)
        axes.set_aspect("equal")
        axes.set_title(title, fontsize=9)
    if colours:
        figure.colorbar(
            scatter, ax=figure.axes, label=getattr(data, "factor_names", ("",))[0], ticks=MaxNLocator(integer=True)
        )
    path = folder / "points.png"
    save_figure(path, figure)
    return path


def _colours(data: GroundTruthData, rows: np.ndarray) -> dict[str, Any]:
    num = data.factor_sizes[0]
    colour_map = matplotlib.colormaps["viridis"].resampled(num)  # One colour for each value of the factor.
    return {"c": data.indices_to_factors(rows)[:, 0], "cmap": colour_map, "vmin": -0.5, "vmax": num - 0.5}
