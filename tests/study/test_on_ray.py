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


def work(folder, run, threads):  # The study's is a partial, too.
    working.command_line = lambda name, arguments: [sys.executable, "-c", command, name, *arguments]
    return working.work(folder, Stage("train"), True, run, threads)


one = functools.partial(work, StudyFolder(folder))
runs = plan(product([varied(["beta_vae.gin"], {"BetaVAE.beta": [1.0, 4.0]}), fixed((), params), seeds(1)]))
print(json.dumps(sorted((run.name, outcome) for run, outcome in OnRay(cpus=1).each(runs, one))))
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


REAL = """
study.sweep = @product()
product.sweeps = [@own/fixed(), @small/fixed(), @seeds()]
own/fixed.gin_files = ['own.gin']
small/fixed.gin_files = ['data/xy_squares.gin']
small/fixed.bindings = {'XYSquares.num_squares': 1, 'XYSquares.num_places': 4, 'image_shape': (32, 32, 3)}
seeds.num = 1
study.executor = @OnRay()
study.metrics = ['metrics/quick.gin']
study.metric_params = ["evaluate.metrics = {'mig': @compute_mig}"]
"""


@needs_ray
@pytest.mark.full
def test_a_study_is_run_with_gin_files_of_the_caller(tmp_path):
    (tmp_path / "own.gin").write_text("include 'pca.gin'\nlatent_dim = 2\n")
    (tmp_path / "study.gin").write_text(REAL)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    for verb in ("run", "evaluate"):
        command = [sys.executable, "-m", "disent_tf", "study", verb, "--gin_file=study.gin", "--output_dir=out"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout == "evaluate: 1 done, 0 done before, 0 failed\n"


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
