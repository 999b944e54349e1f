import csv
import json
import signal
import threading

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.data.labelled import PartlyLabelled
from disent_tf.data.pairs import ImagePairs
from disent_tf.distributions.aggregate_posterior import decompose
from disent_tf.distributions.likelihoods import GaussianLikelihood
from disent_tf.distributions.mixtures import VampPrior
from disent_tf.distributions.priors import AnisotropicNormal
from disent_tf.errors import InputError, TrainingError
from disent_tf.models import VAE, AdaGVAE, FactorVAE
from disent_tf.models.supervision import L2Supervision
from disent_tf.networks.corruptions import SaltAndPepper
from disent_tf.training.checkpointing import load_model
from disent_tf.training.train import train
from tests import tiny


def run(folder, model=tiny.vae, *, steps=6, log_every=2, **options):
    return tiny.train_run(folder, model, steps=steps, log_every=log_every, **options)


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


class Signal(tiny.Squares):
    """Sends a signal to the process when a given batch is asked for."""

    def __init__(self, batch, number):
        self.batches_left, self.number = batch, number

    def __getitem__(self, indices):
        self.batches_left -= 1
        if self.batches_left == 0:
            signal.pthread_kill(threading.main_thread().ident, self.number)
        return super().__getitem__(indices)


class Crash(tiny.Squares):
    """Fails when a given batch is asked for."""

    def __init__(self, batch):
        self.batches_left = batch

    def __getitem__(self, indices):
        self.batches_left -= 1
        if self.batches_left == 0:
            raise RuntimeError("the disk is gone")
        return super().__getitem__(indices)


def test_fills_a_run_folder(tmp_path):
    run(tmp_path / "run", checkpoint_every=4)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"run.json", "config.gin", "model.json", "checkpoints", "metrics.csv", "tensorboard"}
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["seed"] == 0
    assert info["packages"]["keras"] == keras.__version__
    assert [row["step"] for row in rows(tmp_path / "run")] == ["2", "4", "6"]
    assert tf.train.latest_checkpoint(str(tmp_path / "run" / "checkpoints")).endswith("step-6")
    assert list((tmp_path / "run" / "tensorboard").glob("events*"))


def test_logged_parts_add_up(tmp_path):
    run(tmp_path / "run", tiny.factor_vae)
    for row in rows(tmp_path / "run"):
        assert float(row["loss"]) == pytest.approx(float(row["reconstruction"]) + float(row["regularizer"]), rel=1e-5)
        kl = sum(float(row[f"kl_{i}"]) for i in range(tiny.LATENT_DIM))
        assert float(row["kl"]) == pytest.approx(kl, rel=1e-4)


def test_same_seed_same_run_other_seed_other_run(tmp_path):
    first, second, other = (run(tmp_path / name, seed=seed) for name, seed in [("a", 1), ("b", 1), ("c", 2)])
    assert (tmp_path / "a" / "metrics.csv").read_text() == (tmp_path / "b" / "metrics.csv").read_text()
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(np.abs(a - c).max() > 0 for a, c in zip(first.get_weights(), other.get_weights(), strict=True))


@pytest.mark.parametrize("model", [tiny.vae, tiny.factor_vae])
def test_run_that_crashed_resumes_to_the_uninterrupted_one(tmp_path, model):
    whole = run(tmp_path / "whole", model, steps=8, checkpoint_every=3)
    with pytest.raises(tf.errors.OpError, match="the disk is gone"):
        run(tmp_path / "parts", model, steps=8, checkpoint_every=3, data=Crash(6))
    assert len(rows(tmp_path / "parts")) > 0
    resumed = run(tmp_path / "parts", model, steps=8, checkpoint_every=3, resume=True)
    assert_same_state(whole, resumed)
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")


def vamp_vae():
    return VAE(**tiny.networks(), prior=VampPrior(tiny.LATENT_DIM, 5), likelihood=GaussianLikelihood("learned"))


def supervised_vae():
    prior = AnisotropicNormal(tiny.LATENT_DIM, [3.0, 2.0, 1.0], learned=True)
    return VAE(**tiny.networks(), prior=prior, supervision=L2Supervision(tiny.Squares.factor_sizes))


def denoising_ada_gvae():
    return AdaGVAE(**tiny.networks(), corruption=SaltAndPepper(0.2))


