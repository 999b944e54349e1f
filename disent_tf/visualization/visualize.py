"""The pictures of a run."""

import os
import pathlib
import tempfile
from collections.abc import Callable, Sequence

import gin
import numpy as np

from disent_tf.checks import check_seed
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.training.checkpointing import load_model
from disent_tf.training.run_folder import RunFolder, check_free

Figure = Callable[..., pathlib.Path | Sequence[pathlib.Path]]


@gin.configurable(denylist=["run_dir", "overwrite"])
def visualize(
    run_dir: str | os.PathLike[str],
    *,
    data: Observations,
    figures: Sequence[Figure] = (),
    seed: int = 0,
    overwrite: bool = False,
) -> list[pathlib.Path]:
    """Draws the newest checkpoint of a run into `figures/`: all of the figures, or none if one cannot be drawn.

    Args:
      run_dir: the run folder.
      data: what to draw.
      figures: functions of (model, data, folder, random state) that write files into the folder and return their
        paths, or the one path.
      seed: each figure starts from its own `RandomState(seed)`.
      overwrite: replace the figures that the run has; those that are not drawn again stay.

    Returns:
      Paths of the files.

    Raises:
      InputError: there is no run or checkpoint, the run has figures, or a figure cannot serve the model or the data.
    """
    run = RunFolder.existing(run_dir)
    check_free(run.figures, overwrite=overwrite)
    check_seed(seed)
    _check_figures(figures)
    model = load_model(run_dir)
    with tempfile.TemporaryDirectory(prefix=".figures.", dir=run.path) as partial:
        drawn: list[pathlib.Path] = []
        for figure in figures:
            paths = figure(model, data, pathlib.Path(partial), np.random.RandomState(seed))
            drawn.extend([paths] if isinstance(paths, pathlib.Path) else paths)
        run.figures.mkdir(exist_ok=True)
        return [path.replace(run.figures / path.name) for path in drawn]


def _check_figures(figures: Sequence[Figure]) -> None:
    if not isinstance(figures, (list, tuple)) or not figures or not all(map(callable, figures)):
        raise InputError(f"No figures to draw: {figures!r}; bind visualize.figures to a list, as in visualize.gin.")
    if len({figure.__name__ for figure in figures}) < len(figures):
        raise InputError("A figure is named twice; draw its variants one after the other.")
