"""Scores of a run: where they are kept and how they are shown."""

import os
from typing import Any

from disent_tf.training.run_folder import RunFolder, read_json


def summary(run_dir: str | os.PathLike[str]) -> str:
    """Returns a run's scores as a table, and the paths of what the run folder holds."""
    run = RunFolder.existing(run_dir)
    rows = [
        (f"{metric}.{key}", value)
        for metric, result in read_json(run.scores)["scores"].items()
        for key, value in result.items()
    ]
    width = max(len(name) for name, _ in rows)
    scores = [f"  {name:<{width}}  {_number(value)}" for name, value in rows]
    parts = {
        "configuration": run.config,
        "curves": run.curves,
        "checkpoints": run.checkpoints,
        "scores": run.scores,
        "figures": run.figures,
        "SavedModel": run.export,
    }
    paths = [f"  {name:<{width}}  {path}" for name, path in parts.items() if path.exists()]
    return "\n".join(["Scores", *scores, "Run folder", *paths])


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
