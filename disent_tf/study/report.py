"""A study as tables, figures and a page that shows them."""

import pathlib
import types
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from disent_tf.files import atomic_path, write_text
from disent_tf.study import statistics
from disent_tf.study.plan import short
from disent_tf.study.work import StudyFolder
from disent_tf.visualization.figures import save_figure

_COLUMNS = ("run", "objective", "data", "recipe", "setting", "seed", "metric", "key", "value", "step")


def write(
    folder: StudyFolder, table: pd.DataFrame, published: Mapping[str, Mapping[str, str]] = types.MappingProxyType({})
) -> pathlib.Path:
    """Writes report.md into the folder's `report`, with its tables as CSV and its figures; returns its path.

    Args:
      folder: of the study.
      table: what `table.collect` returns.
      published: what others found, texts by metric and name of the objective.
    """
    place = folder.report
    place.mkdir(parents=True, exist_ok=True)
    parts = statistics.by_data(table)
    parts = parts if len(parts) > 1 else {"": table}  # One is not named.
    sections = [
        f"# {folder.path.name}\n\n{table['run'].nunique()} runs, {table['setting'].nunique()} settings.",
        _settings(place, table, published),
        *(_correlations(place, own, data) for data, own in parts.items()),
        _hyperparameters(place, table),
        _variance(place, table),
        *(_selection(place, own, data) for data, own in parts.items()),
        _transfer(place, table),
    ]
    write_text(place / "report.md", "\n\n".join(section for section in sections if section) + "\n")
    return place / "report.md"


def _settings(place: pathlib.Path, table: pd.DataFrame, published: Mapping[str, Mapping[str, str]]) -> str:
    found = statistics.summary(table)
    _csv(found, place / "settings.csv")
    main = statistics.main_rows(found)
    if main.empty:  # Metrics of the user's own.
        return "[settings.csv](settings.csv) has mean, deviation and quantiles of every key; no metric has a main one."
    cells = main.assign(cell=[_spread(mean, std) for mean, std in zip(main["mean"], main["std"], strict=True)])
    wide = cells.pivot(index="setting", columns="metric", values="cell").reindex(table["setting"].unique())
    objectives = table.drop_duplicates("setting").set_index("setting")["objective"]
    for metric, texts in published.items():
        wide[f"{metric}, published"] = objectives.map(texts)
    if len(wide.columns) > len(wide):  # A page is longer than wide.
        wide = wide.T.rename_axis("metric")
    return (
        "## Scores of each setting\n\nMean ± standard deviation over seeds; [settings.csv](settings.csv) has every "
        f"key, and quantiles.\n\n{_markdown(wide.reset_index())}"
    )


def _correlations(place: pathlib.Path, table: pd.DataFrame, data: str) -> str:
    if statistics.main_rows(table).empty:
        return ""
    found, name = statistics.correlations(table), _file("rank_correlation", data)
    frame = pd.DataFrame(found.correlation, index=found.names, columns=found.names)
    _csv(frame.rename_axis("metric").reset_index(), place / f"{name}.csv")
    size = 2.5 + 0.45 * len(found.names)
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(found.correlation, vmin=-1, vmax=1, cmap="RdBu_r")
    axes.set_xticks(range(len(found.names)), found.names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(found.names)), found.names, fontsize=7)
    for row, column in np.ndindex(found.correlation.shape):
        if np.isfinite(value := found.correlation[row, column]):
            shade = "white" if abs(value) > 0.6 else "black"
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", fontsize=6, color=shade)
    axes.set_title("Rank correlation, per cent", fontsize=9)
    save_figure(place / f"{name}.png", figure)
    return (
        f"## Do metrics agree{_suffix(data)}?\n\nSpearman's rank correlation over runs.\n\n"
        f"![Rank correlation]({name}.png)"
    )


