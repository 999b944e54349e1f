"""All scores of a study as one tidy table."""

import contextlib
import itertools
import json
import pathlib
from collections.abc import Sequence
from concurrent import futures
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from disent_tf.errors import InputError
from disent_tf.files import atomic_path
from disent_tf.study.plan import Run, literal
from disent_tf.study.ranking import ranks
from disent_tf.study.work import StudyFolder

_READERS = 8
_NUMBERS = ("metric", "key", "value", "step", "metric_seconds")
_VERSIONS = ("disent_tf", "tensorflow", "keras", "numpy")


def collect(folder: StudyFolder, runs: Sequence[Run]) -> pd.DataFrame:
    """Returns one row for each number that a metric gave for a run.

    Columns: run, objective, data, recipe, setting (text), seed; each varied parameter by its whole name (a macro after
    %), as gin reads it where it is no number; metric, key (text), value (float64), step, metric_seconds; train_seconds;
    disent_tf, tensorflow, keras, numpy, git_revision (text). Texts are categories: a row has a million of them in
    common.

    Raises:
      InputError: no run has scores.
    """
    with futures.ThreadPoolExecutor(_READERS) as pool:
        states = dict(zip((run.name for run in runs), pool.map(lambda run: _state(folder, run), runs), strict=True))
    scored = [run for run in runs if (state := states[run.name]) is not None and state["numbers"]["value"]]
    if not scored:
        raise InputError(f"No run in {str(folder.path)!r} has scores; score them first: bin/study evaluate.")
    numbers = {run.name: states[run.name]["numbers"] for run in scored}
    for name, (score, seconds) in ranks(folder, runs, scored).items():
        own = numbers[name]
        for column, value in zip(_NUMBERS, ("udr", "model_score", score, own["step"][0], seconds), strict=True):
            own[column].append(value)
    parameters = list(dict.fromkeys(name for run in runs for name, _ in run.hyperparameters))
    about = _with_categories(pd.DataFrame([_about(run, parameters, states[run.name]["trained"]) for run in scored]))
    lengths = [len(numbers[run.name]["value"]) for run in scored]
    shared = about.take(np.repeat(np.arange(len(scored)), lengths)).reset_index(drop=True)
    own_columns = pd.DataFrame({name: _column(name, [numbers[run.name][name] for run in scored]) for name in _NUMBERS})
    place = list(shared.columns).index("train_seconds")
    return pd.concat([shared.iloc[:, :place], own_columns, shared.iloc[:, place:]], axis=1)


def write(frame: pd.DataFrame, folder: StudyFolder) -> list[pathlib.Path]:
    """Writes the table as results.parquet and results.csv; returns their paths."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    texts = pa.schema([(field.name, _plain(field.type)) for field in table.schema])  # CSV knows no dictionaries.
    parquet, csv = folder.table, folder.table.with_suffix(".csv")
    with atomic_path(parquet) as temporary:
        pyarrow.parquet.write_table(table, str(temporary))
    with atomic_path(csv) as temporary:
        pyarrow.csv.write_csv(table.cast(texts), str(temporary))
    return [parquet, csv]


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _state(folder: StudyFolder, run: Run) -> Any:
    """Returns what a run's evaluation found, with the metrics that could be computed where others failed, or None."""
    for path in (folder.done(run.name, "evaluate"), folder.failed(run.name, "evaluate")):
        with contextlib.suppress(FileNotFoundError):
            try:
                state = json.loads(path.read_bytes())
            except ValueError as error:
                raise InputError(f"Cannot read {str(path)!r}: {error}; remove it, and evaluate again.") from error
            if "numbers" in state:
                return state
    return None


def _about(run: Run, parameters: Sequence[str], trained: dict[str, Any]) -> dict[str, Any]:
    """Returns what all rows of a run have in common."""
    values = dict(run.hyperparameters)
    return {
        **{"run": run.name, "objective": run.objective, "data": run.data},
        **{"recipe": run.recipe, "setting": run.setting, "seed": run.seed},
        **{_column_of(name): _cell(values[name]) if name in values else None for name in parameters},
        "train_seconds": trained["seconds"],
        **{name: trained["versions"].get(name) for name in _VERSIONS},
        "git_revision": trained["git_revision"],
    }


def _column_of(parameter: str) -> str:
    return parameter if "." in parameter else f"%{parameter}"  # A macro may be called data, or step.


def _column(name: str, of_runs: Sequence[Sequence[Any]]) -> Any:
    """Returns the numbers, or texts, of all runs end to end."""
    values = itertools.chain.from_iterable(of_runs)
    if name in ("metric", "key"):
        return pd.Categorical(list(values))
    return np.fromiter(map(float, values), np.float64)  # NaN and infinities are texts in JSON.


def _with_categories(about: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name in about.columns if about[name].notna().any() and about[name].dtype.kind not in "fiu"]
    return about.astype(dict.fromkeys(texts, "category"))


def _cell(value: Any) -> Any:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else literal(value)
