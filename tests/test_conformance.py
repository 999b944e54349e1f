"""Every model that a gin file trains, through one list of checks; a new gin file is found by itself."""

import json

import gin
import numpy as np
import pytest

from disent_tf import config
from disent_tf.training.checkpointing import architecture
from disent_tf.training.train import train
from tests import conformance, tiny

NOT_MODELS = {"base.gin", "evaluate.gin", "montage.gin", "rank.gin", "study.gin", "visualize.gin"}
MODELS = tuple(
    sorted(path.name for path in config.ROOT.glob("*.gin") if path.name not in NOT_MODELS | conformance.NO_TRAINED_VAES)
)


def each(models, *marks):
    """Parameters of which each stays on one worker, for the models that they share."""
    return [pytest.param(name, marks=[pytest.mark.xdist_group(name), *marks]) for name in models]


GROUPED = each(MODELS)
FIRSTS = conformance.first_of_each_class(MODELS)
SLOW = each(sorted(FIRSTS)) + each(sorted(set(MODELS) - FIRSTS), pytest.mark.full)
"""For what takes five seconds: by default once for each class of model, with -m full for all the other gin files."""

PATHS = {"vae.gin", "factor_vae.gin", "ada_gvae.gin"}
SLOWEST = each(sorted(PATHS)) + each(sorted(set(MODELS) - PATHS), pytest.mark.full)
"""For what takes fifteen: by default once for each way to take a step (one batch, two with a discriminator, pairs)."""


@pytest.fixture(params=SLOW, scope="module")
def trained(request, tmp_path_factory):
    """The model of a gin file after two steps, and its folder."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    conformance.load(request.param)
    return train(folder), folder


def test_there_are_models():
    expected = (
        "vae autoencoder beta_vae annealed_vae factor_vae beta_tc_vae dip_vae_i dip_vae_ii info_vae decomposition_vae"
    )
    expected += (
        " denoising_vae ada_gvae ada_ml_vae group_vae s2_beta_vae s2_factor_vae s2_beta_tc_vae s2_dip_vae_i dc_ign demo"
    )
    assert {f"{name}.gin" for name in expected.split()} <= set(MODELS)


@pytest.mark.parametrize("name", GROUPED)
def test_builds_and_computes_a_loss(name):
    conformance.load(name)
    model = conformance.build()
    x, y = conformance.batch(model)
    assert np.isfinite(float(model.compute_loss(x=x, y=y, y_pred=model(x, training=True))))


def test_trains_logs_and_writes_its_configuration(trained):
    model, folder = trained
    assert int(model.optimizer.iterations) == 2
    assert np.loadtxt(folder / "metrics.csv", delimiter=",", skiprows=1).shape[0] == 2
    decomposition = np.genfromtxt(folder / "decomposition.csv", delimiter=",", names=True)
    assert decomposition.dtype.names == ("step", "mi_mss", "tc_mss", "dwkl_mss")
    assert np.isfinite(list(decomposition.item())).all()
    config.load([str(folder / "config.gin")])  # The written configuration is complete: it builds the same model.
    assert json.dumps(architecture(gin.query_parameter("train.model").scoped_configurable_fn()))


def test_loss_parts_add_up_and_are_finite(trained):
    model, _ = trained
    logs = model.evaluate(tiny.images(), batch_size=7, verbose=0, return_dict=True)  # The last batch is one image.
    assert all(np.isfinite(value) for value in logs.values())
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + logs["regularizer"], rel=1e-5)
    per_dimension = sum(logs[f"{model.kl_means.name}_{i}"] for i in range(model.latent_dim))
    assert logs[model.kl_name] == pytest.approx(per_dimension, rel=1e-4)
    assert 0 <= logs["active_units"] <= model.latent_dim


def test_a_saved_model_keeps_outputs_and_optimizers(trained, tmp_path):
    model, _ = trained
    conformance.check_saves(model, tmp_path / "model.keras")


def test_the_configuration_keeps_attributes_that_are_not_defaults(trained):
    model, _ = trained
    conformance.check_config(model)
    assert architecture(type(model).from_config(model.get_config())) == architecture(model)


@pytest.mark.parametrize("name", SLOW)
def test_exports(name, tmp_path):
    conformance.load(name)
    conformance.check_exports(conformance.build(), tmp_path / "export")


@pytest.mark.parametrize("name", SLOW)
def test_trains_in_float16(name):
    conformance.load(name)
    conformance.check_mixed_precision("mixed_float16")


@pytest.mark.parametrize("name", SLOWEST)
def test_trains_in_bfloat16(name):
    conformance.load(name)
    conformance.check_mixed_precision("mixed_bfloat16")


@pytest.mark.parametrize("name", SLOWEST)
def test_compiled_step_equals_the_plain_one(name):
    conformance.load(name, "SaltAndPepper.amount = 0.")
    conformance.check_compiled()


@pytest.mark.parametrize("name", SLOWEST)
def test_trains_on_two_replicas(name):
    conformance.load(name)
    conformance.check_replicas()
