"""Estimates of MI, TC and dimension-wise KL against a model whose aggregate posterior is known."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.distributions.aggregate_posterior import decompose, log_weights
from disent_tf.distributions.priors import StandardNormal

NUM_DATA, LATENT_DIM, NOISE = 1_000_000, 3, 0.8
COVARIANCE_OF_MEANS = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, 0.3], [0.0, 0.3, 0.5]])
Q = COVARIANCE_OF_MEANS + NOISE**2 * np.eye(LATENT_DIM)  # Covariance of q(z), normal with mean 0.


def log_det(matrix):
    return np.linalg.slogdet(matrix)[1]


# Closed forms for normal q(z): I = H(z) - H(z|x), TC = Σ H(z_j) - H(z), dwKL = Σ KL(N(0, Q_jj) ‖ N(0, 1)), nats.
MI = 0.5 * log_det(Q) - LATENT_DIM * np.log(NOISE)
TC = 0.5 * (np.log(np.diag(Q)).sum() - log_det(Q))
DWKL = 0.5 * (np.diag(Q) - 1 - np.log(np.diag(Q))).sum()


def estimates(batch_size, estimator, num_codes=20_000):
    """Means over batches of the three parts, and their standard errors."""
    rng = np.random.default_rng(0)
    prior, rows = StandardNormal(LATENT_DIM).distribution(), []
    for _ in range(num_codes // batch_size):
        means = rng.multivariate_normal(np.zeros(LATENT_DIM), COVARIANCE_OF_MEANS, batch_size).astype(np.float32)
        posterior = tfd.Normal(means, tf.fill(means.shape, NOISE))
        z = means + NOISE * rng.normal(size=means.shape).astype(np.float32)
        rows.append([tf.reduce_mean(part) for part in decompose(posterior, prior, z, NUM_DATA, estimator)])
    rows = np.array(rows)
    return rows.mean(axis=0), rows.std(axis=0) / np.sqrt(len(rows))


def offsets(batch_size, estimator):
    """What the constants of an estimator add to (MI, TC, dwKL)."""
    constant = {"mss": 0.0, "mws": np.log(NUM_DATA), "dlib": -np.log(batch_size)}[estimator]
    return constant * np.array([1, LATENT_DIM - 1, -LATENT_DIM])


@pytest.mark.parametrize("estimator", ["mss", "mws", "dlib"])
@pytest.mark.parametrize("batch_size", [64, 256, 1000])
def test_parts_of_a_correlated_gaussian(batch_size, estimator):
    # The logarithm of a mean over M images is biased by order 1/M, beside the Monte Carlo error.
    mean, error = estimates(batch_size, estimator)
    bias = 4.0 / batch_size
    truth = np.array([MI, TC, DWKL]) + offsets(batch_size, estimator)
    assert np.all(np.abs(mean - truth) < bias + 4 * error), (mean, truth, error)


def test_parts_add_up_to_the_sampled_kl():
    rng = np.random.default_rng(0)
    means, z = rng.normal(size=(2, 16, 3)).astype(np.float32)
    posterior, prior = tfd.Normal(means, tf.fill((16, 3), 0.5)), StandardNormal(3).distribution()
    expected = tf.reduce_sum(posterior.log_prob(z) - prior.log_prob(z), axis=1)
    for estimator in ("mss", "mws", "dlib"):
        np.testing.assert_allclose(sum(decompose(posterior, prior, z, 100, estimator)), expected, rtol=1e-4, atol=1e-4)


def test_total_correlation_of_independent_codes_is_zero():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(1000, 3)).astype(np.float32)
    z = means + 0.8 * rng.normal(size=means.shape).astype(np.float32)
    posterior = tfd.Normal(means, tf.fill(means.shape, 0.8))
    parts = decompose(posterior, StandardNormal(3).distribution(), z, NUM_DATA, "mss")
    assert float(tf.reduce_mean(parts.tc)) == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("batch_size", [2, 5, 64])
def test_stratified_weights_add_up_to_one_in_every_row(batch_size):
    # The published codes mark columns instead of the diagonal: their last row adds up to 1.248 at 5 of 1000.
    weights = np.exp(log_weights(batch_size, 1000, "mss"))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.diag(weights), 1 / 1000, rtol=1e-5)


def test_legacy_weights_are_those_of_the_published_code():
    weights = np.exp(log_weights(5, 1000, "mss_legacy"))
    expected = np.full((5, 5), 1 / 4)
    expected.flat[::5] = 1 / 1000
    expected.flat[1::5] = expected[3, 0] = (1000 - 4) / (1000 * 4)
    np.testing.assert_allclose(weights, expected, rtol=1e-5)
    assert weights.sum(axis=1)[3] == pytest.approx(1.248, abs=1e-6)


def test_stratified_weights_of_the_paper():
    # Chen et al., appendix C.2, with M + 1 = 4 images of N = 10: 1/N, twice 1/M, (N - M)/(N M).
    weights = np.exp(log_weights(4, 10, "mss"))
    np.testing.assert_allclose(weights[1], [1 / 3, 1 / 10, 7 / 30, 1 / 3], rtol=1e-5)


def test_weighted_sampling_of_the_whole_data_is_exact_but_for_its_constant():
    rng = np.random.default_rng(0)
    means, z = rng.normal(size=(2, 10, 2)).astype(np.float32)
    posterior, prior = tfd.Normal(means, tf.ones((10, 2))), StandardNormal(2).distribution()
    log_q = tf.reduce_logsumexp(tf.reduce_sum(posterior.log_prob(z[:, None]), axis=-1), axis=1) - np.log(10)
    expected = tf.reduce_sum(posterior.log_prob(z), axis=-1) - log_q + np.log(10)
    np.testing.assert_allclose(decompose(posterior, prior, z, 10, "mws").mi, expected, rtol=1e-4, atol=1e-5)


def test_a_joint_posterior_gives_what_the_factorised_one_does():
    rng = np.random.default_rng(0)
    means, z = rng.normal(size=(2, 8, 3)).astype(np.float32)
    prior = StandardNormal(3).distribution()
    factorised = decompose(tfd.Normal(means, tf.fill((8, 3), 0.7)), prior, z, 100, "mss")
    joint = decompose(tfd.MultivariateNormalTriL(means, 0.7 * tf.eye(3)), prior, z, 100, "mss")
    for ours, theirs in zip(joint, factorised, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_one_image_gives_finite_numbers():
    posterior = tfd.Normal([[0.0, 1.0]], [[1.0, 1.0]])
    for estimator in ("mss", "mws", "dlib"):
        parts = decompose(posterior, StandardNormal(2).distribution(), tf.constant([[0.1, 0.2]]), 100, estimator)
        assert np.all(np.isfinite(parts))


def test_a_batch_larger_than_the_data_gives_finite_numbers():
    posterior, z = tfd.Normal(tf.zeros((8, 2)), tf.ones((8, 2))), tf.zeros((8, 2))
    assert np.all(np.isfinite(decompose(posterior, StandardNormal(2).distribution(), z, 4, "mss")))
