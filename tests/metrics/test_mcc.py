import itertools

import numpy as np
import pytest
from scipy import stats

from disent_tf.errors import InputError
from disent_tf.metrics import mcc


def _identity(observations):
    return observations


def _score(data, representation_function=_identity, seed=0, **options):
    return mcc.compute_mcc(data, representation_function, np.random.RandomState(seed), **options)


@pytest.mark.parametrize(("method", "reference"), [("spearman", stats.spearmanr), ("pearson", stats.pearsonr)])
@pytest.mark.parametrize("setting", ["b_noisy", "c_rotated", "e_redundant", "h_merged"])
def test_correlation_is_scipys_and_the_matching_the_best_of_all(golden, setting, method, reference):
    codes, factors, _, _ = golden.exact("small", setting)
    codes = codes[:5]
    result = mcc.mean_correlation_coefficient(codes.T, factors.T, method=method)
    expected = np.abs([[reference(code, factor)[0] for factor in factors] for code in codes])
    np.testing.assert_allclose(result.correlation, expected, rtol=1e-9, atol=1e-12)
    best = max(np.mean(expected[list(chosen), range(4)]) for chosen in itertools.permutations(range(5), 4))
    assert result.score == pytest.approx(best, rel=1e-9)
    np.testing.assert_array_equal(result.per_factor, result.correlation[result.code_of_factor, range(4)])


def test_greedy_matching_is_not_enough():
    factors = np.random.RandomState(0).standard_normal((4000, 2))
    codes = np.stack([factors @ [1.0, 0.9], factors @ [1.0, 0.1]], axis=1)
    result = mcc.mean_correlation_coefficient(codes, factors, method="pearson")
    np.testing.assert_array_equal(result.code_of_factor, [1, 0])


def test_order_sign_and_monotone_maps_do_not_matter_to_ranks(gridless_data):
    scores = _score(gridless_data, lambda x: -np.exp(x[:, ::-1]))
    assert scores["mcc_spearman"] == pytest.approx(1.0)
    assert scores["mcc_pearson"] < 0.9


def test_factor_without_a_code_counts_as_zero(gridless_data):
    assert _score(gridless_data, lambda x: x[:, :5])["mcc_spearman"] == pytest.approx(0.5, abs=0.01)
    result = mcc.mean_correlation_coefficient(np.arange(5)[:, None], np.stack([np.arange(5), np.ones(5)], axis=1))
    assert result.score == pytest.approx(1.0)  # A constant one does not count.
    np.testing.assert_array_equal(result.code_of_factor, [0, -1])
    assert np.isnan(result.per_factor[1])


def test_noise_and_dead_codes(data_of):
    noise = _score(data_of(lambda factors, noise: noise))
    assert max(noise["mcc_spearman"], noise["mcc_pearson"]) < 0.05
    dead = _score(data_of(lambda factors, noise: np.full_like(noise, 0.1)), num_train=50)
    assert dead == {"mcc_spearman": 0.0, "mcc_pearson": 0.0, "num_train": 50}


def test_result_and_artifact(gridless_data, tmp_path):
    result = _score(gridless_data, artifact_dir=tmp_path, num_train=300)
    assert list(result) == ["mcc_spearman", "mcc_pearson", "num_train"]
    for method in ("spearman", "pearson"):
        with np.load(tmp_path / f"mcc_{method}.npz") as saved:
            assert saved["per_factor"].mean() == pytest.approx(result[f"mcc_{method}"])


def test_bad_input_is_told_in_one_line(gridless_data):
    with pytest.raises(InputError, match="num_train is 1"):
        _score(gridless_data, num_train=1)
    with pytest.raises(InputError, match="method is 'kendall'"):
        mcc.mean_correlation_coefficient(np.zeros((3, 1)), np.arange(3)[:, None], method="kendall")
    with pytest.raises(InputError, match="no factor takes more than one value"):
        mcc.mean_correlation_coefficient(np.zeros((3, 1)), np.zeros((3, 1)))
