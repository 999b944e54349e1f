"""What every model is held to: checks that take the configuration in force, of a model shrunk to a few units."""

import inspect
from functools import cache

import gin
import keras
import numpy as np
import tensorflow as tf

from disent_tf import config
from disent_tf.distributions.mixtures import VampPrior
from disent_tf.export import save_endpoints
from tests import tiny

SMALL = [
    "data = @Squares()",
    "image_shape = (16, 16, 1)",
    "num_data = 32",
    "factor_sizes = (2, 4, 4)",
    "latent_dim = 3",
    "mlp_discriminator.num_layers = 2",
    "mlp_discriminator.units = 16",
    "fc_encoder.hidden_units = (16,)",
    "fc_decoder.hidden_units = (16,)",
    "PartlyLabelled.num_labelled = 5",
    "DCIGN.dims_per_factor = (1, 1, 1)",
    "VampPrior.num_pseudo_inputs = 4",
    "train.steps = 2",
    "train.batch_size = 4",
    "train.log_every = 1",
    "train.decomposition_every = 2",
    "train.jit_compile = False",
]
BATCH_SIZE = 4
NO_TRAINED_VAES = {"raw_pixels.gin", "ground_truth.gin", "pca.gin", "ica.gin", "untrained_vae.gin", "info_gan.gin"}
"""Models that take other checks: those of tests/test_conformance_of_baselines.py."""


@cache
def first_of_each_class(gin_files):
    """Returns the first of the gin files that train the same class of model."""
    firsts = {}
    for name in gin_files:
        load(name)
        firsts.setdefault(gin.query_parameter("train.model").selector, name)
    gin.clear_config()
    return frozenset(firsts.values())


def load(gin_file, *bindings):
    config.load([gin_file], [*SMALL, *bindings])


def build(precision="float32"):
    """Makes the model that is configured, from seed 0."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(precision)
    try:
        return gin.query_parameter("train.model").scoped_configurable_fn()
    finally:
        keras.config.set_dtype_policy("float32")


def batch(model):
    """What `fit` is fed in one step: (x, y)."""
    data = gin.get_bindings("train")["data"]
    x, y, _ = keras.utils.unpack_x_y_sample_weight(next(iter(feed(model, data))))
    return x, y


def feed(model, data):
    return data.dataset(BATCH_SIZE * model.batches_per_step, seed=0)


def kl_of(model, logs):
    return logs[model.kl_name]


def check_steps(model, *, run_eagerly=False, jit_compile=False):
    """One step of training changes weights and logs finite terms whose parts add up."""
    model.compile(keras.optimizers.SGD(1e-4), jit_compile=jit_compile, run_eagerly=run_eagerly)
    before = [weights.copy() for weights in model.get_weights()]
    x, y = batch(model)
    logs = model.train_on_batch(x, y, return_dict=True)
    assert all(np.isfinite(value) for value in logs.values()), logs
    parts = logs["reconstruction"] + logs["regularizer"] + logs.get("supervised", 0.0)
    np.testing.assert_allclose(logs["loss"], parts, rtol=1e-4)
    after = model.get_weights()
    assert all(np.isfinite(weights).all() for weights in after)
    assert any(np.abs(a - b).max() > 0 for a, b in zip(after, before, strict=True))
    return logs


def check_saves(model, path):
    """A saved model keeps its class, outputs and optimizers."""
    model.save(path)
    loaded = keras.models.load_model(path)
    assert type(loaded) is type(model)
    for first, second in zip(outputs(model), outputs(loaded), strict=True):
        np.testing.assert_array_equal(first, second)
    for before, after in zip(model.optimizers, loaded.optimizers, strict=True):
        assert int(before.iterations) == int(after.iterations)
    z = np.linspace(-1, 1, model.latent_dim, dtype=np.float32)
    np.testing.assert_array_equal(model.prior.distribution().log_prob(z), loaded.prior.distribution().log_prob(z))


def outputs(model):
    z = np.linspace(-1, 1, 4 * model.latent_dim, dtype=np.float32).reshape(4, -1)
    return model.encoder(tiny.images(), training=False).numpy(), model.decoder(z, training=False).numpy()


def check_config(model):
    """A copy from the configuration keeps every number and name, at values that are not the defaults."""
    own = {name: getattr(model, name) for name in model.get_config() if name != "name"}
    changed = {name: 0.75 for name, value in own.items() if isinstance(value, float)}
    changed |= {name: value + 1 for name, value in own.items() if type(value) is int}
    try:
        for name, value in changed.items():
            setattr(model, name, value)
        copy = type(model).from_config(model.get_config())
    finally:
        for name in changed:
            setattr(model, name, own[name])
    assert {name: getattr(copy, name) for name in changed} == changed
    for part in (model, model.prior, model.posterior, model.likelihood, model.corruption, model.supervision):
        assert parameters(part) <= set(part.get_config() if part else ())
    words = {name: value for name, value in own.items() if isinstance(value, (str, bool))}
    assert {name: getattr(copy, name) for name in words} == words
    for part in ("prior", "posterior", "likelihood", "corruption", "supervision"):
        ours, theirs = getattr(model, part), getattr(copy, part)
        assert (ours and ours.get_config()) == (theirs and theirs.get_config())


def parameters(part):
    """The names of all that can be given to a model or layer of this project, through **options too."""
    names = set()
    for base in type(part).__mro__:
        if base.__module__.startswith("disent_tf") and "__init__" in vars(base):
            given = inspect.signature(base.__init__).parameters.values()
            names |= {parameter.name for parameter in given if parameter.kind is not parameter.VAR_KEYWORD}
            if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in given):
                break
    return names - {"self"}


def check_exports(model, folder):
    """The SavedModel gives what the model does, and samples."""
    save_endpoints(model, folder)
    served = tf.saved_model.load(str(folder))
    np.testing.assert_allclose(served.encode(tiny.images())["mean"], model.encode(tiny.images()).mean(), atol=1e-6)
    np.testing.assert_allclose(served.reconstruct(tiny.images()), model.reconstruct(tiny.images()), atol=1e-6)
    assert served.sample(3).shape == (3, *model.image_shape)


def check_mixed_precision(precision):
    """Networks compute in half precision, and weights and loss stay finite."""
    model = build(precision)
    assert model.encoder.layers[1].compute_dtype == precision.removeprefix("mixed_")
    x, y = batch(model)
    model.compile(keras.optimizers.SGD(1e-4), jit_compile=False)
    for _ in range(2):  # The first steps of float16 may only find the scale of the loss.
        logs = model.train_on_batch(x, y, return_dict=True)
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
    assert np.isfinite(logs["loss"])


def check_compiled(jit_compile=True):
    """A step compiled by XLA does what the plain one does, as far as their noise can be the same."""
    logs = []
    for jit in (False, jit_compile):
        model = build()
        without_noise(model)
        model.compile(keras.optimizers.SGD(learning_rate(model)), jit_compile=jit)
        x, y = batch(model)
        logs.append([model.train_on_batch(x, y, return_dict=True) for _ in range(2)])
    (plain, plain_second), (compiled, compiled_second) = logs
    # A sampled KL has the density of the noise in it, however narrow the posterior.
    for term in ("reconstruction", *(["kl"] if model.kl_name == "kl" else [])):
        np.testing.assert_allclose(plain[term], compiled[term], rtol=1e-5)
    if np.isclose(plain["regularizer"], compiled["regularizer"], rtol=1e-5):  # No draws of the prior, no permutation.
        np.testing.assert_allclose(plain_second["reconstruction"], compiled_second["reconstruction"], rtol=1e-5)
    assert np.isfinite(compiled_second["loss"])


def without_noise(model, log_variance=-20.0):
    """Makes the posterior's variance vanish: compiled by XLA, TensorFlow draws other numbers from the same seed."""
    kernel, bias = model.encoder.get_layer("posterior").weights
    bias.assign([0.0] * model.latent_dim + [log_variance] * model.latent_dim)
    kernel.assign(np.concatenate([kernel[:, : model.latent_dim], 0 * kernel[:, model.latent_dim :]], axis=1))


