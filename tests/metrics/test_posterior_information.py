import math

import numpy as np
import pytest
from scipy import stats

from disent_tf.errors import InputError
from disent_tf.metrics import _mixture_entropy, axis_alignment, posterior_information
from disent_tf.metrics.representation import Representation

SIZES = (3, 4)


def _scores(information):
    return axis_alignment.axis_alignment(information.mutual_information, information.entropy)


def _reference(golden):
    arrays = golden.arrays("golden/inputs_disvae")
    sizes = tuple(int(size) for size in arrays["gauss_lat_sizes"])
    return arrays["gauss_z"], arrays["gauss_mean"], arrays["gauss_logvar"], sizes


def _entropy_by_summation(means, log_vars):
    """The entropy of a mixture by its density on a fine grid."""
    sigmas = np.exp(0.5 * np.asarray(log_vars, float))
    step = sigmas.min() / 6
    points = np.arange(means.min() - 9 * sigmas.max(), means.max() + 9 * sigmas.max(), step)
    density = np.zeros(len(points))
    for mean, sigma in zip(means, sigmas, strict=True):
        density += stats.norm.pdf(points, mean, sigma) / len(means)
    return -np.sum(density * np.log(np.maximum(density, 1e-300))) * step


def test_golden_quadrature(golden):
    _, means, log_vars, sizes = _reference(golden)
    expected = golden.json("expected_disvae")["gaussian_posterior"]["quadrature_limit"]
    information = posterior_information.quadrature_information(means, log_vars, sizes)
    np.testing.assert_allclose(information.code_entropy, expected["H_z"], atol=1e-5)
    np.testing.assert_allclose(information.conditional_entropy.T, expected["H_zCv"], atol=1e-5)
    np.testing.assert_allclose(information.mutual_information.T, expected["MI"], atol=2e-5)
    scores = _scores(information)
    np.testing.assert_allclose(scores.aam_per_factor, expected["aam_k"], atol=2e-4)
    np.testing.assert_allclose(scores.mig_per_factor, expected["mig_k"], atol=1e-5)
    assert (scores.aam, scores.mig) == pytest.approx((expected["aam"], expected["mig"]), abs=1e-4)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(("name", "num_samples"), [("all_samples", 960), ("n120", 120)])
def test_golden_samples(golden, name, num_samples, legacy):
    samples, means, log_vars, sizes = _reference(golden)
    key = {
        (False, "all_samples"): "per_dim_correct__all_samples",
        (False, "n120"): "per_dim_correct__n120_fixed_perm",
        (True, "all_samples"): "as_is_view_bug__all_samples_fixed_perm",
        (True, "n120"): "as_is_view_bug__n120_fixed_perm",
    }[legacy, name]
    expected = golden.json("expected_disvae")["gaussian_posterior"][key]

    def choose(num_rows):
        return np.random.RandomState(num_rows).permutation(num_rows)[:num_samples]

    information = posterior_information.information_of_samples(samples, means, log_vars, sizes, choose, legacy=legacy)
    np.testing.assert_allclose(information.code_entropy, expected["H_z"], atol=1e-5)  # The reference is in float32.
    np.testing.assert_allclose(information.conditional_entropy.T, expected["H_zCv"], atol=1e-5)
    np.testing.assert_allclose(information.mutual_information.T, expected["MI"], atol=2e-5)
    scores = _scores(information)
    np.testing.assert_allclose(scores.aam_per_factor, expected["aam_k"], atol=2e-5)
    np.testing.assert_allclose(scores.mig_per_factor, expected["mig_k"], atol=2e-5)


def test_perfect_code_scores_high_and_a_rotation_low(golden):
    _, means, log_vars, sizes = _reference(golden)
    rotation = np.linalg.qr(np.random.RandomState(0).randn(6, 6))[0]
    for estimate in (
        posterior_information.quadrature_information,
        lambda *posteriors: posterior_information.sampled_information(*posteriors, np.random.RandomState(0), 100),
    ):
        perfect, rotated = (_scores(estimate(codes, log_vars, sizes)) for codes in (means, means @ rotation))
        assert perfect.aam > 0.7 > 0.3 > rotated.aam
        assert perfect.mig > 0.6 > 0.3 > rotated.mig


