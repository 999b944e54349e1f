"""Every model that a gin file trains, through one list of checks; a new gin file is found by itself."""

import json

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf import config
from disent_tf.export import save_endpoints
from disent_tf.training.checkpointing import architecture
from disent_tf.training.train import train
from tests import tiny

NOT_MODELS = {"base.gin", "evaluate.gin", "visualize.gin"}
MODELS = sorted(path.name for path in config.ROOT.glob("*.gin") if path.name not in NOT_MODELS)
SMALL = [
    "data = @Squares()",
    "image_shape = (16, 16, 1)",
    "latent_dim = 3",
    "mlp_discriminator.units = 16",
    "fc_encoder.hidden_units = (16,)",
    "fc_decoder.hidden_units = (16,)",
    "train.steps = 2",
    "train.batch_size = 4",
    "train.log_every = 1",
    "train.jit_compile = False",
]


@pytest.fixture(params=MODELS)
def trained(request, tmp_path):
    """The model of a gin file after two steps, and its folder."""
    return shrunk(request.param, tmp_path / "run"), tmp_path / "run"


def shrunk(name, folder, *bindings):
    config.load([name], [*SMALL, *bindings])
    return train(folder)


def outputs(model):
    parameters = model.encoder(tiny.images(), training=False)
    return parameters.numpy(), model.decoder(parameters[:, : model.latent_dim], training=False).numpy()


def assert_same_outputs(first, second):
    for a, b in zip(outputs(first), outputs(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_there_are_models():
    assert {"vae.gin", "beta_vae.gin", "factor_vae.gin", "demo.gin"} <= set(MODELS)


def test_trains_logs_and_writes_its_configuration(trained):
    model, folder = trained
    assert int(model.optimizer.iterations) == 2
    assert np.loadtxt(folder / "metrics.csv", delimiter=",", skiprows=1).shape[0] == 2
    config.load([str(folder / "config.gin")])  # The written configuration is complete: it builds the same model.
    assert json.dumps(architecture(gin.query_parameter("train.model").scoped_configurable_fn()))


def test_loss_parts_add_up_and_are_finite(trained):
    model, _ = trained
    logs = model.evaluate(tiny.images(), batch_size=8, verbose=0, return_dict=True)
    assert all(np.isfinite(value) for value in logs.values())
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + logs["regularizer"], rel=1e-5)
    assert logs["kl"] == pytest.approx(sum(logs[f"kl_{i}"] for i in range(model.latent_dim)), rel=1e-4)


def test_a_saved_model_keeps_outputs_and_optimizers(trained, tmp_path):
    model, _ = trained
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    assert_same_outputs(model, loaded)
    for before, after in zip(model.optimizers, loaded.optimizers, strict=True):
        assert int(before.iterations) == int(after.iterations) == 2


def test_the_configuration_keeps_attributes_that_are_not_defaults(trained):
    model, _ = trained
    numbers = {name: value for name, value in vars(model).items() if isinstance(value, float)}
    for name in numbers:
        setattr(model, name, 3.25)
    copy = type(model).from_config(model.get_config())
    assert {name: getattr(copy, name) for name in numbers} == dict.fromkeys(numbers, 3.25)
    assert architecture(copy) == architecture(model)


def test_exports(trained, tmp_path):
    model, _ = trained
    save_endpoints(model, tmp_path / "export")
    served = tf.saved_model.load(str(tmp_path / "export"))
    np.testing.assert_allclose(served.encode(tiny.images())["mean"], model.encode(tiny.images()).mean(), atol=1e-6)
    np.testing.assert_allclose(served.reconstruct(tiny.images()), model.reconstruct(tiny.images()), atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_trains_in_mixed_precision(name, precision, tmp_path):
    model = shrunk(name, tmp_path / "run", f"train.precision = '{precision}'")
    assert model.encoder.layers[1].compute_dtype == precision.removeprefix("mixed_")
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
    logs = np.genfromtxt(tmp_path / "run" / "metrics.csv", delimiter=",", names=True)
    assert np.isfinite(logs["loss"]).all()


@pytest.mark.parametrize("name", MODELS)
def test_compiled_step_equals_the_plain_one(name):
    config.load([name], SMALL)
    logs = []
    for jit in (False, True):
        keras.utils.set_random_seed(0)
        model = gin.query_parameter("train.model").scoped_configurable_fn()
        without_noise(model)
        model.compile(keras.optimizers.SGD(1e-4), jit_compile=jit)
        first, second = (model.train_on_batch(tiny.images(), return_dict=True) for _ in range(2))
        logs.append([first["loss"], first["reconstruction"], second["reconstruction"]])  # The last follows an update.
    np.testing.assert_allclose(*logs, rtol=1e-5)


def without_noise(model):
    """Makes the posterior's variance vanish: compiled by XLA, TensorFlow draws other numbers from the same seed.

    Other permutations too: they move the discriminator, and with it the total loss from the second step on.
    """
    kernel, bias = model.encoder.get_layer("posterior").weights
    bias.assign([0.0] * model.latent_dim + [-60.0] * model.latent_dim)
    kernel.assign(np.concatenate([kernel[:, : model.latent_dim], 0 * kernel[:, model.latent_dim :]], axis=1))
