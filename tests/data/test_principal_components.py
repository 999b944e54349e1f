import numpy as np
import pytest

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.principal_components import pca_variances
from disent_tf.errors import InputError


class Blob(GroundTruthData):
    """Points of known covariance, far from the origin."""

    factor_names = ("point",)
    factor_sizes = (4000,)
    observation_shape = (5,)
    deviations = np.array([1.0, 3.0, 0.5, 2.0, 0.0])

    def __init__(self):
        self.points = np.random.default_rng(0).normal(size=(4000, 5)) * self.deviations + 100.0

    def __getitem__(self, indices):
        return self.points[indices].astype(np.float32)


def test_the_largest_variances_of_centred_data_in_descending_order():
    # disentangling-disentanglement's own function does not centre, and takes the smallest.
    data = Blob()
    np.testing.assert_allclose(pca_variances(data, 3), [9.0, 4.0, 1.0], rtol=0.06)
    expected = np.linalg.eigvalsh(np.cov(data.points.T))[::-1][:3]
    np.testing.assert_allclose(pca_variances(data, 3), expected, rtol=1e-3)


def test_a_sample_of_the_images_depends_on_the_seed_alone():
    first, again, other = (pca_variances(Blob(), 2, num_images=500, seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_more_components_than_there_are_is_an_error():
    with pytest.raises(InputError, match="6 principal components asked of 4000 images of 5 values"):
        pca_variances(Blob(), 6)
    with pytest.raises(InputError, match="vary along fewer than 5 principal components"):
        pca_variances(Blob(), 5)
