import csv

import keras
import numpy as np
import pytest

from disent_tf.data.pairs import ImagePairs
from disent_tf.errors import InputError
from disent_tf.models import AdaGVAE
from disent_tf.training.early_stopping import EarlyStopping
from tests import tiny


def early_stopping(**options):
    settings = {"data": tiny.Squares(), "every": 2, "batch_size": 4, "num_batches": 2}
    return EarlyStopping(**(settings | options))


def measured(folder):
    with (folder / "validation.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def state(model):
    return [v.numpy() for v in (*model.variables, *(v for o in model.optimizers for v in o.variables))]


@pytest.mark.parametrize("model", [tiny.vae, tiny.factor_vae])
def test_training_does_not_depend_on_being_measured(tmp_path, model):
    watched = tiny.train_run(tmp_path / "a", model, steps=6, log_every=3, callbacks=[early_stopping()])
    alone = tiny.train_run(tmp_path / "b", model, steps=6, log_every=3)
    for a, b in zip(state(watched), state(alone), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (tmp_path / "a" / "metrics.csv").read_text() == (tmp_path / "b" / "metrics.csv").read_text()


def test_measurements_are_means_of_the_loss_on_the_same_images(tmp_path):
    model = tiny.train_run(tmp_path / "a", steps=4, callbacks=[early_stopping(num_batches=50)])
    rows = measured(tmp_path / "a")
    assert [row["step"] for row in rows] == ["2", "4"]
    again = model.evaluate(tiny.Squares().dataset(4, seed=0).take(50), verbose=0, return_dict=True)
    assert float(rows[-1]["loss"]) == pytest.approx(again["loss"], rel=0.02)  # Other samples of the same posteriors.
    assert float(rows[-1]["kl"]) == pytest.approx(again["kl"], rel=1e-5)


def test_a_loss_that_no_longer_falls_ends_training(tmp_path, caplog):
    caplog.set_level("INFO")
    # Without a change of the weights, losses vary by the noise of the samples alone: 1000 nats below none ever falls.
    settings = {"optimizer": lambda: keras.optimizers.SGD(0.0), "steps": 40}
    stopper = early_stopping(patience=3, min_delta=1000.0)
    model = tiny.train_run(tmp_path / "a", callbacks=[stopper], **settings)
    assert int(model.optimizer.iterations) == 8  # The first of four is the lowest.
    assert "Stopped early after step 8" in caplog.text
    assert [row["step"] for row in measured(tmp_path / "a")] == ["2", "4", "6", "8"]
    again = early_stopping(patience=3, min_delta=1000.0)
    resumed = tiny.train_run(tmp_path / "a", callbacks=[again], resume=True, **settings)
    assert int(resumed.optimizer.iterations) == 8  # It stays stopped.
    more = early_stopping(patience=5, min_delta=1000.0)
    resumed = tiny.train_run(tmp_path / "a", callbacks=[more], resume=True, **settings)
    assert int(resumed.optimizer.iterations) == 12


def test_a_falling_loss_does_not_end_training(tmp_path):
    optimizer = {"optimizer": lambda: keras.optimizers.Adam(1e-2)}
    stopper = early_stopping(patience=2, every=20, num_batches=30)
    model = tiny.train_run(tmp_path / "a", steps=100, callbacks=[stopper], **optimizer)
    assert int(model.optimizer.iterations) == 100


def test_models_of_pairs_are_measured_on_pairs(tmp_path):
    pairs = ImagePairs(tiny.Squares())

    def model():
        return AdaGVAE(**tiny.networks())

    tiny.train_run(tmp_path / "a", model, steps=2, data=pairs, callbacks=[early_stopping(data=pairs)])
    assert len(measured(tmp_path / "a")) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, r"EarlyStopping\.every is 0"),
        ({"patience": 0}, r"EarlyStopping\.patience is 0"),
        ({"num_batches": 1.5}, r"EarlyStopping\.num_batches is 1\.5"),
        ({"batch_size": 0}, r"EarlyStopping\.batch_size is 0"),
        ({"min_delta": -1}, r"EarlyStopping\.min_delta is -1"),
        ({"data": None}, r"EarlyStopping\.data is None; expected a data set"),
    ],
)
def test_wrong_arguments_are_an_error(options, message):
    with pytest.raises(InputError, match=message):
        early_stopping(**options)