@pytest.mark.parametrize(
    ("model", "feed"),
    [(vamp_vae, lambda data: data), (supervised_vae, PartlyLabelled), (denoising_ada_gvae, ImagePairs)],
)
def test_whatever_a_model_learns_and_is_fed_resumes_exactly(tmp_path, model, feed):
    data = feed(tiny.Squares())
    whole = run(tmp_path / "whole", model, data=data, decomposition_every=2)
    run(tmp_path / "run", model, data=data, decomposition_every=2, steps=4, checkpoint_every=3)
    resumed = run(tmp_path / "run", model, data=data, decomposition_every=2, resume=True)
    assert_same_state(whole, resumed)
    for name in ("metrics.csv", "decomposition.csv"):
        assert (tmp_path / "run" / name).read_text() == (tmp_path / "whole" / name).read_text()


def test_estimates_of_the_decomposition_leave_training_alone(tmp_path):
    watched, alone = (run(tmp_path / str(every), decomposition_every=every) for every in (3, 0))
    assert_same_state(watched, alone)
    assert not (tmp_path / "0" / "decomposition.csv").exists()
    estimates = np.genfromtxt(tmp_path / "3" / "decomposition.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(estimates["step"], [3, 6])
    images = tiny.Squares()[np.arange(32)]  # All there are.
    posterior = watched.encode(images)
    expected = decompose(posterior, watched.prior.distribution(), posterior.sample(seed=(0, 0)), 32, "mss")
    assert estimates["mi_mss"][-1] == pytest.approx(float(np.mean(expected.mi)), abs=1e-4)
    assert estimates["dwkl_mss"][-1] == pytest.approx(float(np.mean(expected.dwkl)), abs=1e-4)


def assert_same_state(first, second):
    states = [[*model.variables, *(v for o in model.optimizers for v in o.variables)] for model in (first, second)]
    for a, b in zip(*states, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_leaves_a_run_that_resumes_exactly(tmp_path, number):
    whole = run(tmp_path / "whole", tiny.factor_vae, steps=9, log_every=9)  # One row: any stop is within it.
    handler = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt, match="continue with --resume"):
        run(tmp_path / "parts", tiny.factor_vae, steps=9, log_every=9, data=Signal(6, number))
    assert signal.getsignal(number) is handler
    resumed = run(tmp_path / "parts", tiny.factor_vae, steps=9, log_every=9, resume=True)
    assert_same_state(whole, resumed)
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")


def test_resume_falls_back_to_the_checkpoint_before_a_damaged_one(tmp_path, caplog):
    whole = run(tmp_path / "whole", steps=8)
    run(tmp_path / "run", steps=4, checkpoint_every=2)
    damaged = tmp_path / "run" / "checkpoints" / "step-4.data-00000-of-00001"
    damaged.write_bytes(damaged.read_bytes()[:100])
    assert_same_state(whole, run(tmp_path / "run", steps=8, resume=True))
    assert "step-4 cannot be read, trying the one before" in caplog.text
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")


def test_finished_run_resumes_to_itself(tmp_path):
    first = run(tmp_path / "run")
    assert_same_state(first, run(tmp_path / "run", resume=True))


def test_a_run_that_is_asked_for_fewer_steps_than_it_has_stays_as_it_is(tmp_path):
    first = run(tmp_path / "run", steps=6)
    assert_same_state(first, run(tmp_path / "run", steps=4, resume=True))


def test_loaded_model_equals_the_trained_one(tmp_path):
    trained = run(tmp_path / "run", tiny.factor_vae)
    loaded = load_model(tmp_path / "run")
    assert isinstance(loaded, FactorVAE)
    for a, b in zip(trained.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nan_stops_the_run_and_names_the_term(tmp_path):
    with pytest.raises(TrainingError, match=r"diverged at step \d+: .*reconstruction = nan"):
        run(tmp_path / "run", optimizer=lambda: keras.optimizers.SGD(1e30))


def test_a_run_in_half_precision_resumes_exactly(tmp_path):
    half = {"precision": "mixed_float16"}
    whole = run(tmp_path / "whole", tiny.factor_vae, steps=8, **half)
    run(tmp_path / "parts", tiny.factor_vae, steps=4, **half)
    assert_same_state(whole, run(tmp_path / "parts", tiny.factor_vae, steps=8, resume=True, **half))
    assert load_model(tmp_path / "parts").encoder.layers[1].compute_dtype == "float16"


def test_what_a_resumed_run_changes_is_refused_or_recorded(tmp_path):
    run(tmp_path / "run", steps=3)
    for options, message in [
        ({"precision": "mixed_bfloat16"}, "was trained with another encoder"),
        ({"optimizer": keras.optimizers.SGD}, "None of the checkpoints in .* with this model and optimizer"),
        ({"steps_per_execution": 2, "steps": 8}, "the step to resume from = 3 is not a multiple"),
    ]:
        with pytest.raises(InputError, match=message):
            run(tmp_path / "run", resume=True, **options)
    run(tmp_path / "run", resume=True, seed=7)
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (info["seed"], info["resumed"][0]["seed"], info["resumed"][0]["step"]) == (0, 7, 3)


def test_existing_folders_are_kept(tmp_path):
    run(tmp_path / "run")
    before = (tmp_path / "run" / "metrics.csv").read_text()
    with pytest.raises(InputError, match="already holds a run; continue it with --resume"):
        run(tmp_path / "run", seed=5)
    assert (tmp_path / "run" / "metrics.csv").read_text() == before
    run(tmp_path / "run", seed=5, overwrite=True)
    assert (tmp_path / "run" / "metrics.csv").read_text() != before


def test_a_folder_that_is_no_run_is_never_overwritten(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="exists and is not a run folder"):
        run(tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").exists()


def test_resuming_nothing_is_an_error(tmp_path):
    with pytest.raises(InputError, match="No run in"):
        run(tmp_path / "none", resume=True)


def test_resuming_another_model_is_an_error(tmp_path):
    run(tmp_path / "run")
    with pytest.raises(InputError, match="holds a VAE, the configuration builds a FactorVAE"):
        run(tmp_path / "run", tiny.factor_vae, resume=True)
    with pytest.raises(InputError, match="was trained with another encoder, decoder"):
        run(tmp_path / "run", lambda: VAE(tiny.encoder(5), tiny.decoder(5)), resume=True)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"steps": -1}, "steps is -1; expected an integer of at least 0"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"batch_size": "64"}, "batch_size is '64'"),
        ({"precision": "float64"}, "train.precision is 'float64'; expected one of float32"),
        ({"steps_per_execution": 4}, "steps = 6 is not a multiple of steps_per_execution = 4"),
        ({"decomposition_every": -1}, "decomposition_every is -1"),
        ({"decomposition_every": 2, "decomposition_images": 0}, "decomposition_images is 0"),
        ({"seed": -1}, "seed is -1; expected an integer from 0"),
        ({"seed": "a"}, "seed is 'a'"),
        ({"data": 3}, "train.data is 3; expected a data set"),
        ({"model": lambda: VAE(tiny.encoder, tiny.decoder())}, r"The encoder is <function.* written as @encoder\(\)"),
        ({"model": lambda: FactorVAE(**tiny.networks(), discriminator=3)}, "The discriminator is 3"),
        ({"model": lambda: VAE()}, "Cannot make train.model: .*missing 2 required positional arguments"),
        ({"model": VAE(**tiny.networks())}, "expected a class, written as @Name without parentheses"),
        ({"optimizer": lambda: keras.optimizers.Adam("fast")}, "Cannot make train.optimizer: "),
        (
            {"model": lambda: VAE(tiny.encoder(3, (8, 8, 1)), tiny.decoder(3, (8, 8, 1)))},
            r"reads images of shape \(8, 8, 1\), Squares has \(16, 16, 1\); set image_shape",
        ),
    ],
)
def test_bad_arguments_write_nothing(tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        run(tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_steps_per_execution_changes_nothing(tmp_path):
    one = run(tmp_path / "one", steps=8)
    four = run(tmp_path / "four", steps=8, steps_per_execution=2)
    for a, b in zip(one.get_weights(), four.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert [row["step"] for row in rows(tmp_path / "four")] == ["2", "4", "6", "8"]


def test_gin_configures_it(tmp_path):
    gin.register(tiny.vae, module="tests.tiny")
    gin.parse_config("train.steps = 2\ntrain.model = @tiny.vae\ntrain.optimizer = @Adam\nAdam.learning_rate = 0.5")
    model = train(tmp_path / "run", data=tiny.Squares())
    assert float(model.optimizer.learning_rate) == 0.5
    assert "train.steps = 2" in (tmp_path / "run" / "config.gin").read_text()
