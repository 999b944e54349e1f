import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import threading

import pytest

from disent_tf.study.claims import claimed
from disent_tf.study.plan import plan
from disent_tf.study.sweep import fixed
from disent_tf.study.work import Stage, StudyFolder, is_done, work
from tests.study.conftest import COMMAND, calls, four

TRAIN, EVALUATE = Stage("train"), Stage("evaluate", ("--gin_file=metrics/quick.gin",))


def test_a_run_is_trained_once(folder, runs):
    assert work(folder, TRAIN, False, runs[0]) == "done"
    assert work(folder, TRAIN, False, runs[0]) == "kept"
    ((stage, name, arguments),) = calls(folder)
    assert (stage, name) == ("train", runs[0].name)
    assert arguments[0] == f"--output_dir={folder.runs / runs[0].name}"
    assert arguments[1:] == ["--gin_file=beta_vae.gin", "--gin_param=BetaVAE.beta = 1.0", "--gin_param=train.seed = 0"]
    assert is_done(folder, runs[0], TRAIN) and not is_done(folder, runs[1], TRAIN)
    assert folder.log(runs[0].name, "train").read_text() == f"working on {runs[0].name}\n"


def test_a_run_that_was_begun_is_resumed(folder, runs):
    work(folder, TRAIN, False, runs[0])
    folder.done(runs[0].name, "train").unlink()  # As if its driver had been killed before it could say so.
    assert work(folder, TRAIN, False, runs[0]) == "done"
    assert ["--resume" in arguments for _, _, arguments in calls(folder)] == [False, True]


def test_threads_are_given_to_training(folder, runs):
    work(folder, TRAIN, False, runs[0], 3)
    assert "--gin_param=train.threads = 3" in calls(folder)[0][2]


def test_a_failure_keeps_its_log_and_reason_and_is_tried_again(folder):
    (run, *_) = four(**{"train.fail": True})
    assert work(folder, TRAIN, False, run) == "failed"
    failed = json.loads(folder.failed(run.name, "train").read_text())
    assert failed["reason"] == "train: the disk is full"
    assert failed["exit_code"] == 1
    assert "the disk is full" in folder.log(run.name, "train").read_text()
    assert not is_done(folder, run, TRAIN)
    (folder.path / "mended").touch()
    assert work(folder, TRAIN, False, run) == "done"
    assert not folder.failed(run.name, "train").exists()
    done = json.loads(folder.done(run.name, "train").read_text())
    assert done["seconds"] > failed["seconds"]  # Both attempts count.


def test_the_reason_is_the_error_and_not_what_follows_it(folder):
    (run, *_) = four(**{"train.crash": True})
    assert work(folder, TRAIN, False, run) == "failed"
    failed = json.loads(folder.failed(run.name, "train").read_text())
    assert failed["reason"] == "ValueError: no such factor"


def test_what_was_computed_before_a_failed_metric_is_kept(folder, runs):
    (run, *_) = runs
    work(folder, TRAIN, False, run)
    half = Stage("evaluate", ("--gin_param=train.crash = True",))
    (folder.runs / run.name / "scores").mkdir()
    (folder.runs / run.name / "scores" / "sap_score.json").write_text('{"scores": {"a": 1}, "seconds": 1, "step": 7}')
    (folder.runs / run.name / "scores" / ".mig.json.half.json").write_text("{")  # Of a killed process.
    assert work(folder, half, False, run) == "failed"
    failed = json.loads(folder.failed(run.name, "evaluate").read_text())
    assert failed["numbers"]["metric"] == ["sap_score"]


def test_the_words_of_an_earlier_attempt_are_not_its_reason(folder):
    (run, *_) = four(**{"train.silent": True})
    folder.logs.mkdir(parents=True)
    folder.log(run.name, "train").write_text("Traceback (most recent call last):\nKeyError: before\n")
    work(folder, TRAIN, False, run)
    reason = json.loads(folder.failed(run.name, "train").read_text())["reason"]
    assert reason == "exit code 3, without a word"


def test_a_command_is_called_where_the_study_was(folder, runs, tmp_path):
    folder.called_from = tmp_path
    work(folder, TRAIN, False, runs[0])
    assert (folder.path / "where.txt").read_text() == str(tmp_path)


