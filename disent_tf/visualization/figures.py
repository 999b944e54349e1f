"""Pictures as files: PNG figures with labels, and GIFs."""

import pathlib
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from disent_tf.files import atomic_path


def save_rows(path: pathlib.Path, picture: np.ndarray, labels: Sequence[str], title: str) -> None:
    """Writes a picture `[H, W, 3]` of equally high rows as a PNG, with a label to the left of each row."""
    height, width = picture.shape[:2]
    figure = Figure(figsize=(width / 80 + 1.6, height / 80 + 0.5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(picture, interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks((np.arange(len(labels)) + 0.5) * height / len(labels), labels, fontsize=7)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    save_figure(path, figure)


def save_figure(path: pathlib.Path, figure: Figure) -> None:
    """Writes a figure, whole or not at all, in the font that comes with matplotlib."""
    with matplotlib.rc_context({"font.family": "DejaVu Sans"}), atomic_path(path) as temporary:
        figure.savefig(temporary)


def save_gif(path: pathlib.Path, frames: Sequence[np.ndarray], frames_per_second: float = 10) -> None:
    """Writes frames `[H, W, 3]`, uint8, as a GIF that loops for ever."""
    first, *rest = [Image.fromarray(frame) for frame in frames]
    with atomic_path(path) as temporary:
        first.save(temporary, save_all=True, append_images=rest, duration=1000 / frames_per_second, loop=0)
