import logging

import numpy as np
import pytest

from disent_tf.data.given_images import images_of
from disent_tf.errors import InputError
from disent_tf.models import ICA, PCA


@pytest.fixture(scope="module")
def sources():
    """Three independent sources that are not normal."""
    rng = np.random.default_rng(0)
    return np.stack([rng.uniform(-1, 1, 4096), rng.laplace(size=4096) / 4, rng.integers(0, 2, 4096) - 0.5], axis=1)


@pytest.fixture(scope="module")
def images(sources):
    """Images of 4 x 4 pixels that mix the sources."""
    mixing = np.random.default_rng(1).normal(size=(3, 16))
    values = 0.5 + 0.05 * sources @ mixing
    return np.clip(values, 0, 1).reshape(-1, 4, 4, 1).astype(np.float32)


def correlations(codes, sources):
    return np.abs(np.corrcoef(codes.T, sources.T)[:3, 3:])


def test_codes_are_the_sources_which_principal_components_are_not(images, sources):
    found = {}
    for kind in (PCA, ICA):
        model = kind((4, 4, 1), 3, num_images=4096)
        model.fit_at_once(images_of(images), seed=0)
        codes = model.encode(images).mean().numpy()
        found[kind] = correlations(codes, sources).max(axis=0)
        np.testing.assert_allclose(model.reconstruct(images), images, atol=2e-3)
    assert found[ICA].min() > 0.98
    assert found[PCA].min() < 0.9
    np.testing.assert_allclose(codes.std(axis=0), 1.0, rtol=0.01)  # Of the ICA, the last one.
    np.testing.assert_allclose(codes.mean(axis=0), 0.0, atol=0.05)


def test_it_says_where_iterations_do_not_suffice(images, caplog):
    with caplog.at_level(logging.WARNING, "disent_tf"):
        ICA((4, 4, 1), 3, num_images=512, max_iterations=1).fit_at_once(images_of(images), seed=0)
    assert "FastICA did not converge in 1 iterations: raise ICA.max_iterations" in caplog.text


def test_images_that_vary_along_fewer_directions_are_an_error(images):
    with pytest.raises(InputError, match=r"vary along fewer than 9 components; lower latent_dim"):
        ICA((4, 4, 1), 9).fit_at_once(images_of(np.round(images[:, :1, :, :].repeat(4, axis=1), 1)), seed=0)


def test_bad_iterations_are_an_error():
    with pytest.raises(InputError, match=r"ICA.max_iterations is 0"):
        ICA((4, 4, 1), 2, max_iterations=0)
