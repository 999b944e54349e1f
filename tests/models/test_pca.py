import numpy as np
import pytest
import sklearn.decomposition

from disent_tf.data.correlated import ReweightedData
from disent_tf.data.given_images import images_of
from disent_tf.errors import InputError
from disent_tf.models import PCA
from tests import tiny


@pytest.fixture(scope="module")
def images():
    """1024 images of 6 x 6 pixels that vary along five directions, and a little along all."""
    rng = np.random.default_rng(0)
    directions, noise = rng.normal(size=(5, 36)), rng.normal(size=(1024, 36))
    codes = rng.normal(size=(1024, 5)) * [1.0, 0.7, 0.5, 0.3, 0.2]
    values = 0.5 + 0.03 * codes @ directions + 0.001 * noise
    return np.clip(values, 0, 1).reshape(1024, 6, 6, 1).astype(np.float32)


@pytest.fixture(scope="module")
def model(images):
    model = PCA((6, 6, 1), 4, num_images=1024)
    model.fit_at_once(images_of(images), seed=0)
    return model


def test_codes_are_those_of_the_whole_decomposition(model, images):
    codes = model.encode(images).mean().numpy()
    expected = sklearn.decomposition.PCA(4).fit_transform(images.reshape(1024, -1))
    signs = np.sign(np.sum(codes * expected, axis=0))
    np.testing.assert_allclose(codes * signs, expected, atol=5e-3)  # Batch by batch, components are not quite exact.
    assert np.all(np.diff(codes.std(axis=0)) < 0)


def test_reconstructions_are_those_of_the_components(model, images):
    whole = sklearn.decomposition.PCA(4).fit(images.reshape(1024, -1))
    expected = whole.inverse_transform(whole.transform(images.reshape(1024, -1)))
    np.testing.assert_allclose(model.reconstruct(images).numpy().reshape(1024, -1), expected, atol=5e-3)


def test_a_traversal_is_in_standard_deviations(model, images):
    codes = model.encode(images).mean().numpy()
    varied = model.varied(codes[0], 2, np.array([-1.0, 2.0]))
    np.testing.assert_allclose(varied[:, 2], np.array([-1.0, 2.0]) * codes[:, 2].std(), rtol=1e-2)
    np.testing.assert_array_equal(np.delete(varied, 2, axis=1), np.delete(codes[[0, 0]], 2, axis=1))


def test_it_learns_from_rows_as_they_are_drawn():
    squares = tiny.Squares()
    model = PCA(tiny.IMAGE_SHAPE, 2, num_images=32)
    model.fit_at_once(ReweightedData(squares, np.arange(32) < 2), seed=0)
    first_two = squares[np.array([0, 1])].reshape(2, -1)
    direction = (first_two[1] - first_two[0]) / np.linalg.norm(first_two[1] - first_two[0])
    assert np.abs(direction @ model.projection.numpy()[:, 0]) == pytest.approx(1.0, abs=1e-5)


def test_a_seed_gives_the_same_components():
    first, second, other = (PCA(tiny.IMAGE_SHAPE, 3, num_images=16) for _ in range(3))
    for model, seed in ((first, 0), (second, 0), (other, 1)):
        model.fit_at_once(tiny.Squares(), seed)
    np.testing.assert_array_equal(first.projection, second.projection)
    assert np.abs(first.mean - other.mean).max() > 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 0}, r"PCA.latent_dim is 0; expected an integer of at least 1"),
        ({"latent_dim": 257}, r"PCA.latent_dim is 257; expected at most 256, the values of an observation"),
        ({"latent_dim": 2, "num_images": 0}, r"PCA.num_images is 0; expected an integer"),
    ],
)
def test_bad_arguments_are_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        PCA(tiny.IMAGE_SHAPE, **arguments)


def test_fewer_images_than_components_are_an_error():
    with pytest.raises(InputError, match=r"PCA has 33 components and learns from 32 observations; .* lower latent_dim"):
        PCA(tiny.IMAGE_SHAPE, 33).fit_at_once(tiny.Squares(), 0)
