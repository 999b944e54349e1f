"""Which runs of a setting are best, without labels: a stage of a study on the runs that differ by the seed alone."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from disent_tf.study import work as working
from disent_tf.study.claims import claimed
from disent_tf.study.plan import Run, by_setting
from disent_tf.study.work import Attempt, Outcome, StudyFolder
from disent_tf.training.run_folder import read_json

STAGE = "udr"


class Group(NamedTuple):
    """Runs that differ by the seed alone."""

    name: str
    runs: tuple[Run, ...]


def groups(folder: StudyFolder, runs: Sequence[Run]) -> list[Group]:
    """Returns the groups of runs that can be ranked: two VAEs or more."""
    vaes = [run for run in runs if _is_vae(folder, run)]
    return [Group(_name(own), tuple(own)) for own in by_setting(vaes).values() if len(own) > 1]


def rank(folder: StudyFolder, wait: bool, group: Group, threads: int | None = None) -> Outcome:
    """Brings the ranking of a group to its end; see `work` for the arguments and what is returned."""
    with claimed(folder.claim(group.name), until=working.stopped if wait else None) as claim:
        if claim is None:
            return "elsewhere"
        if folder.done(group.name, STAGE).is_file():
            return "kept"
        output = folder.states / f"{group.name}.{STAGE}.json"
        run_dirs = [f"--run_dir={folder.run(run).path}" for run in group.runs]
        attempt = Attempt(folder, group.name, STAGE, [run.name for run in group.runs], claim, threads)
        return attempt.make(
            working.command_line("rank", [*run_dirs, f"--output={output}"]), lambda: {"scores": read_json(output)}
        )


def ranks(folder: StudyFolder, runs: Sequence[Run], scored: Sequence[Run]) -> dict[str, tuple[float, float]]:
    """Returns the score and the seconds of each run, by its name, whose setting is ranked.

    A ranking of runs that the study has not (any more), or without some of those `scored`, does not count.
    """
    states = [read_json(path) for path in sorted(folder.states.glob(f"*.{STAGE}.done.json"))]
    rankings = {frozenset(state["scores"]): state for state in states}
    wanted, found = by_setting(scored), dict[str, tuple[float, float]]()
    for setting, own in by_setting(runs).items():
        all_of_it = {run.name for run in own}
        needed = {run.name for run in wanted.get(setting, [])}
        for names in sorted(rankings, key=len):
            if needed <= names <= all_of_it:
                scores, seconds = rankings[names]["scores"], rankings[names]["seconds"]
                found |= {name: (scores[name], seconds / len(names)) for name in needed}
    return found


def _is_vae(folder: StudyFolder, run: Run) -> bool:
    """Returns whether a run's model has an encoder of posteriors and a prior, by what its folder says."""
    path = folder.run(run).model
    return path.is_file() and "prior" in read_json(path).get("config", {})


def _name(runs: Sequence[Run]) -> str:
    digest = hashlib.sha256(" ".join(run.name for run in runs).encode()).hexdigest()[:8]
    return f"{runs[0].name.partition('-seed=')[0]}-{digest}"
