import math

import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import sparsity

CASES = ("gaussian", "spike_slab", "one_active", "shifted", "scaled_dims", "dense_equal", "zero_dim", "dim50")


def _identity(observations):
    return observations


def _compute(data, representation_function=_identity, seed=0, **options):
    return sparsity.compute_sparsity(data, representation_function, np.random.RandomState(seed), **options)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_golden_sparsity(golden, case, normalize):
    codes = golden.arrays("golden/inputs_iffsid")[f"sparsity_{case}"]
    expected = golden.json("expected_iffsid")["sparsity"][case][f"norm_{str(normalize).lower()}_float64"]
    score = sparsity.hoyer_sparsity(codes, normalize=normalize, legacy=True).score
    assert score == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    if not math.isnan(expected):
        assert sparsity.hoyer_sparsity(codes, normalize=normalize).score == score


def test_constant_code_is_left_out(golden):
    codes = golden.arrays("golden/inputs_iffsid")["sparsity_zero_dim"]
    alive = codes[:, np.ptp(codes, axis=0) > 0]
    assert alive.shape[1] < codes.shape[1]
    both = sparsity.hoyer_sparsity(codes), sparsity.hoyer_sparsity(alive)
    assert both[0].score == both[1].score == sparsity.hoyer_sparsity(np.hstack([alive, alive[:, :1] * 0 + 0.1])).score
    np.testing.assert_array_equal(both[0].deviations > 0, np.ptp(codes, axis=0) > 0)


def test_closed_forms_of_points():
    codes = np.array([[3.0, 0.0, 0.0, 0.0], [1.0, -1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]])
    per_point = sparsity.hoyer_sparsity(codes, normalize=False).per_point
    np.testing.assert_allclose(per_point, [1.0, 0.0, 2.0 - math.sqrt(2.0)], atol=1e-15)


def test_point_of_zeros_has_no_sparsity():
    codes = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    result = sparsity.hoyer_sparsity(codes, normalize=False)
    np.testing.assert_allclose(result.per_point, [np.nan, 1.0, 0.0], atol=1e-15)
    assert result.score == pytest.approx(0.5)


def test_tiny_codes_are_as_sparse_as_large_ones():
    codes = np.random.RandomState(0).randn(50, 4)
    expected = sparsity.hoyer_sparsity(codes, normalize=False).score
    assert sparsity.hoyer_sparsity(1e-200 * codes, normalize=False).score == pytest.approx(expected)


@pytest.mark.parametrize("num_codes", [1, 3])
def test_nothing_to_be_sparse_among(num_codes):
    codes = np.full((20, num_codes), 0.1)
    codes[:, 0] = np.arange(20)
    assert sparsity.hoyer_sparsity(codes).score == 0.0
    assert sparsity.hoyer_sparsity(np.full((20, num_codes), 0.1)).score == 0.0


def test_small_dimension_does_not_pass_for_sparse(data_of):
    data = data_of(lambda factors, noise: noise)
    small = data_of(lambda factors, noise: noise * [1.0, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3])
    assert _compute(data)["hoyer_sparsity"] == pytest.approx(_compute(small)["hoyer_sparsity"])
    assert _compute(small, normalize=False)["hoyer_sparsity"] > 0.98


def test_code_that_hardly_varies_is_left_out_of_the_pruned_score(data_of):
    data = data_of(lambda factors, noise: np.hstack([noise[:, :5], 1 + 1e-7 * noise[:, 5:]]))
    without = _compute(data_of(lambda factors, noise: noise[:, :5]))
    result = _compute(data)
    assert result["hoyer_sparsity"] > 0.99  # A mean of 1e7 standard deviations outweighs everything.
    assert result["hoyer_sparsity_pruned"] == without["hoyer_sparsity_pruned"] == without["hoyer_sparsity"]
    assert result["num_active_dims"] == 5


def test_result_and_artifact(gridless_data, tmp_path):
    result = _compute(gridless_data, lambda x: np.hstack([x, x[:, :1] * 0]), artifact_dir=tmp_path, num_train=300)
    assert list(result) == ["hoyer_sparsity", "hoyer_sparsity_pruned", "num_active_dims", "num_train"]
    assert (result["num_active_dims"], result["num_train"]) == (10, 300)
    with np.load(tmp_path / "sparsity.npz") as saved:
        assert saved["per_point"].mean() == pytest.approx(result["hoyer_sparsity"])


def test_bad_input_is_told_in_one_line(gridless_data):
    for call, message in (
        (lambda: _compute(gridless_data, num_train=1), "num_train is 1"),
        (lambda: sparsity.hoyer_sparsity(np.zeros((1, 3))), "num_points is 1"),
        (lambda: sparsity.hoyer_sparsity([[np.nan, 1.0]]), "1 values that are NaN"),
    ):
        with pytest.raises(InputError, match=message) as error:
            call()
        assert "\n" not in str(error.value)
