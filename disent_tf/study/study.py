"""A study, from its sweep to its report."""

import functools
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import gin
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from disent_tf import config
from disent_tf.checks import check_positive_number
from disent_tf.errors import InputError, TrainingError
from disent_tf.study import plan as planning
from disent_tf.study import ranking, table
from disent_tf.study import report as reporting
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
        sweep: Sweep,
        executor: Executor | None = None,
        metrics: Sequence[str] = (),
        metric_params: Sequence[str] = (),
        published: Mapping[str, Mapping[str, str]] | None = None,
        seconds_per_step: float | None = None,
    ) -> None:
        self.folder, self.runs = StudyFolder(output_dir), planning.plan(sweep)
        self.executor = executor or Local()
        if not hasattr(self.executor, "each"):
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
        return self._work(self.runs, self.training)

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
        summary = self._work(trained, self.evaluation)
        groups = ranking.groups(self.folder, trained)
        one = functools.partial(ranking.rank, self.folder, True)
        outcomes = list(self._each(groups, one, ranking.STAGE)) if groups else []
        counts = Counter(outcome for _, outcome in outcomes)
        if failed := [group for group, outcome in outcomes if outcome == "failed"]:
            raise TrainingError(
                f"{len(failed)} settings cannot be ranked; the first: {ranking.reason(self.folder, failed[0])}"
            )
        ranked = f"; udr: {counts['done']} settings done, {counts['kept']} done before"
        return summary + (ranked if groups else "")

    def status(self) -> str:
        """Returns what is done and what failed, in lines of at most 80 characters."""
        return states.status(self.folder, self.runs, (self.training, self.evaluation))

    def aggregate(self) -> str:
        """Writes all scores as one table, Parquet and CSV; returns where to."""
        frame = table.collect(self.folder, self.runs)
        return "\n".join(str(path) for path in table.write(frame, self.folder))

    def report(self) -> str:
        """Writes tables, figures and a page on the scores; returns where to."""
        return str(reporting.write(self.folder, table.collect(self.folder, self.runs), self.published))

    def _work(self, runs: Sequence[Run], stage: Stage) -> str:
        outcomes = self._pass(runs, stage, wait=False)
        if others := [run for run in runs if outcomes[run.name] == "elsewhere"]:
            _log.info("Another process is at %d runs; waiting for them.", len(others))
            outcomes |= self._pass(others, stage, wait=True)
        counts = Counter(outcomes.values())
        summary = f"{stage.name}: {counts['done']} done, {counts['kept']} done before, {counts['failed']} failed"
        if counts["failed"]:
            first = next(run for run in runs if outcomes[run.name] == "failed")
            raise TrainingError(f"{summary}; the first: {first.name}: {states.reason(self.folder, first, stage)}")
        return summary

    def _pass(self, runs: Sequence[Run], stage: Stage, *, wait: bool) -> dict[str, Outcome]:
        """Works on every run once."""
        outcomes: dict[str, Outcome] = {}
        one = functools.partial(work, self.folder, stage, wait)
        with logging_redirect_tqdm(), tqdm(total=len(runs), unit="run", disable=None, dynamic_ncols=True) as bar:
            for run, outcome in self._each(runs, one, stage.name):
                outcomes[run.name] = outcome
                bar.update()
                bar.set_postfix_str(f"{Counter(outcomes.values())['failed']} failed", refresh=False)
                if outcome == "failed":
                    _log.info("%s failed: %s", run.name, states.reason(self.folder, run, stage))
                elif bar.disable:
                    _log.info("%d/%d %s %s", len(outcomes), len(runs), run.name, outcome)
        return outcomes

    def _each(self, items: Sequence[Any], one: Any, stage: str) -> Iterator[tuple[Any, Outcome]]:
        """Yields runs or groups with their outcomes; what was lost has failed, and says so."""
        for item, outcome in self.executor.each(items, one):
            if outcome == "lost":
                record_loss(self.folder, item.name, stage)
            yield item, "failed" if outcome == "lost" else outcome


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
