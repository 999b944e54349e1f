import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

from disent_tf.distributions import structure

RNG = np.random.default_rng(0)
MEAN = RNG.normal(size=(4, 3)).astype(np.float32)
SCALE = RNG.uniform(0.5, 2.0, size=(4, 3)).astype(np.float32)
TRIANGLE = np.linalg.cholesky(np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.4], [0.1, -0.4, 1.5]])).astype(np.float32)
Z = RNG.normal(size=(4, 3)).astype(np.float32)
LOCATIONS = np.array([[0.0, -1.0, 2.0], [1.0, 1.0, 0.0]], np.float32)


def mixture():
    components = tfd.Independent(tfd.Normal(LOCATIONS, [[0.5, 1.0, 2.0], [1.0, 0.3, 1.0]]), 1)
    return tfd.MixtureSameFamily(tfd.Categorical(probs=[0.25, 0.75]), components)


def test_log_prob_is_per_code_for_both_shapes():
    factorised = structure.log_prob(tfd.Normal(MEAN, SCALE), Z)
    np.testing.assert_allclose(factorised, stats.norm.logpdf(Z, MEAN, SCALE).sum(axis=1), rtol=1e-5)
    joint = tfd.MultivariateNormalTriL(MEAN, TRIANGLE)
    expected = [stats.multivariate_normal(m, TRIANGLE @ TRIANGLE.T).logpdf(z) for m, z in zip(MEAN, Z, strict=True)]
    np.testing.assert_allclose(structure.log_prob(joint, Z), expected, rtol=1e-4)
    assert structure.is_joint(joint)
    assert not structure.is_joint(tfd.Normal(MEAN, SCALE))


def test_every_code_meets_every_posterior_through_a_new_axis():
    pairs = structure.log_prob(tfd.Normal(MEAN, SCALE), Z[:, None])
    assert pairs.shape == (4, 4)
    assert float(pairs[2, 1]) == pytest.approx(stats.norm.logpdf(Z[2], MEAN[1], SCALE[1]).sum(), rel=1e-5)


def test_covariance():
    np.testing.assert_allclose(
        structure.covariance(tfd.MultivariateNormalTriL(MEAN, TRIANGLE))[1], TRIANGLE @ TRIANGLE.T, rtol=1e-5
    )
    np.testing.assert_allclose(structure.covariance(tfd.Normal(MEAN, SCALE))[2], np.diag(SCALE[2] ** 2), rtol=1e-6)


def test_marginals_of_a_full_covariance():
    marginals = structure.marginals(tfd.MultivariateNormalTriL(MEAN, TRIANGLE))
    np.testing.assert_allclose(marginals.mean(), MEAN)
    np.testing.assert_allclose(marginals.variance()[0], np.diag(TRIANGLE @ TRIANGLE.T), rtol=1e-5)


def test_marginals_of_a_mixture_integrate_the_other_dimensions_out():
    marginals = structure.marginals(mixture())
    assert marginals.batch_shape == (3,)
    density = 0.25 * stats.norm.pdf(Z, LOCATIONS[0], [0.5, 1.0, 2.0]) + 0.75 * stats.norm.pdf(
        Z, LOCATIONS[1], [1.0, 0.3, 1.0]
    )
    np.testing.assert_allclose(marginals.prob(Z), density, rtol=1e-4)


def test_marginals_of_a_factorised_distribution_are_itself():
    normal = tfd.Normal(MEAN, SCALE)
    assert structure.marginals(normal) is normal
    assert structure.marginals(tfd.Independent(normal, 1)) is normal


def test_unknown_marginals_are_an_error():
    with pytest.raises(TypeError, match="not known in closed form"):
        structure.marginals(
            tfd.MultivariateStudentTLinearOperator(5.0, tf.zeros(2), tf.linalg.LinearOperatorIdentity(2))
        )
