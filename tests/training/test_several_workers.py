"""A run of two processes on this machine: the run of two replicas in one process, and as exactly resumed."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from disent_tf.training.checkpointing import load_model
from tests import tiny
from tests.training.test_strategies import beta_tc_vae, watched

_WORKER = """
import sys
from tests import tiny
from tests.training import test_strategies
model = {"factor_vae": tiny.factor_vae, "beta_tc_vae": test_strategies.beta_tc_vae}[sys.argv[2]]
options = {**test_strategies.watched(), "steps": int(sys.argv[3]), "resume": sys.argv[4] == "True"}
tiny.train_run(sys.argv[1], model, strategy="multi_worker", **options)
"""


def free_ports(num):
    sockets = [socket.socket() for _ in range(num)]
    try:
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def train_on_two_workers(folder, model, steps, *, resume=False):
    """Runs both to their end."""
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    workers = []
    for index in range(2):
        place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = os.environ | {"TF_CONFIG": json.dumps(place), "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", _WORKER, str(folder), model, str(steps), str(resume)]
        workers.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
    try:
        for worker in workers:
            output, _ = worker.communicate(timeout=300)
            assert worker.returncode == 0, output[-3000:]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            worker.stdout.close()


@pytest.mark.parametrize(
    ("model", "stops"),
    [("factor_vae", [4]), *(pytest.param(m, [2, 4], marks=pytest.mark.full) for m in ("factor_vae", "beta_tc_vae"))],
)
def test_two_workers_train_as_two_replicas_do_and_resume_exactly(tmp_path, model, stops):
    factory = {"factor_vae": tiny.factor_vae, "beta_tc_vae": beta_tc_vae}[model]
    expected = tiny.train_run(tmp_path / "mirrored", factory, steps=4, strategy="mirrored", **watched())
    for steps in stops:
        train_on_two_workers(tmp_path / "workers", model, steps=steps, resume=steps > stops[0])
    found = load_model(tmp_path / "workers")
    for a, b in zip(expected.get_weights(), found.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
    for name in ("metrics.csv", "decomposition.csv", "validation.csv"):
        curves = [np.loadtxt(tmp_path / run / name, delimiter=",", skiprows=1) for run in ("mirrored", "workers")]
        np.testing.assert_allclose(*curves, rtol=1e-4, atol=1e-6)
