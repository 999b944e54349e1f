import numpy as np
import pytest

from disent_tf.data.factor_vectors import FactorVectors
from disent_tf.data.hidden_factors import HiddenFactors
from disent_tf.data.noisy_dsprites import NoisyDSprites
from disent_tf.errors import InputError
from tests import tiny


def test_observations_are_factors_from_0_to_1():
    data = FactorVectors(tiny.Squares())
    factors = np.array([[0, 0, 0], [1, 3, 1]])
    expected = np.array([[0, 0, 0], [1, 1, 1 / 3]], np.float32)
    assert data.observation_shape == (3,)
    np.testing.assert_allclose(data[data.factors_to_indices(factors)], expected, rtol=1e-6)
    np.testing.assert_allclose(data.sample_observations_from_factors(factors, None), expected, rtol=1e-6)


def test_they_are_those_that_were_drawn():
    factors, vectors = FactorVectors(NoisyDSprites(tiny.Squares())).sample(50, np.random.RandomState(0))
    np.testing.assert_allclose(vectors * [1, 3, 3], factors, atol=1e-6)


def test_hidden_factors_stay_hidden():
    data = FactorVectors(HiddenFactors(tiny.Squares(), ["size"]))
    assert data.observation_shape == (2,)
    batch = next(iter(data.dataset(8, seed=0))).numpy()
    assert batch.shape == (8, 2)
    np.testing.assert_allclose(batch * 3, np.round(batch * 3), atol=1e-6)


def test_data_without_factors_are_an_error():
    with pytest.raises(InputError, match=r"FactorVectors.data is .* expected a GroundTruthData"):
        FactorVectors(np.zeros(3))