def learning_rate(model):
    """Of steps without noise: VampPrior without variance has slopes of 1e9, and AnnealedVAE multiplies them by 1000."""
    return 1e-12 if isinstance(model.prior, VampPrior) else 1e-4


def check_replicas():
    """A step on two replicas ends in weights that both have, and in those of one device with the whole batch."""
    plain = build()
    without_noise(plain, -60.0)  # At -30 it moved a pre-activation of 1e-7 across a ReLU.
    # Without collective operations: those of one model that fails would abort those of all that follow.
    add = tf.distribute.ReductionToOneDevice()
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=add)
    with strategy.scope():
        model = build()
        model.compile(keras.optimizers.SGD(100 * learning_rate(plain)), jit_compile=False)
    before = plain.get_weights()
    model.set_weights(before)
    plain.compile(keras.optimizers.SGD(100 * learning_rate(plain)), jit_compile=False)
    data = gin.get_bindings("train")["data"]
    feeds = [feed(net, data).take(1) for net in (plain, model)]
    if model.batches_per_step == 2:
        feeds[0] = feeds[0].map(_as_two_replicas_halve_it)
    logs = [net.fit(fed, shuffle=False, verbose=0).history for net, fed in zip((plain, model), feeds, strict=True)]
    assert int(tf.convert_to_tensor(model.optimizer.iterations.value)) == 1
    assert all(np.isfinite(value[0]) for value in logs[1].values())
    for variable in model.trainable_variables:
        first, second = (part.numpy() for part in variable.value.values)
        np.testing.assert_array_equal(first, second)
    if model.corruption is None:  # Which is random, and not the same on two devices.
        np.testing.assert_allclose(logs[0]["reconstruction"], logs[1]["reconstruction"], rtol=1e-5)
        np.testing.assert_allclose(logs[0]["loss"], logs[1]["loss"], rtol=1e-4)
        _check_same_change(before, plain.get_weights(), model.get_weights())


def _as_two_replicas_halve_it(x, *labelled):
    """Each replica gets half of the rows and halves them again: in other pairs than one device would."""
    quarters = tf.split(x, 4)
    return tf.concat([quarters[0], quarters[2], quarters[1], quarters[3]], axis=0), *labelled


def _check_same_change(before, *afters):
    """Weights changed alike, to the rounding of one step."""
    for old, *new in zip(before, *afters, strict=True):
        plain, replicated = (after - old for after in new)
        np.testing.assert_allclose(replicated, plain, rtol=0.01, atol=0.01 * np.abs(plain).max() + 1e-6)
