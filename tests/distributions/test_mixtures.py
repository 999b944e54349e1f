import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from disent_tf.distributions.mixtures import GaussianMixture, SpikeAndSlab, VampPrior
from disent_tf.distributions.posteriors import DiagonalNormal
from disent_tf.errors import InputError

LOCATIONS = [[0.0, -1.0], [0.0, 1.0], [1.0, 0.0]]
Z = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)


def round_trip(prior):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior))


def test_gaussian_mixture_density():
    prior = GaussianMixture(LOCATIONS, variance=0.3, weights=[1.0, 1.0, 2.0])
    parts = [stats.multivariate_normal(location, 0.3).pdf(Z) for location in LOCATIONS]
    np.testing.assert_allclose(prior.distribution().prob(Z), np.dot([0.25, 0.25, 0.5], parts), rtol=1e-4)
    assert prior.latent_dim == 2


def test_gaussian_mixture_is_trained_if_asked():
    assert not GaussianMixture(LOCATIONS).trainable_variables
    prior = GaussianMixture(LOCATIONS, variance=0.3, learned=True)
    with tf.GradientTape() as tape:
        samples = prior.distribution().sample(64, seed=(0, 1))
        loss = tf.reduce_sum(samples**2)
    gradients = tape.gradient(loss, [variable.value for variable in prior.trainable_variables])
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)  # Weights too: samples are reparameterised.


def test_spike_and_slab_density():
    density = 0.2 * stats.norm.pdf(Z) + 0.8 * stats.norm.pdf(Z, scale=0.05)
    np.testing.assert_allclose(SpikeAndSlab(2).distribution().prob(Z), density, rtol=1e-4)
    # disentangling-disentanglement's own class has another mean and deviation.
    assert float(SpikeAndSlab(2).distribution().variance()[0]) == pytest.approx(0.2 + 0.8 * 0.05**2, rel=1e-5)


def test_spike_and_slab_without_spike_is_the_standard_normal():
    distribution = SpikeAndSlab(2, gamma=0.0).distribution()
    with tf.GradientTape() as tape:
        z = tf.constant(Z)
        tape.watch(z)
        log_prob = distribution.log_prob(z)
    np.testing.assert_allclose(log_prob, stats.norm.logpdf(Z), rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(log_prob, z), -Z, rtol=1e-5)


def connected(num=4):
    prior = VampPrior(2, num_pseudo_inputs=num)

    def encode(images):  # Means and log variances from the sums of two halves of an image.
        sums = tf.reshape(tf.reduce_sum(images, axis=(2, 3)), (-1, 2))
        return DiagonalNormal().distribution(tf.concat([sums, -sums], axis=-1))

    prior.connect(encode, (2, 3, 1))
    return prior, encode


def test_vamp_prior_is_the_mean_of_the_posteriors_of_its_pseudo_inputs():
    prior, encode = connected()
    posteriors = encode(tf.convert_to_tensor(prior.pseudo_inputs))
    density = np.mean(np.prod(posteriors.prob(Z[:, None]), axis=-1), axis=1)
    np.testing.assert_allclose(prior.distribution().prob(Z), density, rtol=1e-4)


def test_pseudo_inputs_are_trained_and_stay_images():
    prior, _ = connected()
    (pseudo_inputs,) = prior.trainable_variables
    assert pseudo_inputs.shape == (4, 2, 3, 1)
    optimizer = keras.optimizers.SGD(100.0)
    optimizer.apply([tf.ones(pseudo_inputs.shape)], [pseudo_inputs])
    np.testing.assert_array_equal(pseudo_inputs, np.zeros(pseudo_inputs.shape))


def test_the_density_teaches_the_pseudo_inputs():
    prior, _ = connected()
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(prior.distribution().log_prob(Z))
    assert np.abs(tape.gradient(loss, prior.pseudo_inputs.value)).min() > 0


@pytest.mark.parametrize("bounds", [(1.0, 0.0), 3.0, (1.0,)])
def test_bounds_that_are_none_are_an_error(bounds):
    with pytest.raises(InputError, match=r"VampPrior.bounds is .*; expected the least and the largest"):
        VampPrior(2, bounds=bounds)


def test_vamp_prior_alone_has_no_distribution():
    with pytest.raises(InputError, match="has no encoder yet"):
        VampPrior(2).distribution()


@pytest.mark.parametrize(
    "prior",
    [
        GaussianMixture(LOCATIONS, variance=0.3, weights=[1.0, 2.0, 3.0], learned=True, name="clusters"),
        SpikeAndSlab(2, gamma=0.3, spike_scale=0.2),
        VampPrior(2, num_pseudo_inputs=7, bounds=(-1.0, 1.0)),
    ],
)
def test_survives_serialisation(prior):
    copy = round_trip(prior)
    assert copy.get_config() == prior.get_config()
    if not isinstance(prior, VampPrior):
        np.testing.assert_array_equal(copy.distribution().log_prob(Z), prior.distribution().log_prob(Z))
        assert isinstance(prior.distribution(), tfd.MixtureSameFamily)


def test_parameters_that_make_no_mixture_are_an_error():
    with pytest.raises(InputError, match="expected a row of latent_dim numbers for each component"):
        GaussianMixture([[0.0, 1.0], [1.0]])
    with pytest.raises(InputError, match=r"GaussianMixture.variance is 0.0; expected a number above 0"):
        GaussianMixture(LOCATIONS, variance=0.0)
    with pytest.raises(InputError, match=r"weights is .*; expected 3 positive numbers, one for each component"):
        GaussianMixture(LOCATIONS, weights=[1.0])
    for gamma in (1.0, "a", -0.1):
        with pytest.raises(InputError, match=r"SpikeAndSlab.gamma is .*; expected a number from 0 to 0.999"):
            SpikeAndSlab(2, gamma=gamma)