def _hyperparameters(place: pathlib.Path, table: pd.DataFrame) -> str:
    known = [*_COLUMNS, "metric_seconds", "train_seconds", "disent_tf", "tensorflow", "keras", "numpy", "git_revision"]
    parameters = [name for name in table.columns if name not in known and pd.api.types.is_numeric_dtype(table[name])]
    drawn = [_hyperparameter(place, table, name) for name in parameters if table[name].nunique() > 1]
    lines = [line for line in drawn if line]
    return (
        "\n\n".join(
            ["## Scores against hyper-parameters\n\nMean and standard deviation over all runs of a value.", *lines]
        )
        if lines
        else ""
    )


def _hyperparameter(place: pathlib.Path, table: pd.DataFrame, parameter: str) -> str:
    rows = statistics.main_rows(table[table[parameter].notna()])
    if rows.empty:
        return ""
    metrics = list(rows["metric"].unique())
    columns = min(4, len(metrics))
    figure = Figure(figsize=(3.0 * columns, 2.4 * -(-len(metrics) // columns)), layout="constrained")
    for number, metric in enumerate(metrics):
        axes = figure.add_subplot(-(-len(metrics) // columns), columns, number + 1)
        for group, own in rows[rows["metric"] == metric].groupby(rows["objective"] + rows["data"].map(_suffix)):
            found = own.groupby(parameter)["value"].agg(["mean", "std"])
            axes.errorbar(found.index, found["mean"], found["std"].fillna(0.0), marker="o", capsize=3, label=group)
        axes.set_title(metric, fontsize=8)
        axes.set_xlabel(short(parameter), fontsize=7)
        axes.tick_params(labelsize=6)
        axes.legend(fontsize=6)
    path = place / f"{parameter.replace('/', '_')}.png"
    save_figure(path, figure)
    return f"![Scores against {parameter}]({path.name})"


def _variance(place: pathlib.Path, table: pd.DataFrame) -> str:
    found = statistics.variance_explained(table)
    if found.empty:
        return ""
    _csv(found, place / "variance_explained.csv")
    return (
        "## What explains the variance?\n\nShare of the variance over runs, within data sets, that the objective "
        f"tells, that the whole setting tells, and that is left to the seed.\n\n{_markdown(_rounded(found))}"
    )


def _selection(place: pathlib.Path, table: pd.DataFrame, data: str) -> str:
    found = statistics.chosen_by(table, "udr")
    if found.empty:
        return ""
    _csv(found, place / f"{_file('chosen_by_udr', data)}.csv")
    return (
        f"## The best model{_suffix(data)} by UDR, without labels\n\n`{found['run'].iloc[0]}`, and where the other "
        f"metrics rank it (1 is best).\n\n{_markdown(_rounded(found.drop(columns='run')))}"
    )


def _transfer(place: pathlib.Path, table: pd.DataFrame) -> str:
    found = statistics.transfer(table)
    if found.empty:
        return ""
    _csv(found, place / "transfer.csv")
    return (
        "## Do settings transfer between data sets?\n\nRank correlation of settings' means, and the probability that "
        f"the best setting of one data set beats a random other one on the next.\n\n{_markdown(_rounded(found))}"
    )


def _suffix(data: str | None) -> str:
    return f" on {data}" if isinstance(data, str) and data else ""


def _file(name: str, data: str) -> str:
    return f"{name}-{data}" if data else name


def _spread(mean: float, std: float) -> str:
    return f"{mean:.3f}" if np.isnan(std) else f"{mean:.3f} ± {std:.3f}"


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.map(lambda value: f"{value:.3f}" if isinstance(value, float) else value)


def _markdown(frame: pd.DataFrame) -> str:
    def row(cells: Sequence[object]) -> str:
        return f"| {' | '.join('–' if pd.isna(cell) else str(cell) for cell in cells)} |"

    return "\n".join(
        [row(list(frame.columns)), "|---" * len(frame.columns) + "|", *map(row, frame.to_numpy().tolist())]
    )


def _csv(frame: pd.DataFrame, path: pathlib.Path) -> None:
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False)
