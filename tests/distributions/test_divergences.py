import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats
from tensorflow_probability import distributions as tfd

from disent_tf.distributions import divergences
from disent_tf.distributions.mixtures import GaussianMixture, SpikeAndSlab
from disent_tf.distributions.priors import LaplacePrior, StandardNormal, StudentT

MEAN = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)
SCALE = np.array([[0.3, 1.5], [0.8, 0.1]], np.float32)
TRIANGLE = np.array([[1.0, 0.0], [0.6, 0.5]], np.float32)


def kl_by_quadrature(mean, scale, log_p):
    q = stats.norm(mean, scale)

    def integrand(z):
        return q.pdf(z) * (q.logpdf(z) - log_p(z))

    return integrate.quad(integrand, mean - 12 * scale, mean + 12 * scale, points=[0.0, mean], limit=500)[0]


def monte_carlo(posterior, prior, num=200_000):
    z = posterior.sample(num, seed=(0, 1))
    return tf.reduce_mean(divergences.kl_divergence(posterior, prior, z).total, axis=0).numpy()


def test_normal_to_normal_is_in_closed_form_and_ignores_the_sample():
    posterior, prior = tfd.Normal(MEAN, SCALE), StandardNormal(2).distribution()
    kl = divergences.kl_divergence(posterior, prior, np.full_like(MEAN, np.nan))
    expected = 0.5 * (MEAN**2 + SCALE**2 - 1) - np.log(SCALE)
    np.testing.assert_allclose(kl.per_dimension, expected, rtol=1e-5)
    np.testing.assert_allclose(kl.total, expected.sum(axis=1), rtol=1e-5)
    assert divergences.kl_names(posterior, prior) == ("kl", "kl")


@pytest.mark.parametrize(
    ("prior", "log_p"),
    [
        (StudentT(2, df=9.0), stats.t(9).logpdf),
        (LaplacePrior(2, scale=0.7), stats.laplace(scale=0.7).logpdf),
        (SpikeAndSlab(2), lambda z: np.log(0.2 * stats.norm.pdf(z) + 0.8 * stats.norm.pdf(z, scale=0.05))),
    ],
)
def test_sampled_divergence_agrees_with_quadrature(prior, log_p):
    posterior = tfd.Normal(MEAN, SCALE)
    assert divergences.kl_names(posterior, prior.distribution()) == ("kl_mc", "kl_mc")
    expected = [
        [kl_by_quadrature(m, s, log_p) for m, s in zip(*row, strict=True)] for row in zip(MEAN, SCALE, strict=True)
    ]
    # The largest standard deviation of the summand is about 4 nats: four standard errors.
    np.testing.assert_allclose(monte_carlo(posterior, prior.distribution()), np.sum(expected, axis=1), atol=0.04)


def test_log_density_of_a_mixture_prior_is_counted_once_per_code():
    # iffsid's code counts log p(z) once for each dimension.
    prior = GaussianMixture([[0.0, -1.0], [0.0, 1.0]], variance=0.03).distribution()
    posterior = tfd.Normal(MEAN, SCALE)
    z = np.array([[0.1, -0.9], [0.2, 0.8]], np.float32)
    log_q = stats.norm.logpdf(z, MEAN, SCALE).sum(axis=1)
    density = [0.5 * stats.multivariate_normal(m, 0.03).pdf(z) for m in ([0.0, -1.0], [0.0, 1.0])]
    kl = divergences.kl_divergence(posterior, prior, z)
    np.testing.assert_allclose(kl.total, log_q - np.log(np.sum(density, axis=0)), rtol=1e-4)
    assert divergences.kl_names(posterior, prior) == ("kl_mc", "kl_marginal_mc")


def test_full_covariance_to_a_factorised_normal_is_in_closed_form():
    posterior = tfd.MultivariateNormalTriL(MEAN, TRIANGLE)
    prior = tfd.Normal([0.5, 0.0], [1.0, 2.0])
    kl = divergences.kl_divergence(posterior, prior, np.full_like(MEAN, np.nan))
    covariance, precision = TRIANGLE @ TRIANGLE.T, np.diag([1.0, 0.25])
    shift = MEAN - [0.5, 0.0]
    expected = 0.5 * (
        np.trace(precision @ covariance)
        + np.einsum("bi,ij,bj->b", shift, precision, shift)
        - 2
        + np.log(4.0)
        - np.log(np.linalg.det(covariance))
    )
    np.testing.assert_allclose(kl.total, expected, rtol=1e-5)
    assert divergences.kl_names(posterior, prior) == ("kl", "kl_marginal")
    assert np.all(kl.total > tf.reduce_sum(kl.per_dimension, axis=1))  # By the correlation, which marginals lack.


