import numpy as np
import pytest
from scipy import stats

from disent_tf.errors import InputError
from disent_tf.metrics.rank_correlation import rank_correlation

NAMES = ["mig", "dci", "sap", "irs"]


@pytest.fixture
def scores():
    random_state = np.random.RandomState(0)
    quality = random_state.standard_normal((30, 1))
    scores = quality * [1.0, 0.8, -0.5, 0.0] + 0.5 * random_state.standard_normal((30, 4))
    scores[:, 1] = np.round(scores[:, 1])  # Ties.
    return scores


def test_correlations_and_p_values_are_scipys(scores):
    result = rank_correlation(scores, NAMES)
    expected = stats.spearmanr(scores)
    np.testing.assert_allclose(result.correlation, expected.statistic, rtol=1e-12)
    np.testing.assert_allclose(result.p_values, expected.pvalue, rtol=1e-9, atol=1e-100)
    assert result.names == tuple(NAMES)
    assert np.all(result.num_models == 30)


def test_mapping_is_the_same_as_an_array(scores):
    by_name = rank_correlation(dict(zip(NAMES, scores.T.tolist(), strict=True)))
    by_array = rank_correlation(scores, NAMES)
    assert by_name.names == by_array.names
    np.testing.assert_array_equal(by_name.correlation, by_array.correlation)


def test_ties_get_their_average_rank():
    # Ranks 1.5 1.5 3 4 and 1 2 3 4: 4.5 / sqrt(4.5 * 5).
    result = rank_correlation({"a": [0.1, 0.1, 0.2, 0.3], "b": [1, 2, 3, 4]})
    assert result.correlation[0, 1] == pytest.approx(np.sqrt(0.9))


def test_monotone_maps_do_not_matter(scores):
    scores = scores[:, :1]
    result = rank_correlation(np.hstack([scores, np.exp(scores), -(scores**3)]), "abc")
    np.testing.assert_allclose(result.correlation, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], rtol=1e-12)
    np.testing.assert_allclose(result.p_values, 0.0, atol=1e-30)


def test_missing_scores_are_left_out_pair_by_pair(scores):
    scores[:5, 0], scores[3:8, 2] = np.nan, np.nan
    result = rank_correlation(scores, NAMES)
    assert result.num_models.tolist()[0] == [25, 25, 22, 25]
    for first, second in ((0, 1), (0, 2), (1, 3)):
        expected = stats.spearmanr(scores[:, first], scores[:, second], nan_policy="omit")
        assert result.correlation[first, second] == pytest.approx(expected.statistic, rel=1e-12)
        assert result.p_values[second, first] == pytest.approx(expected.pvalue, rel=1e-9)


def test_constant_and_few_scores_have_no_correlation():
    nan = np.nan
    result = rank_correlation({"a": [1, 2, 3], "same": [0.5, 0.5, 0.5], "two": [1, nan, 2], "none": [nan, 1, nan]})
    np.testing.assert_array_equal(np.isnan(result.correlation[1]), True)
    assert (result.correlation[0, 2], result.num_models[0, 2]) == (1.0, 2)
    assert np.isnan(result.p_values[0, 2])  # Two points are always on a line.
    assert np.isnan(result.correlation[2, 3])
    assert result.num_models[2, 3] == 0


@pytest.mark.parametrize(
    ("table", "names", "message"),
    [
        ({"a": [1, 2], "b": [1]}, None, "different numbers of scores"),
        (np.zeros((3, 2)), None, "names are None for 2 metrics"),
        (np.zeros((3, 2)), ["a", "a"], "names are"),
        (np.zeros((0, 2)), ["a", "b"], r"shape \(0, 2\)"),
        ({}, None, "holds no metric"),
        (np.zeros(3), ["a"], r"shape \(3,\)"),
        ([[1.0], [np.inf]], ["a"], "infinite"),
    ],
)
def test_bad_tables_are_told_in_one_line(table, names, message):
    with pytest.raises(InputError, match=message) as error:
        rank_correlation(table, names)
    assert "\n" not in str(error.value)
