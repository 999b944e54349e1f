import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.metrics import mutual_info_score

from disent_tf.errors import InputError
from disent_tf.metrics import unsupervised_metrics as scores
from disent_tf.metrics.utils import make_discretizer

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")
KEYS = (
    "gaussian_total_correlation",
    "gaussian_wasserstein_correlation",
    "gaussian_wasserstein_correlation_norm",
    "mutual_info_score",
)


def _identity(observations):
    return observations


def _scores(data, representation_function=_identity, seed=0, **options):
    return scores.unsupervised_metrics(data, representation_function, np.random.RandomState(seed), **options)


def _check(actual, expected, setting):
    """The peer's root of a singular matrix is exact to about 1e-8, and may be complex."""
    expected = {key: value["re"] if isinstance(value, dict) else value for key, value in expected.items()}
    singular = setting == "d_permuted"
    for key in KEYS[1:]:
        tolerance = 1e-6 if singular and "wasserstein" in key else 1e-9
        assert actual[key] == pytest.approx(expected[key], rel=tolerance)
    if singular:
        assert actual[KEYS[0]] > 30
    else:
        assert actual[KEYS[0]] == pytest.approx(expected[KEYS[0]], rel=1e-9, nan_ok=True)


def _covariance(num_codes=5, seed=0):
    root = np.random.default_rng(seed).normal(size=(num_codes, 2 * num_codes))
    return root @ root.T / num_codes


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_scores_of_given_codes(golden, grid, setting):
    codes, _, _, expected = golden.exact(grid, setting)
    result = scores.dependence(codes.T, legacy=True)
    np.testing.assert_allclose(result.covariance, expected["covariance_train"], rtol=1e-9, atol=1e-12)
    _check(dict(zip(KEYS, result, strict=False)), expected["unsupervised"], setting)


@pytest.mark.parametrize(("grid", "setting"), [("small", name) for name in SETTINGS] + [("dsprites", "c_rotated")])
def test_golden_scores_seed_by_seed(golden, grid, setting):
    reference = golden.scores(grid, setting, "unsupervised_metrics")["per_seed"][0]
    _check(_scores(golden.data(grid, setting), legacy=True), reference, setting)


@pytest.mark.parametrize("model", ["vae", "btcvae"])
def test_golden_scores_of_trained_models(golden, model):
    data = golden.trained_model(model)
    for seed, expected in golden.json("real_codes")[model]["unsupervised_metrics"].items():
        _check(_scores(data, seed=int(seed)), expected, "trained")


@pytest.mark.parametrize("name", ["n2", "n5", "n10", "one_zero_variance"])
def test_golden_formulas(golden, name):
    expected = golden.json("expected_formulas")["covariance"][name]
    total_correlation = scores.gaussian_total_correlation(expected["cov"], legacy=True)
    assert total_correlation == pytest.approx(expected["gaussian_total_correlation"], rel=1e-9, nan_ok=True)
    wasserstein = scores.gaussian_wasserstein_correlation(expected["cov"])
    assert wasserstein == pytest.approx(expected["gaussian_wasserstein_correlation"], rel=1e-9)


def test_total_correlation_of_two_codes():
    for rho in (0.0, 0.3, -0.9):
        cov = [[4.0, 2 * rho], [2 * rho, 1.0]]
        assert scores.gaussian_total_correlation(cov) == pytest.approx(-np.log(1 - rho**2) / 2, abs=1e-14)


def test_total_correlation_is_a_divergence_from_the_marginals():
    cov, zero = _covariance(), np.zeros(5)
    divergence = scores.kl_gaussians_numerically_unstable(zero, cov, zero, np.diag(np.diag(cov)), 5)
    assert scores.gaussian_total_correlation(cov) == pytest.approx(divergence, rel=1e-10)


def test_divergence_of_gaussians():
    divergence = scores.kl_gaussians_numerically_unstable(
        np.array([1.0]), np.array([[4.0]]), np.array([3.0]), np.array([[9.0]]), 1
    )
    assert divergence == pytest.approx(np.log(3 / 2) + (4 + 2**2) / (2 * 9) - 0.5)


def test_wasserstein_distance_agrees_with_a_matrix_root():
    cov = _covariance()
    marginals = np.diag(np.diag(cov))
    root = sqrtm(marginals)
    distance = np.trace(cov + marginals - 2 * sqrtm(root @ cov @ root))
    assert scores.gaussian_wasserstein_correlation(cov) == pytest.approx(distance, rel=1e-10)
    assert scores.gaussian_wasserstein_correlation(marginals) == pytest.approx(0.0, abs=1e-12)