def test_inclusive_kl_of_known_normals():
    # A batch of equal posteriors: q(z) is one of them.
    posterior = tfd.Normal(np.tile([[0.5, 0.0]], (3, 1)).astype(np.float32), np.full((3, 2), 1.5, np.float32))
    prior = StandardNormal(2).distribution()
    expected = (0.5 * (1 / 1.5**2 * (1 + np.array([0.5, 0.0]) ** 2) - 1) + np.log(1.5)).sum()
    z_prior = prior.sample(400_000, seed=(0, 1))
    assert float(divergences.kl_inclusive(posterior, prior, z_prior)) == pytest.approx(expected, abs=0.01)


def test_inclusive_kl_vanishes_when_the_batch_makes_up_the_prior():
    prior = GaussianMixture([[0.0, -1.0], [0.0, 1.0]], variance=0.03).distribution()
    posterior = tfd.Normal([[0.0, -1.0], [0.0, 1.0]], tf.fill((2, 2), 0.03**0.5))
    z_prior = prior.sample(1000, seed=(0, 1))
    assert float(divergences.kl_inclusive(posterior, prior, z_prior)) == pytest.approx(0.0, abs=1e-5)


def mmd_by_loops(a, b, kernel):
    n, m = len(a), len(b)
    within = sum(kernel(a[i], a[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_b = sum(kernel(b[i], b[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within + within_b - 2 * sum(kernel(x, y) for x in a for y in b) / (n * m)


def imq(x, y):
    distance, dimension = np.sum((x - y) ** 2), len(x)
    return sum(2 * dimension * s / (2 * dimension * s + distance) for s in (0.1, 0.2, 0.5, 1, 2, 5))


def rbf(x, y):
    return np.exp(-np.sum((x - y) ** 2) / len(x))


@pytest.mark.parametrize(("name", "kernel"), [("imq", imq), ("rbf", rbf)])
def test_mmd_is_the_unbiased_estimate(name, kernel):
    a, b = np.random.default_rng(0).normal(size=(2, 7, 3)).astype(np.float32)
    assert float(divergences.mmd(a, b, name)) == pytest.approx(mmd_by_loops(a, b, kernel), abs=1e-5)
    per_dimension = sum(mmd_by_loops(a[:, [d]], b[:, [d]], kernel) for d in range(3))
    assert float(divergences.mmd_per_dimension(a, b, name)) == pytest.approx(per_dimension, abs=1e-5)


def test_mmd_of_known_normals():
    # E k of the RBF kernel with bandwidth σ² = D/2 between normals of variance v, at a distance m: a Gaussian integral.
    def mean_kernel(variance, shift, dimension=2):
        width = dimension / 2
        return (width / (width + variance)) ** (dimension / 2) * np.exp(-(shift**2) / (2 * (width + variance)))

    rng = np.random.default_rng(0)
    pairs = rng.normal(size=(300, 2, 100, 2)).astype(np.float32)
    values = [float(divergences.mmd(a + np.float32([1, 0]), b, "rbf")) for a, b in pairs]
    expected = 2 * mean_kernel(2.0, 0.0) - 2 * mean_kernel(2.0, 1.0)
    assert np.mean(values) == pytest.approx(expected, abs=4 * np.std(values) / np.sqrt(300))


def test_mmd_is_unbiased_around_zero_for_equal_distributions():
    rng = np.random.default_rng(0)
    values = [float(divergences.mmd(*rng.normal(size=(2, 16, 2)).astype(np.float32))) for _ in range(300)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(300)
    assert min(values) < 0  # A biased estimate would never be.


def test_a_single_code_has_no_discrepancy():
    z, z_prior = np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32)
    assert float(divergences.mmd(z, z_prior)) == float(divergences.mmd_per_dimension(z, z_prior)) == 0.0
