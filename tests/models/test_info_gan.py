import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.distributions.latent_codes import LatentCodes
from disent_tf.errors import InputError
from disent_tf.models import InfoGAN
from tests import tiny

CODES = LatentCodes((3,), 2)


def networks(num_inputs=7, num_parameters=5, image_shape=tiny.IMAGE_SHAPE):
    """A generator and a discriminator of a few units, without normalisation."""
    inputs = keras.Input((num_inputs,))
    x = keras.layers.Dense(32, "relu")(inputs)
    x = keras.layers.Dense(int(np.prod(image_shape)))(x)
    generator = keras.Model(inputs, keras.layers.Reshape(image_shape)(x))
    image = keras.Input(image_shape)
    trunk = keras.layers.Dense(32, "relu")(keras.layers.Flatten()(image))
    outputs = [keras.layers.Dense(1)(trunk), keras.layers.Dense(num_parameters)(trunk)]
    return {"generator": generator, "discriminator": keras.Model(image, outputs)}


def model(**options):
    return InfoGAN(**networks(), **({"codes": CODES, "num_noise": 2} | options))


def logs_of(net):
    return {name: float(mean.result()) for name, mean in net.term_means.items()}


def test_losses_are_those_of_the_paper():
    net = model(information_weight=0.5)
    codes, noise = net.draw(8)
    made = net.generate(codes, noise)
    is_real, _ = (tf.sigmoid(part).numpy() for part in net(tiny.images()))
    is_real_made, parameters = net(made)
    is_real_made = tf.sigmoid(is_real_made).numpy()
    bound = np.mean(CODES.log_prob(parameters, codes)) + float(CODES.entropy)
    discriminator = np.mean(-np.log(is_real) - np.log(1 - is_real_made)) - 0.5 * bound
    generator = np.mean(-np.log(is_real_made)) - 0.5 * bound
    found = [
        np.mean(net._discriminator_losses(tiny.images(), codes, noise, training=False)),
        np.mean(net._generator_losses(codes, noise, training=False)),
    ]
    np.testing.assert_allclose(found, [discriminator, generator], rtol=1e-4)
    logs = logs_of(net)
    assert logs["mutual_information"] == pytest.approx(bound, rel=1e-4)
    assert logs["real_as_real"] == pytest.approx(is_real.mean(), rel=1e-5)
    assert logs["fake_as_real"] == pytest.approx(is_real_made.mean(), rel=1e-5)


@pytest.mark.parametrize(("weight", "moves"), [(0.0, False), (1.0, True)])
def test_the_codes_head_learns_from_information_alone(weight, moves):
    net = model(information_weight=weight)
    net.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    head = net.discriminator.layers[-1]
    before = [part.get_weights()[0].copy() for part in (head, net.discriminator.layers[-2], net.generator.layers[1])]
    net.train_on_batch(tiny.images())
    after = [part.get_weights()[0] for part in (head, net.discriminator.layers[-2], net.generator.layers[1])]
    changed = [bool(np.abs(a - b).max() > 0) for a, b in zip(after, before, strict=True)]
    heads = {layer.units: moved for layer, moved in zip(net.discriminator.layers[-1:-3:-1], changed[:2], strict=True)}
    assert heads[5] is moves
    assert heads[1]
    assert changed[2]


def test_batches_are_normalised_by_their_own_moments_where_a_network_is_trained(monkeypatch):
    net = model()
    net.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    seen = []
    for name, network in (("generator", net.generator), ("discriminator", net.discriminator)):
        plain = network.call

        def call(*inputs, name=name, plain=plain, training=None, **options):
            seen.append((name, training))
            return plain(*inputs, training=training, **options)

        monkeypatch.setattr(network, "call", call)
    net.train_on_batch(tiny.images())
    first = [("generator", True), ("discriminator", True), ("discriminator", True)]
    assert seen == [*first, ("generator", True), ("discriminator", False)]


def test_noise_is_uniform_between_minus_one_and_one():
    codes, noise = model().draw(1000)
    assert codes.shape == (1000, 5)
    np.testing.assert_allclose([noise.numpy().min(), noise.numpy().max()], [-1.0, 1.0], atol=0.02)


def test_each_optimizer_has_its_own_network():
    net = model(generator_optimizer=keras.optimizers.SGD(0.0))
    net.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    before = [network.get_weights() for network in (net.generator, net.discriminator)]
    net.train_on_batch(tiny.images())
    moved = [
        any(np.abs(a - b).max() > 0 for a, b in zip(network.get_weights(), weights, strict=True))
        for network, weights in zip((net.generator, net.discriminator), before, strict=True)
    ]
    assert moved == [False, True]
    assert [int(optimizer.iterations) for optimizer in net.optimizers] == [1, 1]
    assert {id(v) for v in net.trainable_variables} == {id(v) for v in net.discriminator.trainable_variables}


