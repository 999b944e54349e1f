import math

import numpy as np
import pytest
from scipy import special, stats
from sklearn.feature_selection import mutual_info_classif

from disent_tf.errors import InputError
from disent_tf.metrics._neighbor_information import neighbor_information_matrix


def _one_by_one(code, labels, num_neighbors):
    """The definition read plainly."""
    counts = {label: np.sum(labels == label) for label in labels}
    kept = np.array([counts[label] > 1 for label in labels])
    code, labels = code[kept], labels[kept]
    terms = []
    for x, label in zip(code, labels, strict=True):
        distances, own = np.abs(code - x), np.sort(np.abs(code[labels == label] - x))
        k = min(num_neighbors, len(own) - 1)
        within = np.sum(distances < own[k]) if own[k] > 0 else np.sum(distances == 0)
        k = k if own[k] > 0 else np.sum(own == 0)
        terms.append(special.digamma(k) - special.digamma(len(own)) - special.digamma(within))
    return max(0.0, special.digamma(len(code)) + np.mean(terms))


@pytest.mark.parametrize("num_neighbors", [1, 3, 10])
@pytest.mark.parametrize("digits", [0, 1, 2, 12])
def test_information_is_that_of_the_definition(num_neighbors, digits):
    random_state = np.random.RandomState(digits)
    factors = np.stack([random_state.randint(4, size=300), random_state.randint(60, size=300)], axis=1)
    codes = np.stack([factors[:, 0] + random_state.standard_normal(300), random_state.standard_normal(300)], axis=1)
    codes = np.round(codes, digits)  # With ties, and distances that differ by rounding only.
    expected = [[_one_by_one(code, factor, num_neighbors) for factor in factors.T] for code in codes.T]
    found = neighbor_information_matrix(codes, factors, num_neighbors)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("setting", ["b_noisy", "f_noise"])
def test_information_is_scikit_learns_without_its_noise(golden, setting):
    codes, factors, _, _ = golden.exact("dsprites", setting)
    codes, factor = codes[:4], factors[2]
    # Its noise of 1e-10 may change the order of two distances, one count in 2000.
    expected = mutual_info_classif(codes.T, factor, discrete_features=False, n_neighbors=10, random_state=0)
    np.testing.assert_allclose(neighbor_information_matrix(codes.T, factor[:, None])[:, 0], expected, atol=2e-4)


def test_known_information():
    random_state = np.random.RandomState(0)
    label = random_state.randint(2, size=4000)
    code = 2.0 * label + random_state.standard_normal(4000)
    grid = np.linspace(-8, 10, 20001)
    densities = stats.norm.pdf(grid - [[0.0], [2.0]])
    mixture = densities.mean(axis=0)
    exact = np.trapezoid(special.entr(mixture) - special.entr(densities).mean(axis=0), grid)
    assert neighbor_information_matrix(code[:, None], label[:, None])[0, 0] == pytest.approx(exact, abs=0.02)


def test_codes_of_few_values_tell_the_entropy_they_share():
    label = np.tile(np.arange(6), 100)
    found = neighbor_information_matrix(np.stack([label, label // 2, np.ones(600)], axis=1), label[:, None])[:, 0]
    np.testing.assert_allclose(found, [math.log(6), math.log(3), 0.0], atol=0.01)
    assert found[2] == pytest.approx(0.0, abs=1e-12)


def test_scale_and_labels_do_not_matter():
    random_state = np.random.RandomState(0)
    label, code = random_state.randint(3, size=(200, 1)), random_state.standard_normal((200, 1))
    code += label
    expected = neighbor_information_matrix(code, label)
    np.testing.assert_array_equal(neighbor_information_matrix(4 * code, 7 * label - 3), expected)
    assert neighbor_information_matrix(code, np.arange(200)[:, None])[0, 0] == 0.0  # No point has a neighbour.


def test_bad_input_is_told():
    with pytest.raises(InputError, match="num_neighbors is 0"):
        neighbor_information_matrix(np.zeros((3, 1)), np.zeros((3, 1)), 0)
