import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import mig_sup

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")


def _identity(observations):
    return observations


def _score(data, representation_function=_identity, seed=0, **options):
    return mig_sup.compute_mig_sup(data, representation_function, np.random.RandomState(seed), **options)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_gaps_are_those_of_the_reference_information(golden, grid, setting):
    codes, factors, _, expected = golden.exact(grid, setting)
    entropy = golden.json(f"expected_exact_{grid}")["entropy_train"]
    gaps = []
    for row in expected["mutual_information"]:
        shares = sorted(known / total for known, total in zip(row, entropy, strict=True))
        gaps.append(shares[-1] - shares[-2])
    result = mig_sup.mig_sup(codes.T, factors.T)
    np.testing.assert_allclose(result.gaps, gaps, rtol=1e-9, atol=1e-14)
    assert result.score == pytest.approx(np.mean(gaps), rel=1e-9)


def test_code_of_two_factors_has_no_gap():
    factors = np.stack(np.unravel_index(np.arange(16).repeat(20), (4, 4)), axis=1)
    both = (4 * factors[:, 0] + factors[:, 1])[:, None]
    assert mig_sup.mig_sup(both, factors).score == pytest.approx(0.0, abs=1e-12)
    assert mig_sup.mig_sup(factors, factors).score == pytest.approx(1.0)
    assert mig_sup.mig_sup(np.hstack([factors, both]), factors).score == pytest.approx(2 / 3)


def test_codes_that_know_nothing_lower_the_mean_unless_pruned(data_of):
    scores = _score(data_of(lambda factors, noise: np.hstack([factors, 0.01 * noise])), num_train=3000)
    assert scores["num_active_dims"] == 4
    assert scores["mig_sup_pruned"] > 0.98
    assert scores["mig_sup"] == pytest.approx(0.4 * scores["mig_sup_pruned"], abs=0.01)


def test_single_and_constant_factors():
    factors = np.stack([np.tile(np.arange(4), 50), np.full(200, 3)], axis=1)
    assert mig_sup.mig_sup(factors[:, :1], factors[:, :1]).score == pytest.approx(1.0)
    result = mig_sup.mig_sup(factors, factors)
    np.testing.assert_allclose(result.gaps, [1.0, 0.0])
    assert result.normalized_information[0, 1] == 0.0


def test_dead_codes_score_zero(gridless_data):
    scores = _score(gridless_data, lambda x: np.zeros((len(x), 3)), num_train=200)
    assert (scores["mig_sup"], scores["mig_sup_pruned"], scores["num_active_dims"]) == (0.0, 0.0, 0)


def test_result_and_artifact(gridless_data, tmp_path):
    scores = _score(gridless_data, artifact_dir=tmp_path, num_train=300, num_bins=10)
    assert list(scores) == ["mig_sup", "mig_sup_pruned", "num_active_dims", "num_bins", "num_train"]
    with np.load(tmp_path / "mig_sup.npz") as saved:
        assert saved["normalized_information"].shape == (10, 10)
        assert saved["gaps"].mean() == pytest.approx(scores["mig_sup"])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"num_train": 1}, "num_train is 1"), ({"num_bins": 0}, "num_bins is 0"), ({"batch_size": 0}, "batch_size is 0")],
)
def test_bad_numbers_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _score(gridless_data, **options)
    assert "\n" not in str(error.value)


def test_bad_arrays_are_told():
    with pytest.raises(InputError, match="no factor takes more than one value"):
        mig_sup.mig_sup(np.zeros((3, 2)), np.zeros((3, 2)))
    with pytest.raises(InputError, match="NaN"):
        mig_sup.mig_sup(np.full((3, 2), np.inf), np.zeros((3, 2)))
