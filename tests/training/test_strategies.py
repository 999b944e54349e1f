"""A run on several replicas: the run of one device at the same batch, and as exactly resumed."""

import csv

import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.models import BetaTCVAE
from disent_tf.training.checkpointing import load_model
from disent_tf.training.early_stopping import EarlyStopping
from disent_tf.visualization.watched_traversals import TraversalImages
from tests import tiny


def watched():
    """Options of runs that are measured in every way, and written often."""
    stopping = EarlyStopping(tiny.Squares(), every=2, batch_size=4, num_batches=2)
    pictures = TraversalImages(tiny.Squares(), every=2)
    return {"log_every": 2, "decomposition_every": 2, "checkpoint_every": 2, "callbacks": [stopping, pictures]}


def beta_tc_vae():
    return BetaTCVAE(**tiny.networks(), num_data=32)


OTHERS = (tiny.vae, beta_tc_vae)


def values(model):
    return [np.asarray(w) for w in model.get_weights()]


def rows(folder, name="metrics.csv"):
    with (folder / name).open(newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize("model", [tiny.factor_vae, *(pytest.param(m, marks=pytest.mark.full) for m in OTHERS)])
def test_a_mirrored_run_resumes_exactly(tmp_path, model):
    def run(folder, **options):
        return tiny.train_run(folder, model, strategy="mirrored", **watched(), **options)

    whole = run(tmp_path / "whole", steps=6)
    run(tmp_path / "parts", steps=3)
    resumed = run(tmp_path / "parts", steps=6, resume=True)
    for a, b in zip(values(whole), values(resumed), strict=True):
        np.testing.assert_array_equal(a, b)
    for name in ("decomposition.csv", "validation.csv"):
        assert rows(tmp_path / "parts", name)[-1] == rows(tmp_path / "whole", name)[-1]
    assert rows(tmp_path / "parts")[-1] == rows(tmp_path / "whole")[-1]
    loaded = load_model(tmp_path / "parts")  # On one device.
    for a, b in zip(values(whole), values(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


def test_batches_that_cannot_be_shared_are_an_error(tmp_path):
    with pytest.raises(InputError, match="batch_size = 5 cannot be shared between 2 replicas; expected a mult"):
        tiny.train_run(tmp_path / "run", strategy="mirrored", batch_size=5)
    assert not (tmp_path / "run").exists()


def test_a_run_of_replicas_goes_on_with_one_device(tmp_path):
    before = tiny.train_run(tmp_path / "run", tiny.factor_vae, strategy="mirrored", steps=2, log_every=4)
    after = tiny.train_run(tmp_path / "run", tiny.factor_vae, steps=4, log_every=4, resume=True)
    assert int(after.optimizer.iterations) == int(after.discriminator_optimizer.iterations) == 4
    assert [row["step"] for row in rows(tmp_path / "run")] == [2.0, 4.0]
    assert all(np.abs(a - b).max() < 0.1 for a, b in zip(values(before), values(after), strict=True))
