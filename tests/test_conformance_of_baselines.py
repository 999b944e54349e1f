"""Models that are no VAEs, and one that is not trained, through what every model is held to."""

import json

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from disent_tf import config
from disent_tf.evaluate import evaluate
from disent_tf.export import export, save_endpoints
from disent_tf.metrics.mig import compute_mig
from disent_tf.models.elbo import compute_elbo
from disent_tf.training.checkpointing import architecture, load_model
from disent_tf.training.train import train
from disent_tf.visualization.traversals import traversal_gif, traversals
from disent_tf.visualization.visualize import visualize
from disent_tf.visualization.watched_traversals import TraversalImages
from tests import conformance, tiny

SMALL = {
    "ground_truth.gin": ["FactorVectors.data = @Squares()", "data = @FactorVectors()", "image_shape = (3,)"],
    "pca.gin": ["PCA.num_images = 32"],
    "ica.gin": ["ICA.num_images = 32"],
    "info_gan.gin": [
        "LatentCodes.categories = (2,)",
        "LatentCodes.num_continuous = 1",
        "info_gan_generator.num_inputs = 8",
        "info_gan_generator.filters = (8, 8, 8, 8)",
        "info_gan_discriminator.num_parameters = 3",
        "info_gan_discriminator.filters = (8, 8, 8, 8)",
    ],
}
AT_ONCE = sorted(conformance.NO_TRAINED_VAES - {"info_gan.gin"})
MODELS = [*AT_ONCE, "info_gan.gin"]


def load(name, *bindings):
    steps = ["train.steps = 0"] if name in AT_ONCE else []
    conformance.load(name, *SMALL.get(name, []), *steps, *bindings)


