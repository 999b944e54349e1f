"""A study, from its sweep to its report."""

import functools
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import gin
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from disent_tf import config
from disent_tf.checks import check_positive_number
from disent_tf.errors import InputError, TrainingError
from disent_tf.study import plan as planning
from disent_tf.study import ranking, table
from disent_tf.study import status as states
from disent_tf.study.local import Local
from disent_tf.study.plan import Run
from disent_tf.study.sweep import Sweep
from disent_tf.study.work import Outcome, Stage, StudyFolder, check_trained, is_done, record_loss, work, write_plan

_log = logging.getLogger(__name__)


class Executor(Protocol):
    """Where runs are worked on: `Local` or `OnRay`."""

    def each(self, runs: Sequence[Any], work: Any) -> Any:
        """Yields each run, or group of them, with its outcome, as they end."""


@gin.configurable("study")
class Study:
    """What is trained, where, and how it is scored.

    Args:
      output_dir: the study's folder; the same one continues it.
      sweep: what varies, as the functions of `sweep` return it.
      executor: where runs are worked on; one at a time on this machine, if None.
      metrics: gin files for `bin/evaluate`, read after the run's own configuration.
      metric_params: bindings for it.
      published: what others found, for the report: texts by metric and name of the objective.
      seconds_per_step: of training, for an estimate before the first run is done.

    Raises:
      InputError: an argument cannot be used.
    """

    def __init__(
        self,
        output_dir: str | os.PathLike[str],
        *,
        sweep: Sweep | None = None,
        executor: Executor | None = None,
        metrics: Sequence[str] = (),
        metric_params: Sequence[str] = (),
        published: Mapping[str, Mapping[str, str]] | None = None,
        seconds_per_step: float | None = None,
    ) -> None:
        self.folder, self.runs = StudyFolder(output_dir), planning.plan(sweep)
        self.executor = executor or Local()
        if isinstance(self.executor, type) or not hasattr(self.executor, "each"):
            raise InputError(f"study.executor is {executor!r}; expected one such as @Local().")
        for name, texts in {"metrics": metrics, "metric_params": metric_params}.items():
            if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
                raise InputError(f"study.{name} is {texts!r}; expected a list of texts.")
        for name in metrics:
            config.find(name)
        self.training = Stage("train")
        self.evaluation = Stage(
            "evaluate",
            (*(f"--gin_file={name}" for name in metrics), *(f"--gin_param={text}" for text in metric_params)),
        )
        self.published = _checked_published(published)
        self.seconds_per_step = seconds_per_step
        if seconds_per_step is not None:
            check_positive_number("study.seconds_per_step", seconds_per_step)

    def plan(self) -> str:
        """Returns the runs as lines, and what they will cost."""
        check_configurations(self.runs)
        lines = [f"{run.name}" for run in self.runs]
        return "\n".join([*lines, *states.cost(self.folder, self.runs, self.seconds_per_step)])

    def run(self) -> str:
        """Trains every run that is not trained yet; returns a summary.

        Raises:
          InputError: a configuration cannot be used; nothing has been trained.
          TrainingError: runs have failed; the others are trained.
        """
        check_configurations([run for run in self.runs if not is_done(self.folder, run, self.training)])
        write_plan(self.folder, self.runs)
        return _summary(self._bring(self.runs, functools.partial(work, self.folder, self.training), "train"))

    def evaluate(self) -> str:
        """Scores every trained run that is not scored yet, and ranks VAEs of each setting; returns a summary.

        Raises:
          InputError: no run is trained.
          TrainingError: evaluations have failed; the others are done.
        """
        check_trained(self.folder, self.runs)
        trained = [run for run in self.runs if is_done(self.folder, run, self.training)]
        if len(trained) < len(self.runs):
            _log.info("%d of %d runs are trained; the others are left out.", len(trained), len(self.runs))
        scored = self._bring(trained, functools.partial(work, self.folder, self.evaluation), self.evaluation.name)
        groups = ranking.groups(self.folder, trained)
        ranked = self._bring(groups, functools.partial(ranking.rank, self.folder), ranking.STAGE)
        return _summary(scored, *([ranked] if groups else []))

    def status(self) -> str:
        """Returns what is done and what failed, in lines of at most 80 characters."""
        return states.status(self.folder, self.runs, (self.training, self.evaluation))

    def aggregate(self) -> str:
        """Writes all scores as one table, Parquet and CSV; returns where to."""
        frame = table.collect(self.folder, self.runs)
        return "\n".join(str(path) for path in table.write(frame, self.folder))

    def report(self) -> str:
        """Writes tables, figures and a page on the scores; returns where to."""
        from disent_tf.study import report as reporting  # Matplotlib takes seconds, and the other verbs do without.

        return str(reporting.write(self.folder, table.collect(self.folder, self.runs), self.published))

    def _bring(self, items: Sequence[Any], one: Callable[..., Outcome], stage: str) -> tuple[str, str]:
        """Brings a stage of runs, or of groups of them, to its end; returns a summary, and the first failure if any.

        Args:
          items: what has a name.
          one: does it, of whether to wait, an item and a number of threads.
          stage: its name.
        """
        outcomes = self._pass(items, functools.partial(one, False), stage)
        if others := [item for item in items if outcomes[item.name] == "elsewhere"]:
            _log.info("Another process is at %d of them; waiting.", len(others))
            outcomes |= self._pass(others, functools.partial(one, True), stage)
        counts = Counter(outcomes.values())
        summary = f"{stage}: {counts['done']} done, {counts['kept']} done before, {counts['failed']} failed"
        first = next((item.name for item in items if outcomes[item.name] == "failed"), "")
        return summary, first and f"{first}: {states.reason(self.folder, first, stage)}"

    def _pass(self, items: Sequence[Any], one: Callable[..., Outcome], stage: str) -> dict[str, Outcome]:
        """Works on every item once."""
        outcomes: dict[str, Outcome] = {}
        start, worked = time.monotonic(), 0
        with logging_redirect_tqdm(), tqdm(total=len(items), unit=stage, disable=None, dynamic_ncols=True) as bar:
            for item, found in self.executor.each(items, one) if items else ():
                if found == "lost":
                    record_loss(self.folder, item.name, stage)
                outcome: Outcome = "failed" if found == "lost" else found
                outcomes[item.name] = outcome
                worked += outcome != "kept"
                bar.update()
                bar.set_postfix_str(f"{Counter(outcomes.values())['failed']} failed", refresh=False)
                if outcome == "failed":
                    _log.info("%s failed: %s", item.name, states.reason(self.folder, item.name, stage))
                elif bar.disable and worked:
                    left = states.duration((time.monotonic() - start) / worked * (len(items) - len(outcomes)))
                    _log.info("%s %d/%d %s %s, %s left", stage, len(outcomes), len(items), item.name, outcome, left)
        return outcomes


def _summary(*stages: tuple[str, str]) -> str:
    """Returns what was done in stages, as `_bring` tells; TrainingError if anything failed."""
    summary = "; ".join(text for text, _ in stages)
    if failures := [first for _, first in stages if first]:
        raise TrainingError(f"{summary}; the first: {failures[0]}")
    return summary


def _checked_published(published: Any) -> Mapping[str, Mapping[str, str]]:
    tables = {} if published is None else published
    if not isinstance(tables, Mapping) or not all(isinstance(each, Mapping) for each in tables.values()):
        raise InputError(f"study.published is {published!r}; expected texts such as {{'higgins': {{'pca': '84.9'}}}}.")
    return tables


def check_configurations(runs: Sequence[Run]) -> None:
    """Raises InputError for a gin file or binding that gin refuses; one run is tried for each set of them."""
    distinct = {(run.gin_files, tuple(name for name, _ in run.bindings)): run for run in reversed(runs)}
    for run in distinct.values():
        config.load(run.gin_files, run.gin_params)
