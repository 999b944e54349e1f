import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.distributions.latent_codes import LatentCodes
from disent_tf.errors import InputError


def test_codes_are_one_hot_vectors_and_numbers_between_minus_one_and_one():
    codes = LatentCodes((3, 2), 2).sample(4000, seed=tf.constant([0, 1])).numpy()
    assert codes.shape == (4000, 7)
    assert codes.dtype == np.float32
    np.testing.assert_array_equal(codes[:, :3].sum(axis=1), 1.0)
    np.testing.assert_array_equal(codes[:, 3:5].sum(axis=1), 1.0)
    np.testing.assert_allclose(codes[:, :5].mean(axis=0), [1 / 3] * 3 + [1 / 2] * 2, atol=0.03)
    np.testing.assert_allclose(np.quantile(codes[:, 5:], [0, 0.5, 1], axis=0), [[-1] * 2, [0] * 2, [1] * 2], atol=0.06)
    np.testing.assert_allclose(np.corrcoef(codes[:, [0, 3, 5, 6]].T), np.eye(4), atol=0.06)


def test_entropy_is_the_sum_of_logarithms():
    assert float(LatentCodes((3, 2), 2).entropy) == pytest.approx(math.log(3 * 2 * 2 * 2))
    assert float(LatentCodes((10,)).entropy) == pytest.approx(math.log(10))


def test_log_prob_of_the_posterior_is_that_of_its_parts():
    codes = LatentCodes((2,), 2, scale=None)
    assert (codes.num_dimensions, codes.num_parameters) == (4, 6)
    parameters = tf.constant([[0.0, math.log(3.0), 0.5, -0.5, math.log(2.0), 0.0]])
    given = tf.constant([[0.0, 1.0, 1.0, 0.0]])
    normal = -0.5 * (0.25**2) - math.log(2.0) - 0.5 * 0.5**2 - math.log(2 * math.pi)
    np.testing.assert_allclose(codes.log_prob(parameters, given), [math.log(0.75) + normal], rtol=1e-5)


def test_the_mean_has_probabilities_and_means():
    parameters = tf.constant([[0.0, math.log(3.0), 0.5]])
    np.testing.assert_allclose(LatentCodes((2,), 1).mean(parameters), [[0.25, 0.75, 0.5]], rtol=1e-6)


def test_a_fixed_scale_is_that_of_the_posterior():
    density = LatentCodes((), 1, scale=0.5).log_prob(tf.constant([[0.0]]), tf.constant([[0.0]]))
    assert float(density[0]) == pytest.approx(-math.log(0.5 * math.sqrt(2 * math.pi)))


def test_the_information_of_a_sure_posterior_is_the_entropy():
    codes = LatentCodes((4,))
    drawn = codes.sample(100, seed=tf.constant([0, 1]))
    np.testing.assert_allclose(codes.log_prob(100.0 * drawn, drawn) + codes.entropy, math.log(4), rtol=1e-5)


def test_a_copy_has_the_same_arguments():
    codes = LatentCodes((3, 2), 2, scale=0.25)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(codes))
    assert copy.get_config() == codes.get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"categories": (1,)}, r"LatentCodes.categories is \(1,\); .* a code of one category says nothing"),
        ({"categories": 10}, r"LatentCodes.categories is 10; expected a list"),
        ({}, r"LatentCodes has no codes; expected categories or num_continuous above 0"),
        ({"num_continuous": -1}, r"LatentCodes.num_continuous is -1"),
        ({"num_continuous": 1, "scale": 0.0}, r"LatentCodes.scale is 0.0; expected a number above 0"),
    ],
)
def test_bad_arguments_are_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        LatentCodes(**arguments)
