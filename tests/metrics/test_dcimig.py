import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import dcimig

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")


def _identity(observations):
    return observations


def _score(data, representation_function=_identity, seed=0, **options):
    return dcimig.compute_dcimig(data, representation_function, np.random.RandomState(seed), **options)["dcimig"]


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_score_is_that_of_the_reference_information(golden, grid, setting):
    codes, factors, _, expected = golden.exact(grid, setting)
    entropy = golden.json(f"expected_exact_{grid}")["entropy_train"]
    best = [0.0] * len(entropy)
    for row in expected["mutual_information"]:
        owner = row.index(max(row))
        best[owner] = max(best[owner], sorted(row)[-1] - sorted(row)[-2])
    result = dcimig.dcimig(codes.T, factors.T)
    np.testing.assert_allclose(result.best_gaps, best, rtol=1e-9, atol=1e-14)
    assert result.score == pytest.approx(sum(best) / sum(entropy), rel=1e-9)


def test_known_scores():
    factors = np.stack(np.unravel_index(np.arange(16).repeat(20), (4, 4)), axis=1)
    both = (4 * factors[:, 0] + factors[:, 1])[:, None]
    assert dcimig.dcimig(factors, factors).score == pytest.approx(1.0)
    assert dcimig.dcimig(factors[:, :1], factors).score == pytest.approx(0.5)  # A factor without a code.
    assert dcimig.dcimig(both, factors).score == pytest.approx(0.0, abs=1e-12)  # A code of two factors.
    redundant = np.hstack([factors, factors, both, np.zeros_like(both)])
    assert dcimig.dcimig(redundant, factors).score == pytest.approx(1.0)  # No code too many is punished.


def test_single_and_constant_factors():
    factors = np.stack([np.tile(np.arange(4), 50), np.full(200, 3)], axis=1)
    assert dcimig.dcimig(factors[:, :1], factors[:, :1]).score == pytest.approx(1.0)
    assert dcimig.dcimig(factors, factors).score == pytest.approx(1.0)


def test_score_of_trained_models(golden):
    vae, btcvae = (_score(golden.trained_model(model)) for model in ("vae", "btcvae"))
    assert 0.0 < vae < btcvae < 1.0  # As their mutual information gaps.


def test_known_scores_without_a_grid(gridless_data):
    assert _score(gridless_data) > 0.98
    assert _score(gridless_data, lambda x: np.zeros((len(x), 3))) == 0.0


def test_result_and_artifact(gridless_data, tmp_path):
    result = dcimig.compute_dcimig(gridless_data, _identity, np.random.RandomState(0), tmp_path, num_train=300)
    assert list(result) == ["dcimig", "num_bins", "num_train"]
    with np.load(tmp_path / "dcimig.npz") as saved:
        assert saved["best_gaps"].sum() / saved["entropy"].sum() == pytest.approx(result["dcimig"])


@pytest.mark.parametrize(("options", "message"), [({"num_train": 0}, "num_train is 0"), ({"num_bins": 0}, "num_bins")])
def test_bad_numbers_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _score(gridless_data, **options)
    assert "\n" not in str(error.value)


def test_constant_factors_are_told():
    with pytest.raises(InputError, match="no factor takes more than one value"):
        dcimig.dcimig(np.zeros((3, 2)), np.zeros((3, 2)))