@pytest.fixture(params=MODELS, scope="module")
def trained(request, tmp_path_factory):
    """The name of a gin file, its model as `bin/train` leaves it, its folder and observations."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    load(request.param)
    data = gin.get_bindings("train")["data"]
    return request.param, train(folder), folder, data[np.arange(8)]


def test_a_run_gives_the_same_codes(trained):
    _, model, folder, observations = trained
    loaded = load_model(folder)
    assert type(loaded) is type(model)
    codes = model.encode(observations).mean().numpy()
    assert codes.shape == (8, model.latent_dim)
    assert np.isfinite(codes).all() and codes.std() > 0
    np.testing.assert_array_equal(loaded.encode(observations).mean(), codes)


def test_the_written_configuration_is_complete(trained):
    _, _, folder, _ = trained
    config.load([str(folder / "config.gin")])
    assert json.dumps(architecture(gin.query_parameter("train.model").scoped_configurable_fn()))


def test_it_is_scored_and_what_asks_for_posteriors_is_left_out(trained):
    name, _, folder, _ = trained
    load(name)
    data = gin.get_bindings("train")["data"]
    metrics = {"mig": compute_mig, **({} if name == "untrained_vae.gin" else {"elbo": compute_elbo})}
    scores = evaluate(folder, data=data, metrics=metrics, overwrite=True)
    assert set(scores) == {"mig"}
    assert 0 <= scores["mig"]["discrete_mig"] <= 1
    if name == "ground_truth.gin":
        assert scores["mig"]["discrete_mig"] == pytest.approx(1.0, abs=0.01)


def test_it_exports(trained, tmp_path):
    _, model, folder, observations = trained
    served = tf.saved_model.load(str(export(folder, tmp_path / "served")))
    np.testing.assert_allclose(served.encode(observations)["mean"], model.encode(observations).mean(), atol=1e-5)
    np.testing.assert_allclose(served.reconstruct(observations), model.reconstruct(observations), atol=1e-5)


def test_resuming_what_is_done_changes_nothing(trained):
    name, model, folder, observations = trained
    load(name, *(["train.steps = 2"] if name == "info_gan.gin" else []))
    again = train(folder, resume=True)
    np.testing.assert_array_equal(again.encode(observations).mean(), model.encode(observations).mean())


def test_a_saved_model_keeps_outputs_and_optimizers(trained, tmp_path):
    _, model, _, observations = trained
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.encode(observations).mean(), model.encode(observations).mean())
    assert [int(o.iterations) for o in loaded.optimizers] == [int(o.iterations) for o in model.optimizers]


def test_it_is_drawn(trained, tmp_path):
    name, model, _, _ = trained
    if name in {"raw_pixels.gin", "ground_truth.gin"}:
        pytest.skip("Its codes have no parts to traverse.")
    for figure in (traversals, traversal_gif):
        path = figure(model, tiny.Squares(), tmp_path, np.random.RandomState(0))
        assert path.stat().st_size > 1000


def test_seed_002s_figure_is_drawn(tmp_path):
    load("info_gan.gin")
    train(tmp_path / "run")
    config.load([str(tmp_path / "run" / "config.gin"), "studies/seeds/seed_002_traversals.gin"])
    (path,) = visualize(tmp_path / "run")
    assert path.name == "traversals.png"
    with Image.open(path) as picture:
        width, height = picture.size
    assert width > 3 * height  # Ten columns and two rows: a categorical code and a continuous one.


@pytest.mark.parametrize("name", AT_ONCE[:-1])
def test_steps_are_an_error_for_what_learns_at_once(name, tmp_path):
    load(name, "train.steps = 3")
    with pytest.raises(ValueError, match=r"learns at once, train.steps is 3; expected train.steps = 0"):
        train(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_vae_without_optimizer_is_an_error(tmp_path):
    load("untrained_vae.gin", "train.steps = 3")
    with pytest.raises(ValueError, match=r"train.optimizer is not set; expected an optimizer, written as @Adam"):
        train(tmp_path / "run")


@pytest.fixture
def info_gan():
    load("info_gan.gin", "train.steps = 4", "train.checkpoint_every = 2")


@pytest.mark.usefixtures("info_gan")
class TestInfoGAN:
    def test_logs_its_terms(self, tmp_path):
        train(tmp_path / "run", callbacks=[TraversalImages(tiny.Squares(), every=2)])
        curves = np.genfromtxt(tmp_path / "run" / "metrics.csv", delimiter=",", names=True)
        assert {"discriminator_loss", "generator_loss", "mutual_information"} <= set(curves.dtype.names)
        assert len(curves) == 4
        assert all(np.isfinite(curves[name]).all() for name in curves.dtype.names)

    def test_a_resumed_run_is_the_same(self, tmp_path):
        whole = train(tmp_path / "whole")
        load("info_gan.gin", "train.steps = 2")
        train(tmp_path / "parts")
        load("info_gan.gin", "train.steps = 4")
        parts = train(tmp_path / "parts", resume=True)
        for first, second in zip(whole.get_weights(), parts.get_weights(), strict=True):
            np.testing.assert_array_equal(first, second)
        for first, second in zip(whole.optimizers, parts.optimizers, strict=True):
            for one, other in zip(first.variables, second.variables, strict=True):
                np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize("precision", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.full)])
    def test_trains_in_half_precision(self, precision):
        model = conformance.build(precision)
        assert model.generator.layers[1].compute_dtype == precision.removeprefix("mixed_")
        model.compile(keras.optimizers.SGD(1e-4), jit_compile=False)
        before = [weights.copy() for weights in model.get_weights()]
        for _ in range(3):  # The first steps of float16 may only find the scale of the loss.
            logs = model.train_on_batch(tiny.images(), return_dict=True)
        assert all(np.isfinite(value) for value in logs.values())
        assert all(np.isfinite(weights).all() for weights in model.get_weights())
        assert any(np.abs(a - b).max() > 0 for a, b in zip(model.get_weights(), before, strict=True))

    @pytest.mark.full
    def test_trains_compiled(self):
        model = conformance.build()
        model.compile(keras.optimizers.SGD(1e-4), jit_compile=True)
        assert np.isfinite(model.train_on_batch(tiny.images(), return_dict=True)["generator_loss"])

    @pytest.mark.full
    def test_trains_on_replicas(self):
        strategy = tf.distribute.MirroredStrategy(
            ["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice()
        )
        with strategy.scope():
            model = conformance.build()
            model.compile(keras.optimizers.SGD(1e-4), jit_compile=False)
        model.fit(tiny.Squares().dataset(8, seed=0).take(2), shuffle=False, verbose=0)
        for variable in model.variables:
            if hasattr(variable.value, "values"):
                first, second = (part.numpy() for part in variable.value.values)
                np.testing.assert_array_equal(first, second)

    def test_generates_and_infers_as_a_saved_model(self, tmp_path):
        model = conformance.build()
        archive = tmp_path / "served"
        save_endpoints(model, archive)
        served = tf.saved_model.load(str(archive))
        codes, noise = model.draw(3)
        np.testing.assert_allclose(served.generate(codes, noise), model.generate(codes, noise), atol=1e-6)
        inferred = served.infer(tiny.images())
        np.testing.assert_allclose(inferred["mean"], model.encode(tiny.images()).mean(), atol=1e-6)
        assert inferred["parameters"].shape == (8, 3)
        assert served.sample(3).shape == (3, *tiny.IMAGE_SHAPE)
        assert np.abs(served.sample(3) - served.sample(3)).max() > 0

    def test_evaluates_losses(self):
        model = conformance.build()
        model.compile(keras.optimizers.SGD(1e-4), jit_compile=False)
        logs = model.evaluate(tiny.images(), verbose=0, return_dict=True)
        assert {"discriminator_loss", "generator_loss", "mutual_information", "real_as_real", "fake_as_real"} <= set(
            logs
        )
