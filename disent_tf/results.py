"""Scores of a run: where they are kept and how they are shown."""

import os
from typing import Any

from disent_tf import score_files
from disent_tf.training.run_folder import RunFolder

_MOST_ROWS = 8  # Of one metric: some have more than a hundred numbers.


def scores(run_dir: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Returns what `bin/evaluate` found for a run: the result of each metric, by its name.

    Raises:
      InputError: there is no run, or a file of scores is damaged.
    """
    paths = sorted(RunFolder.existing(run_dir).scores.glob("*.json"))
    return {path.stem: score_files.read(path)["scores"] for path in paths}


def summary(run_dir: str | os.PathLike[str]) -> str:
    """Returns a run's scores as a table, and the paths of what the run folder holds."""
    run = RunFolder.existing(run_dir)
    rows = [row for metric, result in scores(run_dir).items() for row in _rows(metric, result)]
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"  {name:<{width}}  {_number(value)}" for name, value in rows]
    parts = {
        "configuration": run.config,
        "curves": run.curves,
        "checkpoints": run.checkpoints,
        "scores": run.scores,
        "figures": run.figures,
        "SavedModel": run.export,
    }
    paths = [f"  {name:<{width}}  {path}" for name, path in parts.items() if path.exists()]
    return "\n".join(["Scores", *lines, "Run folder", *paths])


def _rows(metric: str, result: dict[str, Any]) -> list[tuple[str, Any]]:
    rows = [(f"{metric}.{key}", value) for key, value in result.items()]
    if len(rows) <= _MOST_ROWS:
        return rows
    return [*rows[:_MOST_ROWS], (f"{metric}.…", f"{len(rows) - _MOST_ROWS} more in scores/{metric}.json")]


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
