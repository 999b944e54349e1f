"""What of a study is done, what failed, and what is left to do."""

import functools
from collections.abc import Sequence

from disent_tf import config
from disent_tf.study.plan import Run, by_setting
from disent_tf.study.work import Stage, StudyFolder, is_done
from disent_tf.training.run_folder import read_json

_WIDTH = 80


def status(folder: StudyFolder, runs: Sequence[Run], stages: Sequence[Stage]) -> str:
    """Returns a line for each setting, with how many of its runs are through each stage, and one for each failure."""
    done = {stage.name: {run.name for run in runs if is_done(folder, run, stage)} for stage in stages}
    failed = {stage.name: [run for run in runs if reason(folder, run.name, stage.name)] for stage in stages}
    counts = [f"{name} {len(names)}/{len(runs)}, {len(failed[name])} failed" for name, names in done.items()]
    lines = ["; ".join(counts)]
    heads = "  ".join(f"{stage.name:>9}" for stage in stages)
    room = _WIDTH - len(heads) - 2
    lines.append(f"{'setting':<{room}}  {heads}")
    for setting, own in by_setting(runs).items():
        cells = "  ".join(f"{sum(run.name in done[s.name] for run in own):>4}/{len(own):<4}" for s in stages)
        lines.append(f"{_cut(setting, room):<{room}}  {cells}".rstrip())
    unranked = sorted(path.name.split(".udr.failed")[0] for path in folder.states.glob("*.udr.failed.json"))
    told = [(stage.name, run.name) for stage in stages for run in failed[stage.name]]
    for stage, name in [*told, *(("udr", name) for name in unranked)]:
        lines.append(_cut(f"{stage} failed: {name}", _WIDTH))
        lines.append(_cut(f"  {reason(folder, name, stage)}", _WIDTH))
    return "\n".join(lines)


def reason(folder: StudyFolder, name: str, stage: str) -> str:
    """Returns why the last attempt at a stage of a run, or of a group of them, failed; empty if it did not."""
    path = folder.failed(name, stage)
    return str(read_json(path)["reason"]) if path.is_file() else ""


def cost(folder: StudyFolder, runs: Sequence[Run], seconds_per_step: float | None) -> list[str]:
    """Returns lines on how many steps are left, and how long they will take on one worker."""
    steps = {run.name: num_steps(run) for run in runs}
    finished = {run.name: read_json(path) for run in runs if (path := folder.done(run.name, "train")).is_file()}
    left = sum(number or 0 for name, number in steps.items() if name not in finished)
    unknown = sum(number is None for number in steps.values())
    lines = [f"{len(runs)} runs, {len(finished)} of them trained; {left:,} training steps left"]
    if unknown:
        lines.append(f"{unknown} runs have a number of steps that is no number in their gin files")
    known = {name: number for name in finished if (number := steps[name])}
    if known:
        seconds = sum(finished[name]["seconds"] for name in known) / sum(known.values())
        lines.append(f"about {duration(left * seconds)} on one worker, at {seconds:.3g} s a step, as so far")
    elif seconds_per_step is not None:
        lines.append(f"about {duration(left * seconds_per_step)} on one worker, at {seconds_per_step:g} s a step")
    else:
        lines.append("how long they take is known once a run is trained, or by study.seconds_per_step")
    return lines


def num_steps(run: Run) -> int | None:
    """Returns a run's training steps as its gin files and bindings have them."""
    value = dict(run.bindings).get("train.steps", _steps_in(run.gin_files))
    return value if isinstance(value, int) else None


@functools.cache
def _steps_in(gin_files: tuple[str, ...]) -> int | None:
    return config.bound_value(gin_files, (), "train.steps")


def duration(seconds: float) -> str:
    """Returns a time in hours and minutes."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