def test_samples_converge_to_the_quadrature(golden):
    _, means, log_vars, sizes = _reference(golden)
    limit = posterior_information.quadrature_information(means, log_vars, sizes).mutual_information
    runs = [
        posterior_information.sampled_information(means, log_vars, sizes, np.random.RandomState(seed), 200)
        for seed in range(10)
    ]
    information = np.array([run.mutual_information for run in runs])
    error = information.std(axis=0) / math.sqrt(len(runs))
    assert np.all(np.abs(information.mean(axis=0) - limit) < 5 * error + 1e-4)


def test_quadrature_of_a_trained_model_is_that_of_a_plain_sum(golden):
    arrays = golden.arrays("data/codes_btcvae_dsprites")
    rows = slice(0, 92160, 64)
    for code in (0, 4):  # A dead one, and one whose sigmas range over a factor of 40.
        means, log_vars = (arrays[name][rows, code].astype(float) for name in ("mean", "log_var"))
        grid = _mixture_entropy.mixture_grid(means, 0.5 * log_vars)
        expected = _entropy_by_summation(means, log_vars)
        assert _mixture_entropy.mixture_entropy(grid) == pytest.approx(expected, abs=1e-5)


def test_trained_models_score_as_their_histograms_do(golden):
    scores = {}
    for model in ("vae", "btcvae"):
        arrays, data = golden.arrays(f"data/codes_{model}_dsprites"), golden.trained_model(model)
        information = posterior_information.quadrature_information(arrays["mean"], arrays["log_var"], data.factor_sizes)
        scores[model] = _scores(information)
        histogram = axis_alignment.compute_aam_mmig(data, lambda codes: codes, np.random.RandomState(0))
        assert scores[model].mig == pytest.approx(histogram["mig_histogram"], abs=0.02)
        assert scores[model].mmig == scores[model].mig  # Factors of a grid are independent.
    assert 0.1 < scores["vae"].aam < scores["btcvae"].aam < 0.4  # The one trained to align its axes does.


@pytest.mark.parametrize("ratio", [1.0, 3.0, 100.0])
def test_one_normal_and_far_ones_have_closed_forms(ratio):
    unit = 0.5 * math.log(2 * math.pi * math.e)
    # Rows of one value of the first factor are a normal of their own, so far apart that they do not overlap.
    means = np.repeat([-40.0, 0.0, 40.0], 4)[:, None] * ratio
    log_sigmas = np.repeat([0.0, math.log(ratio), 0.3], 4)
    information = posterior_information.quadrature_information(means, 2 * log_sigmas[:, None], SIZES)
    np.testing.assert_allclose(information.mutual_information, [[math.log(3.0), 0.0]], atol=1e-5)
    np.testing.assert_allclose(information.conditional_entropy[0, 0], unit + log_sigmas.mean(), atol=1e-5)
    np.testing.assert_allclose(information.code_entropy, unit + log_sigmas.mean() + math.log(3.0), atol=1e-5)
    np.testing.assert_allclose(information.entropy, np.log(SIZES))


def test_scale_and_place_of_codes_do_not_matter():
    state = np.random.RandomState(0)
    means, log_vars = state.randn(12, 3), state.randn(12, 3)
    expected = posterior_information.quadrature_information(means, log_vars, SIZES).mutual_information
    moved = posterior_information.quadrature_information(1e6 + 1e3 * means, log_vars + 2 * math.log(1e3), SIZES)
    np.testing.assert_allclose(moved.mutual_information, expected, atol=1e-6)


def test_collapsed_codes_know_exactly_nothing():
    means, log_vars = np.full((12, 2), 0.1), np.zeros((12, 2))
    means[:, 1] += 1e-4 * np.random.RandomState(0).randn(12)  # As a trained model leaves it.
    information = posterior_information.quadrature_information(means, log_vars, SIZES)
    np.testing.assert_array_equal(information.mutual_information, 0.0)
    assert _scores(information).aam == 0.0


def test_single_factor_and_single_point():
    information = posterior_information.quadrature_information([[0.0], [50.0]], [[0.0], [0.0]], (2,))
    np.testing.assert_allclose(information.mutual_information, [[math.log(2.0)]], atol=1e-5)
    information = posterior_information.quadrature_information([[0.0]], [[0.0]], (1,))
    np.testing.assert_array_equal(information.mutual_information, [[0.0]])