def test_singular_covariance():
    cov = np.ones((2, 2))
    assert scores.gaussian_total_correlation(cov) == np.inf
    assert scores.gaussian_wasserstein_correlation(cov) == pytest.approx(4 - 2 * np.sqrt(2))  # Root has trace sqrt(2).


def test_duplicated_codes(gridless_data):
    result = _scores(gridless_data, lambda x: np.hstack([x, x]), num_train=1000)
    assert result["gaussian_total_correlation"] > 30
    assert np.isfinite(result["gaussian_wasserstein_correlation"])


@pytest.mark.parametrize("value", [0.0, 0.1, 0.25])
def test_dead_code_is_independent_of_all_others(data_of, value):
    def noisy(factors, noise):
        return np.hstack([factors[:, :2] + factors[:, 1:3], noise])

    def with_dead(factors, noise):
        return np.hstack([noisy(factors, noise), np.full((len(factors), 1), value)])

    alive, dead = (_scores(data_of(codes), num_train=2000) for codes in (noisy, with_dead))
    for key in KEYS[:3]:
        assert dead[key] == pytest.approx(alive[key], rel=1e-9)
    assert dead[KEYS[3]] == pytest.approx(alive[KEYS[3]] * 8 * 7 / (9 * 8), rel=1e-9)  # Pairs that know nothing.
    assert np.isnan(_scores(data_of(with_dead), num_train=2000, legacy=True)[KEYS[0]])


@pytest.mark.parametrize("codes", [np.full((50, 3), 0.1), np.arange(50.0)[:, None], np.full((50, 1), 0.1)])
def test_nothing_to_depend_on(codes):
    result = scores.dependence(codes)
    assert result[:4] == pytest.approx((0.0, 0.0, 0.0, 0.0), abs=1e-12)


def test_mutual_information_is_the_mean_over_pairs():
    codes = np.random.default_rng(0).normal(size=(500, 4)) @ _covariance(4)
    bins = make_discretizer(codes.T, 7)
    expected = np.mean([mutual_info_score(bins[i], bins[j]) for i in range(4) for j in range(4) if i != j])
    assert scores.dependence(codes, num_bins=7).mutual_info_score == pytest.approx(expected, rel=1e-9)


def test_scale_of_codes_only_enters_the_wasserstein_distance():
    codes = np.random.default_rng(0).normal(size=(500, 4)) @ _covariance(4)
    plain, scaled = scores.dependence(codes), scores.dependence(3 * codes)
    assert scaled.wasserstein_correlation == pytest.approx(9 * plain.wasserstein_correlation, rel=1e-9)
    for field in ("total_correlation", "wasserstein_correlation_norm", "mutual_info_score"):
        assert getattr(scaled, field) == pytest.approx(getattr(plain, field), rel=1e-9)


def test_result_and_artifact(gridless_data, tmp_path):
    result = _scores(gridless_data, artifact_dir=tmp_path, num_train=300, num_bins=5)
    assert list(result) == [*KEYS, "num_bins", "num_train"]
    assert {type(value) for value in result.values()} == {float, int}
    with np.load(tmp_path / "unsupervised_metrics.npz") as saved:
        assert saved["mutual_information"].shape == saved["covariance"].shape == (10, 10)


def test_gin_injects_bindings(clean_gin, gridless_data):
    clean_gin.parse_config("unsupervised_metrics.num_train = 60\nunsupervised_metrics.num_bins = 3")
    injected = clean_gin.get_configurable("unsupervised_metrics")(gridless_data, _identity, np.random.RandomState(0))
    assert injected == _scores(gridless_data, num_train=60, num_bins=3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: _scores(data, num_train=1), "num_train is 1"),
        (lambda data: _scores(data, num_train=20, num_bins=0), "num_bins is 0"),
        (lambda data: _scores(data, lambda x: x * np.nan, num_train=20), "NaN"),
        (lambda data: scores.dependence(np.zeros((1, 3))), "num_points is 1"),
        (lambda data: scores.gaussian_total_correlation(np.full((2, 2), np.inf)), "infinite"),
    ],
)
def test_bad_input_is_told_in_one_line(gridless_data, call, message):
    with pytest.raises(InputError, match=message) as error:
        call(gridless_data)
    assert "\n" not in str(error.value)
