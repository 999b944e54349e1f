"""All scores of a study as one tidy table."""

import pathlib
from collections.abc import Sequence
from concurrent import futures
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from disent_tf.errors import InputError
from disent_tf.files import atomic_path
from disent_tf.study.plan import Run, literal
from disent_tf.study.ranking import ranks
from disent_tf.study.work import StudyFolder
from disent_tf.training.run_folder import read_json

_READERS = 8
_TEXTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_SHARED = ("run", "objective", "data", "setting", "seed")
_VERSIONS = ("disent_tf", "tensorflow", "keras", "numpy")


def collect(folder: StudyFolder, runs: Sequence[Run]) -> pd.DataFrame:
    """Returns one row for each number that a metric gave for a run.

    Columns: run, objective, data, setting (text), seed; each varied parameter by its whole name, as gin reads it where
    it is no number; metric, key (text), value (float64); step, metric_seconds, train_seconds; disent_tf, tensorflow,
    keras, numpy, git_revision (text).

    Raises:
      InputError: no run has scores.
    """
    with futures.ThreadPoolExecutor(_READERS) as pool:
        states = list(pool.map(lambda run: _states(folder, run), runs))
    ranked = ranks(folder, [run for run, (_, evaluated) in zip(runs, states, strict=True) if evaluated is not None])
    parameters = list(dict.fromkeys(name for run in runs for name, _ in run.hyperparameters))
    columns: dict[str, list[Any]] = {name: [] for name in (*_SHARED, *parameters, "metric", "key", "value", "step")}
    columns |= {name: [] for name in ("metric_seconds", "train_seconds", *_VERSIONS, "git_revision")}
    for run, (trained, evaluated) in zip(runs, states, strict=True):
        if trained is not None and evaluated is not None:
            scores = evaluated["scores"]
            if run.name in ranked:
                score, seconds = ranked[run.name]
                step = next(iter(scores.values()))["step"] if scores else None
                scores = {**scores, "udr": {"scores": {"model_score": score}, "step": step, "seconds": seconds}}
            _add(columns, run, parameters, trained, scores)
    if not columns["value"]:
        raise InputError(f"No run in {str(folder.path)!r} has scores; score them first: bin/study evaluate.")
    return pd.DataFrame(columns)


def write(frame: pd.DataFrame, folder: StudyFolder) -> list[pathlib.Path]:
    """Writes the table as results.parquet and results.csv; returns their paths."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    paths = [folder.table, folder.table.with_suffix(".csv")]
    for path, writer in zip(paths, (pyarrow.parquet.write_table, pyarrow.csv.write_csv), strict=True):
        with atomic_path(path) as temporary:
            writer(table, str(temporary))
    return paths


def _states(folder: StudyFolder, run: Run) -> list[dict[str, Any] | None]:
    paths = [folder.done(run.name, stage) for stage in ("train", "evaluate")]
    return [read_json(path) if path.is_file() else None for path in paths]


def _add(
    columns: dict[str, list[Any]], run: Run, parameters: list[str], trained: dict[str, Any], scores: dict[str, Any]
) -> None:
    rows = [
        (metric, key, _TEXTS.get(value, value) if isinstance(value, str) else float(value), found)
        for metric, found in scores.items()
        for key, value in found["scores"].items()
        if isinstance(value, int | float) or value in _TEXTS
    ]
    values = dict(run.hyperparameters)
    versions = {name: trained["versions"].get(name) for name in _VERSIONS}
    shared = {
        **dict(zip(_SHARED, (run.name, run.objective, run.data, run.setting, run.seed), strict=True)),
        **{name: _cell(values[name]) if name in values else None for name in parameters},
        **versions,
        "git_revision": trained["git_revision"],
        "train_seconds": trained["seconds"],
    }
    for name, value in shared.items():
        columns[name].extend([value] * len(rows))
    columns["metric"].extend(row[0] for row in rows)
    columns["key"].extend(row[1] for row in rows)
    columns["value"].extend(row[2] for row in rows)
    columns["step"].extend(row[3]["step"] for row in rows)
    columns["metric_seconds"].extend(row[3]["seconds"] for row in rows)


def _cell(value: Any) -> Any:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else literal(value)