def test_the_bound_grows_and_codes_are_found_again():
    """Trained on real squares: images tell their codes, and the bound stays below the entropy of the categories."""
    keras.utils.set_random_seed(0)
    codes = LatentCodes((2,), 1)
    net = InfoGAN(
        **networks(num_inputs=5, num_parameters=3),
        codes=codes,
        num_noise=2,
        information_weight=1.0,
        generator_optimizer=keras.optimizers.Adam(2e-3, beta_1=0.5),
    )
    net.compile(keras.optimizers.Adam(2e-3, beta_1=0.5), jit_compile=False)
    net.fit(tiny.Squares().dataset(32, seed=0), steps_per_epoch=600, verbose=0, shuffle=False)
    drawn, noise = net.draw(500)
    found = net.encode(net.generate(drawn, noise)).mean().numpy()
    assert np.mean(found[:, :2].argmax(axis=1) == drawn.numpy()[:, :2].argmax(axis=1)) > 0.95
    assert np.corrcoef(found[:, 2], drawn[:, 2])[0, 1] > 0.8


def test_the_representation_is_the_mean_of_q():
    net = model()
    _, parameters = net(tiny.images())
    codes = net.encode(tiny.images()).mean().numpy()
    np.testing.assert_allclose(codes[:, :3], tf.nn.softmax(parameters[:, :3]), rtol=1e-5)
    np.testing.assert_allclose(codes[:, 3:], parameters[:, 3:], rtol=1e-5)
    assert net.latent_dim == 5


def test_decoded_images_have_the_noise_at_its_mean():
    net = model()
    codes, _ = net.draw(3)
    np.testing.assert_array_equal(net.decode(codes).mean(), net.generate(codes, tf.zeros((3, 2))))
    assert net.reconstruct(tiny.images()).shape == (8, *tiny.IMAGE_SHAPE)
    samples = net.sample(4).numpy()
    assert samples.shape == (4, *tiny.IMAGE_SHAPE)
    assert samples.min() >= 0 and samples.max() <= 1 and np.abs(samples[0] - samples[1]).max() > 0


def test_a_traversal_goes_through_the_categories_and_along_the_rest():
    net = model()
    code = np.array([0.2, 0.7, 0.1, 0.5, -0.5], np.float32)
    assert net.part_names == ["c0: 3 categories", "c1", "c2"]
    categories = net.varied(code, 0, np.linspace(-2, 2, 6))
    np.testing.assert_array_equal(categories[:, :3].argmax(axis=1), [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(categories[:, :3].sum(axis=1), 1.0)
    np.testing.assert_array_equal(categories[:, 3:], np.tile(code[3:], (6, 1)))
    along = net.varied(code, 2, np.array([-1.0, 1.0]))
    np.testing.assert_array_equal(along, [[0, 1, 0, 0.5, -1.0], [0, 1, 0, 0.5, 1.0]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"codes": LatentCodes((3,), 3)}, r"The generator reads 7 numbers; expected 8: codes of 6 and 2 of noise"),
        ({"num_noise": 0}, r"reads 7 numbers; expected 5: .* set info_gan_generator.num_inputs = 5"),
        ({"codes": LatentCodes((3,), 2, scale=None)}, r"expected logits \(None, 1\) and parameters of Q \(None, 7\)"),
        ({"codes": 5}, r"The codes is 5; expected a LatentCodes"),
        ({"information_weight": -1.0}, r"InfoGAN.information_weight is -1.0"),
        ({"generator": 3}, r"The generator is 3; expected a keras.Model, in gin @info_gan_generator\(\)"),
        (
            {"generator": networks(image_shape=(8, 8, 1))["generator"]},
            r"makes images of shape \(8, 8, 1\), the discrim",
        ),
    ],
)
def test_parts_that_do_not_fit_are_an_error(changes, message):
    with pytest.raises(InputError, match=message):
        InfoGAN(**(networks() | {"codes": CODES, "num_noise": 2} | changes))


def test_data_outside_of_the_unit_interval_are_an_error():
    class Bright(tiny.Squares):
        def __getitem__(self, indices):
            return 2.0 * super().__getitem__(indices)

    data = Bright()
    with pytest.raises(InputError, match=r"InfoGAN is over values from 0 to 1, Bright has values from 0 to 2"):
        model().check_feed(data.dataset(4, seed=0).element_spec, data)
