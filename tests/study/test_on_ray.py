"""A study on a local Ray cluster, in a process of its own."""

import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from disent_tf.errors import InputError
from disent_tf.study import on_ray
from disent_tf.study.on_ray import OnRay
from tests.study.conftest import COMMAND, calls

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed.")
ROOT = pathlib.Path(on_ray.__file__).parents[2]

DRIVER = """
import functools, json, sys
import disent_tf.study.work as working
from disent_tf.study.on_ray import OnRay
from disent_tf.study.plan import plan
from disent_tf.study.sweep import product, seeds, varied, fixed
from disent_tf.study.work import Stage, StudyFolder

folder, command, params = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


def work(run, threads):
    working.command_line = lambda name, arguments: [sys.executable, "-c", command, name, *arguments]
    return working.work(StudyFolder(folder), Stage("train"), True, run, threads)


runs = plan(product([varied(["beta_vae.gin"], {"BetaVAE.beta": [1.0, 4.0]}), fixed((), params), seeds(1)]))
print(json.dumps(sorted((run.name, outcome) for run, outcome in OnRay(cpus=1).each(runs, work))))
"""


def driver(folder, **params):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    command = [sys.executable, "-c", DRIVER, str(folder.path), COMMAND, json.dumps(params)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


@needs_ray
@pytest.mark.full
def test_runs_are_tasks_of_a_cluster(folder):
    process = driver(folder)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert [outcome for _, outcome in json.loads(out.splitlines()[-1])] == ["done", "done"]
    assert all("--gin_param=train.threads = 1" in arguments for _, _, arguments in calls(folder))


@needs_ray
def test_a_run_whose_worker_dies_is_tried_again_and_resumed(folder):
    process = driver(folder, **{"train.wait": True})
    begun = []
    while len(begun) < 2:
        assert process.poll() is None
        begun = [path for path in folder.runs.glob("*/begun") if path.read_text()]
    (folder.path / "go").touch()  # The attempts from now on do not wait.
    for path in begun:
        worker = parent(int(path.read_text()))
        os.kill(worker, signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert [outcome for _, outcome in json.loads(out.splitlines()[-1])] == ["done", "done"]
    attempts = [arguments for _, _, arguments in calls(folder)]
    assert ["--resume" in arguments for arguments in attempts] == [False, False, True, True]


def parent(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_missing_ray_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        InputError, match=r"OnRay needs Ray, which is not installed; expected pip install 'disent_tf\[ray\]'"
    ):
        OnRay()


@pytest.mark.parametrize("arguments", [{"cpus": 0}, {"gpus": -1.0}, {"retries": -1}])
def test_bad_numbers_are_errors(arguments):
    with pytest.raises(InputError, match=r"OnRay.\w+ is -?\d"):
        OnRay(**arguments)
