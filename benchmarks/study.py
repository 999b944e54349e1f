"""What a study costs besides its trainings, and what a second worker gains.

    PYTHONPATH=. python benchmarks/study.py aggregate --runs 10_000
    PYTHONPATH=. python benchmarks/study.py overhead
    PYTHONPATH=. python benchmarks/study.py workers

aggregate: seconds to make one table of that many runs with 23 metrics of 8 numbers, and to write it. overhead: seconds
that claiming, calling and recording take for each run, with a command that does nothing. workers: seconds of the six
trainings of studies/smoke.gin with one worker and with two, in turns.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from unittest import mock

from disent_tf.study import table
from disent_tf.study import work as working
from disent_tf.study.local import Local
from disent_tf.study.plan import Run, plan
from disent_tf.study.sweep import product, seeds, varied
from disent_tf.study.work import Stage, StudyFolder, work

_METRICS, _KEYS = 23, 8
_ROOT = pathlib.Path(__file__).parents[1]


def runs(num: int) -> list[Run]:
    """Returns as many runs, of ten settings."""
    betas = [float(beta) for beta in range(1, 11)]
    return plan(product([varied(["beta_vae.gin"], {"BetaVAE.beta": betas}), seeds(-(-num // 10))]))[:num]


def aggregate(num: int) -> None:
    """Prints how long a table of `num` runs takes, with the files in the system's cache."""
    with tempfile.TemporaryDirectory() as place:
        folder, planned = StudyFolder(place), runs(num)
        folder.states.mkdir(parents=True)
        names = [(f"metric_{metric}", f"key_{key}") for metric in range(_METRICS) for key in range(_KEYS)]
        columns = {"metric": [metric for metric, _ in names], "key": [key for _, key in names]}
        found = {**columns, "value": [0.5] * len(names), "step": [7] * len(names), "metric_seconds": [1.0] * len(names)}
        trained = {"versions": {"disent_tf": "0", "tensorflow": "2", "keras": "3", "numpy": "2"}, "git_revision": "0"}
        for run in planned:
            state = {"arguments": [], "seconds": 1.0, "trained": {**trained, "seconds": 1.0}, "numbers": found}
            folder.done(run.name, "evaluate").write_text(json.dumps(state, indent=2))
        start = time.perf_counter()
        frame = table.collect(folder, planned)
        collected = time.perf_counter()
        paths = table.write(frame, folder)
        written = time.perf_counter()
        sizes = ", ".join(f"{path.suffix[1:]} {path.stat().st_size / 1e6:.0f} MB" for path in paths)
        seconds = f"{collected - start:.1f} s read, {written - collected:.1f} s written"
        print(f"{num:,} runs, {len(frame):,} rows: {seconds} ({sizes})")


def overhead(num: int) -> None:
    """Prints what a run costs whose command is /bin/true."""

    def nothing(name: str, arguments: list[str]) -> list[str]:
        run = pathlib.Path(arguments[0].partition("=")[2])
        info = '{"disent_tf": "0", "packages": {}, "git_revision": "0"}'
        return ["/bin/sh", "-c", f"mkdir -p '{run}' && echo '{info}' > '{run}/run.json'"]

    with tempfile.TemporaryDirectory() as place, mock.patch.object(working, "command_line", nothing):
        folder = StudyFolder(place)
        start = time.perf_counter()
        outcomes = list(
            Local(1).each(runs(num), lambda run, threads: work(folder, Stage("train"), False, run, threads))
        )
        first = time.perf_counter()
        again = list(Local(1).each(runs(num), lambda run, threads: work(folder, Stage("train"), False, run, threads)))
        seconds = first - start, time.perf_counter() - first
        if [{outcome for _, outcome in ended} for ended in (outcomes, again)] != [{"done"}, {"kept"}]:
            raise RuntimeError(f"Runs ended otherwise than expected: {outcomes}, {again}")
        print(f"{1000 * seconds[0] / num:.1f} ms for each run, {1000 * seconds[1] / num:.2f} ms for one that is done")


def workers(blocks: int) -> None:
    """Prints how long studies/smoke.gin trains with one worker and with two."""
    taken: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(blocks):
        for number, seconds in taken.items():
            with tempfile.TemporaryDirectory() as place:
                flags = [
                    "--gin_file=studies/smoke.gin",
                    f"--output_dir={place}",
                    f"--gin_param=Local.workers = {number}",
                ]
                start = time.perf_counter()
                command = [sys.executable, "-m", "disent_tf", "study", "run", *flags]
                subprocess.run(command, check=True, capture_output=True, cwd=_ROOT)
                seconds.append(time.perf_counter() - start)
    one, two = (statistics.median(seconds) for seconds in taken.values())
    print(f"one worker {one:.0f} s, two {two:.0f} s: {one / two:.2f} times as fast, {one / two / 2:.0%} of twice")


def main() -> None:
    """Calls one of the three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("aggregate", "overhead", "workers"))
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--blocks", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.what == "workers":
        workers(arguments.blocks)
    else:
        (aggregate if arguments.what == "aggregate" else overhead)(arguments.runs)


if __name__ == "__main__":
    main()
