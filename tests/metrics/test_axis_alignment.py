import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import axis_alignment, mig

SCORES = ["aam_histogram", "mmig_histogram", "mig_histogram"]


def _identity(observations):
    return observations


def _compute(data, representation_function=_identity, seed=0, **options):
    return axis_alignment.compute_aam_mmig(data, representation_function, np.random.RandomState(seed), **options)


@pytest.mark.parametrize("case", ["perfect", "random", "good_with_negative_mi", "dead_factor_and_flat_factor"])
def test_golden_scores_of_given_entropies(golden, case):
    arrays = golden.arrays("golden/inputs_disvae")
    expected = golden.json("expected_disvae")["from_entropies"][case]
    information = arrays[f"H_z_{case}"].astype(float) - arrays[f"H_zCv_{case}"]
    scores = axis_alignment.axis_alignment(information.T, np.log(arrays["from_entropies_lat_sizes"]))
    np.testing.assert_allclose(scores.aam_per_factor, expected["aam_k"], atol=2e-6)  # The reference is in float32.
    np.testing.assert_allclose(scores.mig_per_factor, expected["mig_k"], atol=2e-6)
    assert (scores.aam, scores.mig) == pytest.approx((expected["aam"], expected["mig"]), abs=1e-6)


def test_closed_forms():
    # Of 2 nats, the first factor has .9 in a code and .1 and .2 in others: .9 - .3 over .9, and .9 - .2 over 2.
    information = np.array([[0.9, 0.0], [0.1, 0.5], [0.2, 0.5]])
    scores = axis_alignment.axis_alignment(information, [2.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
    np.testing.assert_allclose(scores.aam_per_factor, [0.6 / 0.9, 0.0])
    np.testing.assert_allclose(scores.mig_per_factor, [0.35, 0.0])
    np.testing.assert_allclose(scores.mmig_per_factor, [0.7 / 1.5, 0.0])


def test_independent_factors_have_one_gap():
    information = np.random.RandomState(0).rand(5, 3)
    scores = axis_alignment.axis_alignment(information, [1.0, 2.0, 3.0])
    assert scores.mmig == scores.mig


def test_correlated_factors_are_not_held_against_a_perfect_code():
    first = np.random.RandomState(0).randint(4, size=4000)
    second = np.where(np.random.RandomState(1).rand(4000) < 0.5, first, 3 - first)
    factors = np.stack([first, second], axis=1)
    between = mig.mutual_information_gap(factors, factors)
    scores = axis_alignment.axis_alignment(between.mutual_information, between.entropy, between.mutual_information)
    assert scores.mmig == pytest.approx(1.0)
    assert scores.mig < 0.6


def test_factor_that_follows_from_another_has_no_modified_gap():
    shared = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    scores = axis_alignment.axis_alignment(shared, [1.0, 1.0, 1.0], shared)
    np.testing.assert_array_equal(np.isnan(scores.mmig_per_factor), [True, True, False])
    assert scores.mmig == 1.0
    with pytest.raises(InputError, match="every factor follows from another"):
        axis_alignment.axis_alignment(np.ones((2, 2)), [1.0, 1.0], np.ones((2, 2)))


def test_constant_factor_has_no_say_and_unknown_factor_counts_as_zero():
    information = np.array([[0.5, 0.0, 0.0], [0.0, 0.0, 0.0]])
    scores = axis_alignment.axis_alignment(information, [0.5, 0.0, 1.0])
    np.testing.assert_array_equal(scores.aam_per_factor, [1.0, np.nan, 0.0])
    assert (scores.aam, scores.mmig, scores.mig) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("setting", ["b_noisy", "c_rotated", "g_collapsed"])
def test_gap_is_that_of_the_reference_seed_by_seed(golden, setting):
    reference = golden.scores("dsprites", setting, "mig")
    result = _compute(golden.data("dsprites", setting), seed=reference["seeds"][0])
    assert result["mig_histogram"] == pytest.approx(reference["per_seed"][0]["discrete_mig"], rel=1e-9)
    # The factors are independent, but 10,000 points leave them a little information on each other.
    assert result["mig_histogram"] <= result["mmig_histogram"] <= 1.05 * result["mig_histogram"]


def test_rotation_loses_what_a_permutation_keeps(golden):
    scores = {name: _compute(golden.data("small", name))["aam_histogram"] for name in ("a_identity", "c_rotated")}
    assert scores["a_identity"] > 0.95
    assert scores["c_rotated"] < 0.4


@pytest.mark.parametrize(
    ("representation_function", "aam", "mig_low", "mig_high"),
    [
        (_identity, (0.9, 1.0), 0.99, 1.0),
        (lambda x: np.hstack([x, x]), (0.0, 0.0), 0.0, 0.0),  # Two codes know the same.
        (lambda x: np.zeros((len(x), 3)), (0.0, 0.0), 0.0, 0.0),
    ],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, aam, mig_low, mig_high):
    result = _compute(gridless_data, representation_function)
    assert aam[0] <= result["aam_histogram"] <= aam[1]
    assert mig_low <= result["mig_histogram"] <= mig_high


def test_result_and_artifact(gridless_data, tmp_path):
    result = _compute(gridless_data, artifact_dir=tmp_path, num_train=300, num_bins=7)
    assert list(result) == [*SCORES, "num_bins", "num_train"]
    assert all(type(value) in (float, int) for value in result.values())
    assert (result["num_bins"], result["num_train"]) == (7, 300)
    with np.load(tmp_path / "axis_alignment.npz") as saved:
        assert saved["mutual_information"].shape == (10, 10)
        assert saved["aam_per_factor"].mean() == pytest.approx(result["aam_histogram"])


@pytest.mark.parametrize(
    ("information", "entropy", "shared", "message"),
    [
        (np.zeros((3, 2)), [1.0], None, "1 entropies and information on 2 factors"),
        (np.zeros((3, 2)), [1.0, 1.0], np.zeros((3, 3)), r"factor_information has shape \(3, 3\)"),
        (np.full((3, 2), np.nan), [1.0, 1.0], None, "6 values that are NaN"),
        (np.zeros((3, 2)), [0.0, 0.0], None, "no factor takes more than one value"),
    ],
)
def test_bad_arrays_are_told_in_one_line(information, entropy, shared, message):
    with pytest.raises(InputError, match=message) as error:
        axis_alignment.axis_alignment(information, entropy, shared)
    assert "\n" not in str(error.value)