def test_narrow_posteriors_need_samples():
    means, log_vars = np.arange(12.0)[:, None], np.full((12, 1), -40.0)
    with pytest.raises(InputError, match="estimate by samples") as error:
        posterior_information.quadrature_information(means, log_vars, SIZES)
    assert "\n" not in str(error.value)
    information = posterior_information.sampled_information(means, log_vars, SIZES, np.random.RandomState(0))
    np.testing.assert_allclose(information.mutual_information[0], np.log(SIZES), atol=1e-9)


def test_same_random_state_same_information(golden):
    _, means, log_vars, sizes = _reference(golden)

    def estimate(seed):
        state = np.random.RandomState(seed)
        return posterior_information.sampled_information(means, log_vars, sizes, state, 50).mutual_information

    np.testing.assert_array_equal(estimate(0), estimate(0))
    assert np.abs(estimate(0) - estimate(1)).max() > 0.01


@pytest.mark.parametrize(
    ("means", "log_vars", "message"),
    [
        (np.zeros((12, 2)), np.zeros((12, 3)), r"log_vars \(12, 3\)"),
        (np.zeros((11, 2)), np.zeros((11, 2)), r"each of the 12 rows of the grid \(3, 4\)"),
        (np.full((12, 2), np.nan), np.zeros((12, 2)), "24 values that are NaN"),
        (np.zeros((12, 2)), np.full((12, 2), 300.0), "log_vars reach 300"),
    ],
)
def test_bad_posteriors_are_told_in_one_line(means, log_vars, message):
    for estimate in (
        lambda: posterior_information.quadrature_information(means, log_vars, SIZES),
        lambda: posterior_information.sampled_information(means, log_vars, SIZES, np.random.RandomState(0)),
    ):
        with pytest.raises(InputError, match=message) as error:
            estimate()
        assert "\n" not in str(error.value)


def test_bad_samples_are_told():
    arrays = np.zeros((12, 2)), np.zeros((12, 2))
    with pytest.raises(InputError, match="num_samples is 0"):
        posterior_information.sampled_information(*arrays, SIZES, np.random.RandomState(0), 0)
    with pytest.raises(InputError, match=r"samples have shape \(12, 1\)"):
        posterior_information.information_of_samples(np.zeros((12, 1)), *arrays, SIZES, np.arange)


# The metric over a model's posteriors.


def _compute(parameters, seed=0, **options):
    posteriors = Representation.of_codes(parameters, (2, 4, 4))
    return posterior_information.compute_posterior_information(posteriors, np.random.RandomState(seed), **options)


@pytest.fixture
def parameters():
    rng = np.random.default_rng(0)
    return np.hstack([rng.normal(size=(32, 3)) * [3, 1, 0], rng.normal(size=(32, 3)) - 1]).astype(np.float32)


def test_metric_is_that_of_the_parameters(parameters):
    information = posterior_information.quadrature_information(parameters[:, :3], parameters[:, 3:], (2, 4, 4))
    expected = _scores(information)
    result = _compute(parameters)
    numbers = {"mmig_quadrature": expected.mmig, "mig_quadrature": expected.mig, "num_images": 32}
    assert result == {"aam_quadrature": expected.aam, **numbers}
    assert expected.mig > 0.01
    assert all(type(value) in (float, int) for value in result.values())


def test_metric_by_samples_estimates_the_same(parameters):
    runs = [_compute(parameters, seed, estimator="samples") for seed in range(30)]
    assert list(runs[0]) == ["aam_samples", "mmig_samples", "mig_samples", "num_images", "num_samples"]
    expected = _compute(parameters)["mig_quadrature"]
    assert np.mean([run["mig_samples"] for run in runs]) == pytest.approx(expected, abs=0.05)
    assert runs[0] == _compute(parameters, 0, estimator="samples") != runs[1]
    legacy = _compute(parameters, estimator="samples", legacy=True)
    assert list(legacy)[:3] == ["aam_samples_legacy", "mmig_samples_legacy", "mig_samples_legacy"]
    assert legacy["aam_samples_legacy"] != runs[0]["aam_samples"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimator": "histogram"}, "expected 'quadrature' or 'samples'"),
        ({"num_samples": 0}, "num_samples is 0"),
        ({"legacy": True}, "legacy mixes up samples"),
    ],
)
def test_bad_arguments_of_the_metric_are_told_in_one_line(parameters, options, message):
    with pytest.raises(InputError, match=message) as error:
        _compute(parameters, **options)
    assert "\n" not in str(error.value)
