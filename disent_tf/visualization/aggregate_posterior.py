"""The density of all codes of a data set together, for codes of two dimensions."""

import pathlib

import gin
import keras
import numpy as np
from matplotlib.figure import Figure

from disent_tf.checks import check_positive, check_positive_number
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.visualization.arrays import aggregate_posterior_density, prior_density
from disent_tf.visualization.figures import save_figure
from disent_tf.visualization.observations import sample_rows

_CONTOURS = (0.1, 0.3, 0.5, 0.7, 0.9)  # Of the prior's largest density.


@gin.register
def aggregate_posterior(
    model: keras.Model,
    data: Observations,
    folder: pathlib.Path,
    random_state: np.random.RandomState,
    num_points: int = 10_000,
    limit: float = 2.0,
    resolution: int = 300,
    vmin: float = 0.0,
    vmax: float = 1.0,
    show_prior: bool = True,
) -> pathlib.Path:
    """Draws `aggregate_posterior.png`: the density of q(z) = 1/N Σ_n q(z|x_n), and the prior's as contour lines.

    Figure 2 of Mathieu et al. (2019), "Disentangling Disentanglement in Variational Autoencoders"; defaults as in its
    code. The contours are not in the paper: they are at 10, 30, 50, 70 and 90 % of the prior's maximum.

    Args:
      model: a VAE with `latent_dim` 2.
      data: the x_n.
      folder: where the file goes.
      random_state: of the choice of x_n, if there are too many.
      num_points: N at most; all of the data set if it has no more.
      limit: the picture covers [-limit, limit]².
      resolution: pixels of the density along each side.
      vmin: density drawn in white, per unit area of the code.
      vmax: density from which on the darkest blue is drawn.
      show_prior: draw the contours.

    Returns:
      Path of the file.

    Raises:
      InputError: the code does not have two dimensions.
    """
    check_positive(num_points=num_points, resolution=resolution)
    check_positive_number("aggregate_posterior.limit", limit)
    if not vmin < vmax:
        raise InputError(f"aggregate_posterior.vmin is {vmin!r} and vmax {vmax!r}; expected vmin below vmax.")
    if model.latent_dim != 2:
        raise InputError(
            f"aggregate_posterior draws codes of 2 dimensions, and this model's have {model.latent_dim}; train with "
            "latent_dim = 2, or leave it out of visualize.figures."
        )
    density = aggregate_posterior_density(model, data[sample_rows(data, num_points, random_state)], limit, resolution)

    figure = Figure(figsize=(5, 4.2), dpi=120, layout="constrained")
    axes = figure.add_subplot(xlabel="z0", ylabel="z1")
    edge = limit + limit / max(resolution - 1, 1)  # Pixels lie around the points of the grid.
    extent = (-edge, edge, -edge, edge)
    image = axes.imshow(density, cmap="Blues", vmin=vmin, vmax=vmax, origin="lower", extent=extent)
    figure.colorbar(image, label="density")
    axes.set_title("Aggregate posterior" + (", and the prior as contours" if show_prior else ""), fontsize=9)
    if show_prior:
        prior = prior_density(model, limit, resolution)
        levels = [share * prior.max() for share in _CONTOURS if share * prior.max() > prior.min()]
        if levels:  # None cross the picture if the prior is nearly flat in it.
            axes.contour(prior, levels, origin="lower", extent=extent, colors="black", linewidths=0.5)
    path = folder / "aggregate_posterior.png"
    save_figure(path, figure)
    return path
