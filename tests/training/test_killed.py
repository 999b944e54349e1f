"""A run killed with SIGKILL at any moment, also while a checkpoint is written, goes on as if nothing had happened."""

import csv
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from disent_tf.models import AnnealedVAE
from tests import tiny

SETTINGS = {"steps": 60, "log_every": 4, "checkpoint_every": 3, "decomposition_every": 10, "keep_checkpoints": 2}

_KILLED = """
import os, signal, sys, threading
from disent_tf.training.callbacks import EverySteps
from tests import tiny
from tests.training import test_killed

class Death(EverySteps):
    def at_step(self, step, logs):
        if step == 4:  # Compiled, and a checkpoint is there.
            threading.Timer(float(sys.argv[3]), os.kill, (os.getpid(), signal.SIGKILL)).start()

settings = {**test_killed.SETTINGS, "steps": 10**6}  # More than there is time for.
tiny.train_run(sys.argv[1], getattr(test_killed, sys.argv[2]), callbacks=[Death(1)], **settings)
"""

vae, factor_vae = tiny.vae, tiny.factor_vae


def annealed_vae():
    return AnnealedVAE(**tiny.networks(), gamma=10.0, max_capacity=5.0, annealing_steps=40)


def rows(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def state(model):
    return [v.numpy() for v in (*model.variables, *(v for o in model.optimizers for v in o.variables))]


def killed(folder, model, seconds):
    """Trains in a process that dies some seconds after its fourth step."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _KILLED, str(folder), model, str(seconds)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]


@pytest.mark.parametrize(
    ("model", "seed"),
    [("factor_vae", 0), *(pytest.param(*each, marks=pytest.mark.full) for each in [("vae", 1), ("annealed_vae", 2)])],
)
def test_killed_at_a_random_moment_a_run_resumes_bit_for_bit(tmp_path, model, seed):
    factory = globals()[model]
    killed(tmp_path / "run", model, seconds=np.random.default_rng(seed).uniform(0.0, 0.4))
    last = int(tf.train.latest_checkpoint(str(tmp_path / "run" / "checkpoints")).rpartition("-")[2])
    settings = SETTINGS | {"steps": (last // 20 + 2) * 20}
    resumed = tiny.train_run(tmp_path / "run", factory, resume=True, **settings)
    whole = tiny.train_run(tmp_path / "whole", factory, **settings)
    for a, b in zip(state(resumed), state(whole), strict=True):
        np.testing.assert_array_equal(a, b)
    for name in ("metrics.csv", "decomposition.csv"):
        assert rows(tmp_path / "run", name) == rows(tmp_path / "whole", name)
    kept = {path.name.partition(".")[0] for path in (tmp_path / "run" / "checkpoints").glob("step-*")}
    assert len(kept) >= 2
