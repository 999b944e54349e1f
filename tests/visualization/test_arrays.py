import numpy as np
import pytest
from scipy import stats

from disent_tf.distributions.mixtures import GaussianMixture
from disent_tf.distributions.posteriors import FullCovarianceNormal
from disent_tf.distributions.priors import LaplacePrior, StudentT
from disent_tf.models import VAE
from disent_tf.visualization.arrays import (
    aggregate_posterior_density,
    grid,
    kl_per_dimension,
    prior_density,
    traversals,
)
from tests import tiny
from tests.visualization import spiral


@pytest.fixture
def model():
    return VAE(**tiny.networks())


def test_kl_is_the_closed_form(model):
    mean, log_var = np.split(model.encoder(tiny.images()).numpy(), 2, axis=1)
    expected = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).mean(axis=0)
    np.testing.assert_allclose(kl_per_dimension(model, tiny.images()), expected, rtol=1e-3, atol=1e-7)


def test_kl_without_closed_form_is_estimated():
    mean, log_var = np.float32([0.5, -1.0]), np.float32([-1.0, 0.5])
    model = spiral.linear_vae(1.0)
    model.prior = StudentT(2)
    model.encoder.get_layer("posterior").set_weights([np.zeros((2, 4), np.float32), np.concatenate([mean, log_var])])
    z = np.linspace(-12, 12, 20_001)[:, None]
    posterior = stats.norm(mean, np.exp(log_var / 2))
    expected = np.trapezoid(posterior.pdf(z) * (posterior.logpdf(z) - stats.t(9).logpdf(z)), z, axis=0)
    np.testing.assert_allclose(kl_per_dimension(model, np.zeros((20_000, 2), np.float32)), expected, atol=0.02)


def test_traversal_moves_one_dimension_at_a_time(model):
    code, values = np.array([0.1, 0.2, 0.3], np.float32), np.array([-2.0, 0.0, 2.0, 3.0])
    images = traversals(model, code, np.array([2, 0]), values)
    assert images.shape == (2, 4, *tiny.IMAGE_SHAPE)
    moved = np.array([[0.1, 0.2, 2.0], [3.0, 0.2, 0.3]], np.float32)
    decoded = model.decode(moved).mean().numpy()
    np.testing.assert_allclose(images[0, 2], decoded[0], atol=1e-6)
    np.testing.assert_allclose(images[1, 3], decoded[1], atol=1e-6)


def test_grid_places_images_row_by_row():
    images = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3, 1, 1, 1) * np.ones((2, 3, 4, 5, 1), np.float32)
    picture = grid(images, padding=1)
    assert picture.shape == (2 * 5 - 1, 3 * 6 - 1, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[0, ::6, 0], [0, 51, 102])
    np.testing.assert_array_equal(picture[5, ::6, 0], [153, 204, 255])
    assert (picture[4] == 128).all()


def test_grid_keeps_colour():
    images = np.zeros((1, 1, 2, 2, 3), np.float32)
    images[..., 1] = 1.0
    np.testing.assert_array_equal(grid(images, padding=0)[0, 0], [0, 255, 0])


def square(limit, resolution):
    """Codes `[z_1, z_0, 2]` of the grid, found point by point."""
    axis = np.linspace(-limit, limit, resolution)
    return np.array([[(z0, z1) for z0 in axis] for z1 in axis])


def test_aggregate_posterior_of_factorised_posteriors_is_the_closed_form():
    images = np.random.default_rng(0).normal(size=(600, 2)).astype(np.float32)  # More than are looked at in one go.
    density = aggregate_posterior_density(spiral.linear_vae(0.3), images, limit=1.5, resolution=41)
    expected = np.mean([stats.multivariate_normal(x, 0.3**2).pdf(square(1.5, 41)) for x in images], axis=0)
    assert density.dtype == np.float32
    np.testing.assert_allclose(density, expected, rtol=1e-3, atol=1e-6)


def test_aggregate_posterior_of_joint_posteriors_is_the_closed_form():
    model = spiral.vae(num_parameters=5, posterior=FullCovarianceNormal())
    model.encoder.get_layer("posterior").bias.assign([0.3, -0.2, 0.0, 1.5, -0.5])
    images = spiral.Spiral()[np.arange(60)]
    posterior = model.encode(images)
    assert abs(posterior.covariance()[:, 0, 1]).numpy().min() > 0.1
    each = zip(posterior.mean().numpy(), posterior.covariance().numpy(), strict=True)
    expected = np.mean([stats.multivariate_normal(mean, cov).pdf(square(2.0, 40)) for mean, cov in each], axis=0)
    np.testing.assert_allclose(aggregate_posterior_density(model, images, 2.0, 40), expected, rtol=1e-3, atol=1e-6)


def test_aggregate_posterior_integrates_to_one():
    density = aggregate_posterior_density(spiral.linear_vae(0.4), spiral.Spiral()[np.arange(60)], 4.0, 161)
    assert density.sum() * (8.0 / 160) ** 2 == pytest.approx(1.0, abs=1e-4)


def test_aggregate_posterior_has_the_second_latent_upwards():
    density = aggregate_posterior_density(spiral.linear_vae(0.1), np.array([[1.0, -0.5]], np.float32), 2.0, 41)
    assert np.unravel_index(density.argmax(), density.shape) == (15, 30)  # z_1 = -0.5, z_0 = 1.0
    assert density.max() == pytest.approx(1 / (2 * np.pi * 0.1**2), rel=1e-3)


def test_prior_density_of_both_shapes_is_the_closed_form():
    codes = square(2.0, 33)
    factorised = prior_density(spiral.vae(prior=LaplacePrior(2, scale=0.5)), 2.0, 33)
    np.testing.assert_allclose(factorised, stats.laplace(0, 0.5).pdf(codes).prod(axis=-1), rtol=1e-4)
    joint = prior_density(spiral.vae(prior=GaussianMixture([[1.0, 0.0], [0.0, -1.0]], 0.25, [1.0, 3.0])), 2.0, 33)
    first, second = (stats.multivariate_normal(mean, 0.25).pdf(codes) for mean in ([1.0, 0.0], [0.0, -1.0]))
    np.testing.assert_allclose(joint, 0.25 * first + 0.75 * second, rtol=1e-4, atol=1e-7)