def test_a_stopped_run_has_not_failed(folder):
    (run, *_) = four(**{"train.interrupted": True})
    assert work(folder, TRAIN, False, run) == "lost"
    assert not folder.failed(run.name, "train").exists()


def test_another_process_is_left_alone(folder, runs):
    with claimed(folder.claim(runs[0].name)):
        assert work(folder, TRAIN, False, runs[0]) == "elsewhere"
    assert not calls(folder)


def test_what_another_process_finishes_meanwhile_is_kept(folder, runs):
    outcomes = []
    with claimed(folder.claim(runs[0].name)):
        waiting = threading.Thread(target=lambda: outcomes.append(work(folder, TRAIN, True, runs[0])))
        waiting.start()
        folder.states.mkdir(parents=True, exist_ok=True)
        folder.done(runs[0].name, "train").write_text('{"arguments": [], "seconds": 1.0}')
    waiting.join(timeout=60)
    assert outcomes == ["kept"]
    assert not calls(folder)


def test_evaluation_has_the_seed_of_the_run_and_is_done_again_for_other_metrics(folder, runs):
    run = runs[1]
    work(folder, TRAIN, False, run)
    assert work(folder, EVALUATE, False, run) == "done"
    _, _, arguments = calls(folder)[-1]
    assert arguments == [f"--run_dir={folder.runs / run.name}", "--gin_param=evaluate.seed = 1", *EVALUATE.arguments]
    done = json.loads(folder.done(run.name, "evaluate").read_text())
    assert done["numbers"] == {
        "metric": ["mig"] * 3,
        "key": ["discrete_mig", "num_bins", "nothing"],
        "value": [pytest.approx(0.2), 20, "NaN"],
        "step": [7] * 3,
        "metric_seconds": [0.5] * 3,
    }
    assert work(folder, EVALUATE, False, run) == "kept"
    assert work(folder, Stage("evaluate", ("--gin_file=metrics/fast.gin",)), False, run) == "done"


DRIVER = """
import sys
from disent_tf.study import work as working
from disent_tf.study.plan import plan
from disent_tf.study.sweep import fixed
from disent_tf.study.work import Stage, StudyFolder, work

command = sys.argv[2]
working.command_line = lambda name, arguments: [sys.executable, "-c", command, name, *arguments]
run, = plan(fixed(["vae.gin"], {"train.wait": True}))
work(StudyFolder(sys.argv[1]), Stage("train"), False, run)
"""


def wait_for(path: pathlib.Path, process: subprocess.Popen) -> int:
    """Returns the number of the process that wrote a file, once it has."""
    while not (path.is_file() and path.read_text()):
        assert process.poll() is None
        os.sched_yield()
    return int(path.read_text())


def gone(pid: int) -> None:
    """Returns once a process has ended, which is no child of this one."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        assert select.select([descriptor], [], [], 60)[0]
        os.close(descriptor)


def test_a_killed_driver_ends_its_training_and_the_next_one_goes_on(tmp_path, folder):
    (run,) = plan(fixed(["vae.gin"], {"train.wait": True}))
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, str(folder.path), COMMAND])
    child = wait_for(folder.runs / run.name / "begun", driver)
    assert work(folder, TRAIN, False, run) == "elsewhere"  # A second driver, while the first is at it.
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    gone(child)
    with claimed(folder.claim(run.name)) as claim:
        assert claim is not None
    assert not is_done(folder, run, TRAIN)
    assert StudyFolder(folder.path).run(run).info.is_file()  # What was trained so far is there to be resumed.


def test_a_killed_worker_is_a_failure_that_is_told(folder):
    (run,) = plan(fixed(["vae.gin"], {"train.wait": True}))
    outcomes = []
    working = threading.Thread(target=lambda: outcomes.append(work(folder, TRAIN, False, run)))
    working.start()
    path = folder.runs / run.name / "begun"
    while not (path.is_file() and path.read_text()):
        os.sched_yield()
    os.kill(int(path.read_text()), signal.SIGKILL)
    working.join(timeout=60)
    assert outcomes == ["failed"]
    assert json.loads(folder.failed(run.name, "train").read_text())["reason"] == "ended by signal 9"
