import math

import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import jemmig

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")


def _identity(observations):
    return observations


def _score(data, representation_function=_identity, seed=0, **options):
    return jemmig.compute_jemmig(data, representation_function, np.random.RandomState(seed), **options)


def _entropy(*columns):
    counts = np.unique(np.stack(columns), axis=1, return_counts=True)[1]
    return -sum(count / counts.sum() * math.log(count / counts.sum()) for count in counts)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_scores_are_those_of_the_reference_bins_counted_plainly(golden, grid, setting):
    codes, factors, bins, expected = golden.exact(grid, setting)
    information = np.array(expected["mutual_information"])
    result = jemmig.jemmig(codes.T, factors.T)
    for k, factor in enumerate(factors):
        in_order = np.sort(information[:, k])
        tied = np.flatnonzero(information[:, k] >= in_order[-1] - 1e-12)  # Copies of a code.
        joint = min(_entropy(bins[code], factor) for code in tied)
        value = joint - in_order[-1] + in_order[-2]
        assert result.per_factor[k] == pytest.approx(value, rel=1e-9)
        assert result.normalized_per_factor[k] == pytest.approx(1 - value / (_entropy(factor) + math.log(20)), rel=1e-9)
    assert result.score == pytest.approx(result.per_factor.mean(), rel=1e-12)


def test_known_scores():
    factors = np.stack(np.unravel_index(np.arange(16).repeat(20), (4, 4)), axis=1)
    both = (4 * factors[:, 0] + factors[:, 1])[:, None]
    perfect = jemmig.jemmig(factors, factors)
    assert (perfect.score, perfect.score_normalized) == pytest.approx((0.0, 1.0), abs=1e-12)
    # A code of both factors alone: the gap is whole, but it has ln 16 nats, not ln 4.
    merged = jemmig.jemmig(both, factors)
    assert merged.score == pytest.approx(math.log(4))
    assert merged.score_normalized == pytest.approx(1 - math.log(4) / (math.log(4) + math.log(20)))
    # Two codes that know the same: no gap.
    assert jemmig.jemmig(np.hstack([factors, factors]), factors).score == pytest.approx(math.log(4))


def test_codes_that_know_equally_much_are_told_apart_by_what_else_they_have():
    factor = np.arange(4).repeat(40)
    wide = 4 * factor + np.tile(np.arange(4), 40)
    results = [
        jemmig.jemmig(np.stack(codes, axis=1), factor[:, None]).score for codes in ((factor, wide), (wide, factor))
    ]
    assert results[0] == results[1] == pytest.approx(math.log(4))


def test_dead_codes_have_the_entropy_of_the_factor():
    factors = np.tile(np.arange(4), 50)[:, None]
    result = jemmig.jemmig(np.zeros((200, 2)), factors, num_bins=4)
    assert (result.score, result.score_normalized) == pytest.approx((math.log(4), 0.5))


def test_constant_factor_has_no_say():
    factors = np.stack([np.tile(np.arange(4), 50), np.full(200, 3)], axis=1)
    result = jemmig.jemmig(factors, factors, num_bins=1)
    np.testing.assert_array_equal(np.isnan(result.per_factor), [False, True])
    assert result.score == pytest.approx(math.log(4))


def test_noise_scores_low_and_a_perfect_code_high(gridless_data, data_of):
    assert _score(gridless_data)["jemmig_normalized"] > 0.98
    noise = _score(data_of(lambda factors, noise: noise))
    assert noise["jemmig_normalized"] < 0.25
    assert noise["jemmig"] > 3.0


def test_result_and_artifact(gridless_data, tmp_path):
    result = _score(gridless_data, artifact_dir=tmp_path, num_train=300)
    assert list(result) == ["jemmig_normalized", "jemmig", "num_bins", "num_train"]
    with np.load(tmp_path / "jemmig.npz") as saved:
        assert saved["per_factor"].mean() == pytest.approx(result["jemmig"])


@pytest.mark.parametrize(("options", "message"), [({"num_train": 0}, "num_train is 0"), ({"num_bins": 0}, "num_bins")])
def test_bad_numbers_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _score(gridless_data, **options)
    assert "\n" not in str(error.value)


def test_constant_factors_are_told():
    with pytest.raises(InputError, match="no factor takes more than one value"):
        jemmig.jemmig(np.zeros((3, 2)), np.zeros((3, 2)))
