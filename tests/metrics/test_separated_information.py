import math

import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics.separated_information import (
    separated_information_of_bins,
    separated_information_of_posteriors,
)


def _grid(*sizes, repeats=1):
    return np.stack(np.unravel_index(np.arange(math.prod(sizes)).repeat(repeats), sizes), axis=1)


def _entropy(labels):
    counts = np.unique(labels, axis=0, return_counts=True)[1]
    return -np.sum(counts / len(labels) * np.log(counts / len(labels)))


def test_independent_codes_share_nothing():
    result = separated_information_of_bins(_grid(2, 3, 5))
    np.testing.assert_allclose(result.informativeness, np.log([2, 3, 5]))
    np.testing.assert_allclose(result.separated, np.log([2, 3, 5]))
    assert result.joint == pytest.approx(math.log(30))


def test_copies_and_sums_leave_nothing():
    codes = _grid(2, 2, 5)
    codes = np.column_stack([codes, codes[:, 2], codes[:, 0] ^ codes[:, 1]])
    np.testing.assert_allclose(separated_information_of_bins(codes).separated, 0.0, atol=1e-12)


def test_joint_entropies_are_those_of_rows():
    labels = np.random.RandomState(0).randint(4, size=(500, 5))
    labels[:, 3] = labels[:, 0] * labels[:, 1] % 4
    result = separated_information_of_bins(labels, num_bins=4)
    expected = [_entropy(labels) - _entropy(np.delete(labels, i, axis=1)) for i in range(5)]
    np.testing.assert_allclose(result.separated, expected, rtol=1e-9, atol=1e-12)


def test_many_codes_and_a_single_one():
    codes = np.random.RandomState(0).standard_normal((200, 40))  # 20^40 cells would not fit an integer.
    result = separated_information_of_bins(codes, num_bins=20)
    assert result.joint == pytest.approx(math.log(200))
    np.testing.assert_allclose(result.separated, 0.0, atol=1e-12)  # Too few points to tell.
    single = separated_information_of_bins(codes[:, :1])
    assert single.separated[0] == single.informativeness[0] == single.joint
    assert separated_information_of_bins(np.ones((1, 2))).joint == 0.0


def test_posteriors_far_apart_tell_what_bins_do():
    means = np.hstack([_grid(2, 3, 5), _grid(2, 3, 5)[:, :1]]) * 1.0
    result = separated_information_of_posteriors(means, np.full(means.shape, -12.0), np.random.RandomState(0), 2000)
    np.testing.assert_allclose(result.informativeness, np.log([2, 3, 5, 2]), atol=1e-6)
    np.testing.assert_allclose(result.separated, [0.0, math.log(3), math.log(5), 0.0], atol=1e-6)
    assert result.joint == pytest.approx(math.log(30), abs=1e-6)


def test_normal_channel_has_its_closed_form():
    random_state = np.random.RandomState(0)
    # x normal, z_1 = x + noise, z_2 = x + noise: I(x; z_i) = ln(1 + 1/s) / 2, I(x; z) = ln(1 + 2/s) / 2.
    x, variance = random_state.standard_normal((1000, 1)), 0.5
    log_vars = np.full((1000, 2), math.log(variance))
    result = separated_information_of_posteriors(np.hstack([x, x]), log_vars, random_state, 2000)
    alone, both = (0.5 * math.log(1 + num / variance) for num in (1, 2))
    np.testing.assert_allclose(result.informativeness, alone, atol=0.04)
    np.testing.assert_allclose(result.separated, both - alone, atol=0.04)


def test_posteriors_that_say_nothing():
    zeros = np.zeros((50, 3))
    result = separated_information_of_posteriors(zeros, zeros, np.random.RandomState(0), 100)
    np.testing.assert_allclose(np.concatenate(result[:2]), 0.0, atol=1e-12)


def test_bad_input_is_told_in_one_line():
    with pytest.raises(InputError, match=r"means have shape \(3, 2\) and log_vars \(3, 1\)"):
        separated_information_of_posteriors(np.zeros((3, 2)), np.zeros((3, 1)), np.random.RandomState(0))
    with pytest.raises(InputError, match="num_samples is 0"):
        separated_information_of_posteriors(np.zeros((3, 2)), np.zeros((3, 2)), np.random.RandomState(0), 0)
    with pytest.raises(InputError, match="NaN"):
        separated_information_of_bins(np.full((3, 2), np.nan))
