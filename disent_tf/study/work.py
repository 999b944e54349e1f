"""The work on one run: training or evaluation by this project's own commands, in processes of their own."""

import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from disent_tf.errors import InputError
from disent_tf.files import write_text
from disent_tf.study.claims import claimed
from disent_tf.study.plan import Run
from disent_tf.training.run_folder import RunFolder, read_json, write_json

_PRCTL: Any = getattr(ctypes.CDLL(None), "prctl", None)  # Linux has it.
_PR_SET_PDEATHSIG = 1
_INTERRUPTED = 130  # The exit code of a command that Ctrl-C or SIGTERM ended.

_TRACEBACK = "Traceback (most recent call last):\n"

Outcome = Literal["done", "kept", "failed", "lost", "elsewhere"]
"""Finished now, finished before, failed, stopped or its worker lost before it could fail, another process is at it."""

stopped = threading.Event()
"""Set where this process gives up what it works on."""

_children: set[subprocess.Popen] = set()


def stop() -> None:
    """Ends the commands that this process waits for, in order: a training saves its run."""
    stopped.set()
    for child in list(_children):
        child.terminate()


class Stage(NamedTuple):
    """What is done with every run."""

    name: Literal["train", "evaluate"]
    arguments: tuple[str, ...] = ()
    """Of the command, besides those of the run. A run that was worked on with others is worked on again."""


