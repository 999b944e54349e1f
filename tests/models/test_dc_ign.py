import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.data.pairs import ImagePairs
from disent_tf.data.single_factor_batches import SingleFactorBatches
from disent_tf.errors import InputError
from disent_tf.models import DCIGN, AdaGVAE, BetaVAE
from disent_tf.models.supervision import L2Supervision
from tests import tiny

FREE = {0: [True, False, False], 1: [False, True, True]}  # Dimensions of two factors that have one and two of them.


def model(**options):
    return DCIGN(**tiny.networks(), **({"dims_per_factor": (1, 2)} | options))


def fed(varying, num=6):
    return {"images": tf.constant(tiny.images(num)), "varying": tf.fill((num,), varying)}


@pytest.mark.parametrize("varying", [0, 1])
def test_the_decoder_gets_the_batchs_mean_where_a_dimension_may_not_vary(varying):
    net = model()
    output = net(fed(varying), training=True)
    z = output.z.numpy()
    clamped = np.where(FREE[varying], z, z.mean(axis=0))
    np.testing.assert_allclose(output.likelihood_parameters, net.decoder(clamped), rtol=1e-4, atol=1e-5)
    assert np.abs(output.likelihood_parameters - net.decoder(z)).max() > 1e-3


@pytest.mark.parametrize("training", [False, True])
def test_the_decoder_knows_whether_it_is_trained(training):
    networks = tiny.networks()
    dropped = keras.Sequential([networks["decoder"], keras.layers.Dropout(0.9)])
    net = DCIGN(networks["encoder"], dropped, dims_per_factor=(1, 2))
    zeros = tf.reduce_mean(tf.cast(net(fed(0), training=training).likelihood_parameters == 0.0, tf.float32))
    assert (zeros > 0.5) == training


@pytest.mark.parametrize("varying", [0, 1])
def test_gradients_of_clamped_codes_are_replaced(varying):
    """Section 3.2 by hand: what reaches the encoder through the codes, with and without the clamp."""
    strength, num = 0.3, 6
    net = model(invariance_strength=strength)
    x = fed(varying, num)
    parameters = net.encoder(x["images"])
    net.infer = lambda images, training: parameters
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        output = net(x, training=True)
        loss = net.compute_loss(x=x, y_pred=output)
    gradient = tape.gradient(loss, parameters)[:, :3].numpy()  # With respect to means: dz / dmean = 1.

    z, mean = output.z.numpy(), parameters[:, :3].numpy()
    free = np.array(FREE[varying])
    with tf.GradientTape() as tape:
        decoded = tf.Variable(np.where(free, z, z.mean(axis=0)))
        log_likelihood = net.likelihood.log_prob(net.decoder(decoded), x["images"])
        reconstruction = -tf.reduce_mean(log_likelihood)
    through_decoder = tape.gradient(reconstruction, decoded).numpy()
    replaced = strength * (z - z.mean(axis=0)) / num
    expected = np.where(free, through_decoder, replaced) + mean / num  # The last is the KL's.
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-6)


def test_invariance_is_logged_and_a_part_of_the_loss():
    net = model(invariance_strength=2.0)
    net.compile(keras.optimizers.SGD(1e-4), jit_compile=False)
    x = fed(0)
    output = net(x, training=True)
    net.compute_loss(x=x, y_pred=output)
    logs = {name: float(mean.result()) for name, mean in net.term_means.items()}
    z = output.z.numpy()[:, 1:]
    expected = np.sum((z - z.mean(axis=0)) ** 2, axis=1).mean()
    assert logs["invariance"] == pytest.approx(expected, rel=1e-5)
    assert logs["regularizer"] == pytest.approx(logs["kl"] + logs["invariance"], rel=1e-5)
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + logs["regularizer"], rel=1e-5)


def test_single_images_are_not_clamped():
    net = model()
    output = net(tiny.images())
    np.testing.assert_allclose(output.likelihood_parameters, net.decoder(output.z), rtol=1e-4, atol=1e-5)
    net.compile(keras.optimizers.SGD(), jit_compile=False)
    assert net.evaluate(tiny.images(), verbose=0, return_dict=True)["invariance"] == 0.0


def test_each_dimension_learns_its_factor():
    """After training the size is in its dimension, and the others do not tell it: real images, real training."""
    keras.utils.set_random_seed(0)
    data = SingleFactorBatches(tiny.Squares())
    net = DCIGN(tiny.encoder(5), tiny.decoder(5), dims_per_factor=(1, 2, 2), invariance_strength=0.1)
    net.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    net.fit(data.dataset(32, seed=0), steps_per_epoch=1500, verbose=0, shuffle=False)
    codes = net.encode(tiny.images(32)).mean().numpy()
    size = data.indices_to_factors(np.arange(32))[:, 0]

    def between(dimensions):
        """Share of the codes' variance that is between the two sizes."""
        means = np.stack([codes[size == value][:, dimensions].mean(axis=0) for value in (0, 1)])
        return means.var(axis=0).sum() / codes[:, dimensions].var(axis=0).sum()

    assert between([0]) > 0.5
    assert between([1, 2, 3, 4]) < 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dims_per_factor": (1, 3)}, r"DCIGN.dims_per_factor is \(1, 3\), 4 in all; expected 3, the dimensions"),
        ({"dims_per_factor": (0, 3)}, r"A number in DCIGN.dims_per_factor is 0; expected an integer of at least 1"),
        ({"dims_per_factor": 3}, r"DCIGN.dims_per_factor is 3; expected a number of dimensions per factor"),
        ({"invariance_strength": -1.0}, r"DCIGN.invariance_strength is -1.0; expected a number of at least 0"),
    ],
)
def test_bad_arguments_are_errors(options, message):
    with pytest.raises(InputError, match=message):
        model(**options)


def test_data_that_do_not_fit_are_an_error():
    def check(net, data):
        net.check_feed(data.dataset(4, seed=0).element_spec, data)

    with pytest.raises(InputError, match=r"DCIGN learns from batches of one factor; set train.data = @SingleFactor"):
        check(model(), tiny.Squares())
    with pytest.raises(InputError, match=r"DCIGN.dims_per_factor has 2 numbers, the data varies 3 factors \(size, pos"):
        check(model(), SingleFactorBatches(tiny.Squares()))
    with pytest.raises(InputError, match=r"feeds batches of one factor, which only DCIGN learns from"):
        check(BetaVAE(**tiny.networks()), SingleFactorBatches(tiny.Squares()))
    with pytest.raises(InputError, match=r"learns from pairs of images; set train.data = @ImagePairs"):
        check(AdaGVAE(**tiny.networks()), SingleFactorBatches(tiny.Squares()))
    with pytest.raises(InputError, match=r"DCIGN learns from batches of one factor"):
        check(model(), ImagePairs(tiny.Squares()))
    check(model(dims_per_factor=(1, 1, 1)), SingleFactorBatches(tiny.Squares()))


def test_supervision_is_an_error():
    with pytest.raises(InputError, match=r"leave out supervision"):
        model(supervision=L2Supervision((2, 4, 4)))
