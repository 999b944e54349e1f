"""Entropies of mixtures of very many normal distributions on the line, in nats.

The density is computed on a grid. The means are spread over its cells by cubic B-splines, whose own width is divided
out of the Fourier transform, in a few classes of the logarithm of sigma; every class is convolved with the normal
density of its sigma, in the Fourier domain a product. A component between two classes is interpolated from four.
The error is about 1e-5 nats.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import fft, special

from disent_tf.errors import InputError

_CELLS_PER_SIGMA = 3  # Of the narrowest component.
_CLASSES_PER_OCTAVE = 10
_TAIL = 8.0  # Sigmas of the widest component beyond the means; 1e-15 of it lies outside.
_MOST_CELLS = 2**18


class MixtureGrid(NamedTuple):
    """A grid that fits a set of normal distributions, and where each of them lies on it."""

    log_step: float  # Logarithm of the width of a cell.
    num_cells: int
    transforms: np.ndarray  # [num_classes, num_frequencies]: of the normal densities, the spline's width divided out.
    place: np.ndarray  # int64 [num_components]: in the flattened table [num_classes, num_cells].
    class_weights: np.ndarray  # [4, num_components]: of the class at `place` and the next ones.
    cell_weights: np.ndarray  # [4, num_components]: of the cell at `place` and the next ones.


def mixture_grid(means: np.ndarray, log_sigmas: np.ndarray) -> MixtureGrid:
    """Returns the grid of components with means `[num_components]` and logarithms of sigma `[num_components]`.

    Raises:
      InputError: the narrowest component is too narrow for the range of the means.
    """
    log_step = log_sigmas.min() - math.log(_CELLS_PER_SIGMA)
    tail = _TAIL * _CELLS_PER_SIGMA * math.exp(np.ptp(log_sigmas))  # In cells, as are the positions.
    positions = (means - means.min()) * math.exp(-log_step) + tail
    needed = positions.max() + tail + 4
    if needed > _MOST_CELLS:
        message = f"the narrowest posterior of a code has sigma {math.exp(log_sigmas.min()):.3g}, the widest "
        message += f"{math.exp(log_sigmas.max()):.3g}, and the means range over {np.ptp(means):.3g}; expected at most "
        message += f"{_MOST_CELLS // _CELLS_PER_SIGMA} times the narrowest: "
        raise InputError(message + "estimate by samples, which needs no grid.")
    num_cells = fft.next_fast_len(math.ceil(needed), real=True)
    cell, cell_weights = _spline(positions)
    first, class_weights = _lagrange((log_sigmas - log_sigmas.min()) * (_CLASSES_PER_OCTAVE / math.log(2.0)))
    octaves = (np.arange(first.max() + 4) - 1) / _CLASSES_PER_OCTAVE  # From one class below the narrowest.
    transforms = _transforms(_CELLS_PER_SIGMA * 2.0**octaves, num_cells)
    return MixtureGrid(log_step, num_cells, transforms, first * num_cells + cell, class_weights, cell_weights)


def mixture_entropy(grid: MixtureGrid, rows: np.ndarray | None = None) -> float:
    """Returns the entropy in nats of the mixture, in equal parts, of the components in `rows`, or of all."""
    chosen = slice(None) if rows is None else rows
    place, class_weights, cell_weights = grid.place[chosen], grid.class_weights[:, chosen], grid.cell_weights[:, chosen]
    table = np.zeros(len(grid.transforms) * grid.num_cells)
    cells = place + np.arange(4)[:, None]
    for step, by_class in enumerate(class_weights):
        at = cells + step * grid.num_cells
        table += np.bincount(at.ravel(), (by_class * cell_weights).ravel(), minlength=len(table))
    spectra = fft.rfft(table.reshape(-1, grid.num_cells), axis=1)
    mass = fft.irfft(np.sum(spectra * grid.transforms, axis=0), n=grid.num_cells) / len(place)  # Of every cell.
    # Rounding leaves some -1e-17 in the tails.
    return float(grid.log_step + special.entr(np.maximum(mass, 0.0)).sum())


def _spline(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first of four points, int64 `[num]`, and the cubic B-spline's weights of them, `[4, num]`."""
    first, t = _whole_and_rest(positions)
    weights = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    return first, np.stack(weights) / 6


def _lagrange(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first of four points, which is one below the position's own, and the weights of a cubic in them."""
    first, t = _whole_and_rest(positions)
    outer = [-t * (t - 1) * (t - 2) / 6, (t + 1) * t * (t - 1) / 6]
    inner = [(t + 1) * (t - 1) * (t - 2) / 2, -(t + 1) * t * (t - 2) / 2]
    return first, np.stack([outer[0], *inner, outer[1]])


def _whole_and_rest(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    whole = np.floor(positions)
    return whole.astype(np.int64), positions - whole


def _transforms(sigmas: np.ndarray, num_cells: int) -> np.ndarray:
    """Returns the Fourier transforms of normal densities over that of the B-spline; sigmas in cells."""
    frequencies = fft.rfftfreq(num_cells)
    return np.exp(-2.0 * (np.pi * np.outer(sigmas, frequencies)) ** 2) / np.sinc(frequencies) ** 4