class StudyFolder:
    """Paths inside the folder of a study."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = pathlib.Path(path).resolve()
        self.called_from = pathlib.Path.cwd()  # where relative gin files, and modules that they import, are found
        self.runs = self.path / "runs"  # a run folder for each
        self.logs = self.path / "logs"  # what the commands said
        self.states = self.path / "states"  # what is finished and what failed
        self.claims = self.path / "claims"  # who is at what
        self.table = self.path / "results.parquet"
        self.report = self.path / "report"

    def run(self, run: Run) -> RunFolder:
        """Returns the folder of a run."""
        return RunFolder(self.runs / run.name)

    def log(self, name: str, stage: str) -> pathlib.Path:
        """Returns what the command of a stage writes to; `name` is that of a run, or of a group of them."""
        return self.logs / f"{name}.{stage}.log"

    def done(self, name: str, stage: str) -> pathlib.Path:
        """Returns the file that is there once a stage is finished."""
        return self.states / f"{name}.{stage}.done.json"

    def failed(self, name: str, stage: str) -> pathlib.Path:
        """Returns the file that is there while the last attempt at a stage has failed."""
        return self.states / f"{name}.{stage}.failed.json"

    def claim(self, name: str) -> pathlib.Path:
        """Returns the file that whoever works on a run holds a lock of."""
        return self.claims / f"{name}.lock"


def work(folder: StudyFolder, stage: Stage, wait: bool, run: Run, threads: int | None = None) -> Outcome:
    """Brings a stage of a run to its end, from wherever it is.

    Training goes on where a run folder stands, and evaluation with the metrics that are missing. A failure leaves the
    log, with its reason in a file of its own, and is tried again by the next call.

    Args:
      folder: of the study.
      stage: what to do.
      wait: for another process that is at this run, until it ends; then there may be something left to do.
      run: which run.
      threads: of TensorFlow and scikit-learn; None leaves them all cores.
    """
    if is_done(folder, run, stage):
        return "kept"
    with claimed(folder.claim(run.name), until=stopped if wait else None) as claim:
        if claim is None:
            return "elsewhere"
        if is_done(folder, run, stage):  # By another driver, before the lock was ours.
            return "kept"
        return _work(folder, run, stage, threads, claim)


def is_done(folder: StudyFolder, run: Run, stage: Stage) -> bool:
    """Returns whether a stage is finished, with these arguments."""
    path = folder.done(run.name, stage.name)
    return path.is_file() and read_json(path)["arguments"] == list(stage.arguments)


def _work(folder: StudyFolder, run: Run, stage: Stage, threads: int | None, claim: int) -> Outcome:
    command = _train(folder, run, stage, threads) if stage.name == "train" else _evaluate(folder, run, stage)
    attempt = Attempt(folder, run.name, stage.name, stage.arguments, claim, threads)
    return attempt.make(command, lambda: _found(folder, run, stage), keep_partial=stage.name == "evaluate")


class Attempt(NamedTuple):
    """One try at a stage of a run, or of a group of runs."""

    folder: StudyFolder
    name: str
    stage: str
    arguments: Sequence[str]
    claim: int
    threads: int | None

    def make(self, command: list[str], found: Callable[[], dict[str, Any]], *, keep_partial: bool = False) -> Outcome:
        """Calls a command and keeps how it ended, with what was found: where it failed only to `keep_partial`."""
        log = self.folder.log(self.name, self.stage)
        log.parent.mkdir(parents=True, exist_ok=True)
        start = time.time()
        with log.open("ab") as output:
            begun = output.tell()
            code = _call(command, output, self.claim, self.threads, self.folder.called_from)
        if code == _INTERRUPTED or (code and stopped.is_set()):
            return "lost"
        failed = self.folder.failed(self.name, self.stage)
        before = float(read_json(failed)["seconds"]) if failed.is_file() else 0.0
        seconds = round(before + time.time() - start, 3)
        if code:
            reason = _reason(log, begun, code, self.stage)
            state = {"reason": reason, "exit_code": code, "log": str(log), "seconds": seconds}
            write_json(failed, {**state, **(found() if keep_partial else {})})
            return "failed"
        state = {"arguments": self.arguments, "seconds": seconds, "finished": round(time.time(), 3)}
        content = {**state, **found()}
        failed.unlink(missing_ok=True)  # First: what is done is not looked at again.
        write_json(self.folder.done(self.name, self.stage), content)
        return "done"


def _found(folder: StudyFolder, run: Run, stage: Stage) -> dict[str, Any]:
    """Returns what a table of the study has of a run, so that it opens one file for each and not thirty."""
    there = folder.run(run)
    if stage.name == "train":
        info = read_json(there.info)
        return {"versions": {"disent_tf": info["disent_tf"], **info["packages"]}, "git_revision": info["git_revision"]}
    numbers: dict[str, list[Any]] = {name: [] for name in ("metric", "key", "value", "step", "metric_seconds")}
    whole = sorted(there.scores.glob("[!.]*.json"))  # A name with a dot is half a file of a killed process.
    for path in whole:  # Columns, which a table of many runs reads five times as fast.
        found = read_json(path)
        scores = {key: value for key, value in found["scores"].items() if _is_number(value)}
        numbers["key"].extend(scores)
        numbers["value"].extend(scores.values())
        for name, value in {"metric": path.stem, "step": found["step"], "metric_seconds": found["seconds"]}.items():
            numbers[name].extend([value] * len(scores))
    return {"trained": read_json(folder.done(run.name, "train")), "numbers": numbers}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or value in ("NaN", "Infinity", "-Infinity")


def _train(folder: StudyFolder, run: Run, stage: Stage, threads: int | None) -> list[str]:
    there = folder.run(run)
    arguments = [f"--output_dir={there.path}", *(["--resume"] if there.info.is_file() else [])]
    arguments += [f"--gin_file={name}" for name in run.gin_files]
    bindings = [*run.gin_params, *([] if threads is None else [f"train.threads = {threads}"])]
    return command_line("train", [*arguments, *(f"--gin_param={binding}" for binding in bindings), *stage.arguments])


def _evaluate(folder: StudyFolder, run: Run, stage: Stage) -> list[str]:
    # A seed has draws of its own, or the spread over seeds would leave out that of the metric.
    own = [] if run.seed is None else [f"--gin_param=evaluate.seed = {run.seed}"]
    return command_line("evaluate", [f"--run_dir={folder.run(run).path}", *own, *stage.arguments])


def command_line(name: str, arguments: Sequence[str]) -> list[str]:
    """Returns what calls a command of this project in a process of its own."""
    return [sys.executable, "-m", "disent_tf", name, *arguments]


def _call(command: list[str], output: Any, claim: int, threads: int | None, called_from: pathlib.Path) -> int:
    """Returns the exit code of a command, which holds the claim as long as it lives; Ctrl-C ends it in order."""
    cwd = called_from if called_from.is_dir() else None  # Another machine may not have it.
    environment = dict(os.environ) if threads is None else _with_threads(os.environ, threads)
    child = subprocess.Popen(
        command,
        stdout=output,
        stderr=output,
        cwd=cwd,
        pass_fds=[claim],
        env=environment,
        preexec_fn=_end_with_parent if _PRCTL else None,
    )
    _children.add(child)
    try:
        if stopped.is_set():  # Since it was asked for.
            child.terminate()
        return child.wait()
    except BaseException:  # A task of Ray that is called off.
        child.terminate()
        child.wait()
        raise
    finally:
        _children.discard(child)


def _end_with_parent() -> None:
    """Has the system end this process in order, its run saved, when the one that called it is gone, however it went."""
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGTERM)  # Nothing else: between fork and exec other threads may hold any lock.


def _with_threads(environment: Mapping[str, str], threads: int) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
    own = {name: str(threads) for name in names}
    own |= {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
    return {**own, **environment}


def _reason(log: pathlib.Path, begun: int, code: int, command: str) -> str:
    """Returns why a command failed: its error, else the last line that it wrote, or the signal that ended it."""
    if code < 0:
        return f"ended by signal {-code}"
    with log.open("rb") as said:
        said.seek(begun)
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    if not lines:
        return f"exit code {code}, without a word"
    if lines[-1].startswith(f"{command}: "):
        return lines[-1]
    _, traceback, error = "\n".join(lines).rpartition(_TRACEBACK)
    of_error = [line for line in error.splitlines() if line and not line.startswith(" ")] if traceback else []
    return (of_error or lines[-1:])[0]  # Below the error, gin says whom it called.


def record_loss(folder: StudyFolder, name: str, stage: str) -> None:
    """Keeps that whoever worked on a run, or a group of them, was stopped or lost, with all that it knew."""
    log = folder.log(name, stage)
    write_json(
        folder.failed(name, stage), {"reason": "it was stopped, or its worker lost", "log": str(log), "seconds": 0.0}
    )


def check_trained(folder: StudyFolder, runs: Sequence[Run]) -> None:
    """Raises InputError unless one of the runs, at least, is trained."""
    if not any(folder.done(run.name, "train").is_file() for run in runs):
        raise InputError(f"No run in {str(folder.path)!r} is trained; train them first: bin/study run.")


def write_plan(folder: StudyFolder, runs: Sequence[Run]) -> None:
    """Keeps what the study consists of, for whoever looks into the folder."""
    lines = [f"{run.name}  {' '.join(run.gin_files)}  {'; '.join(run.gin_params)}" for run in runs]
    write_text(folder.path / "plan.txt", "\n".join(lines) + "\n")
