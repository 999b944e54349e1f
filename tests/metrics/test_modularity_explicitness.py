import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from disent_tf.errors import InputError
from disent_tf.metrics import modularity_explicitness as module
from disent_tf.metrics import utils

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")
SCORES = ("modularity_score", "explicitness_score_train", "explicitness_score_test")


def _identity(observations):
    return observations


def _scores(data, representation_function=_identity, seed=0, **options):
    return module.compute_modularity_explicitness(data, representation_function, np.random.RandomState(seed), **options)


def _given(golden, grid, setting):
    arrays = golden.arrays(f"golden/inputs_{grid}")
    names = (f"mus_train_{setting}", "ys_train", f"mus_test_{setting}", "ys_test")
    return utils.TrainAndTest(*(arrays[name].T for name in names))


def _points(seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.integers([2, 4, 6], size=(900, 3))
    codes = factors @ rng.normal(size=(3, 4)) + rng.normal(size=(900, 4))
    return utils.TrainAndTest(codes[:600], factors[:600], codes[600:], factors[600:])


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_modularity_of_given_codes(golden, grid, setting):
    codes, factors, _, expected = golden.exact(grid, setting)
    information = utils.discrete_mutual_info(utils.make_discretizer(codes), factors)
    per_code = module.modularity_per_code(information)
    np.testing.assert_allclose(per_code, expected["modularity_per_code"], rtol=1e-9)
    assert module.modularity(information) == pytest.approx(expected["modularity_score"], rel=1e-9)


@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "g_collapsed"])
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_explicitness_of_given_codes(golden, grid, setting):
    areas = module.explicitness(_given(golden, grid, setting))
    expected = golden.exact(grid, setting)[3]["explicitness"]
    np.testing.assert_allclose(areas.train, expected["train_per_factor"], atol=1e-5)
    np.testing.assert_allclose(areas.test, expected["test_per_factor"], atol=1e-5)


@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "g_collapsed"])
def test_golden_scores_seed_by_seed(golden, setting):
    reference = golden.scores("small", setting, "modularity_explicitness")["per_seed"][0]
    scores = _scores(golden.data("small", setting))
    assert scores[SCORES[0]] == pytest.approx(reference[SCORES[0]], rel=1e-9)
    assert [scores[key] for key in SCORES[1:]] == pytest.approx([reference[key] for key in SCORES[1:]], abs=1e-5)


@pytest.mark.parametrize("model", ["vae", "btcvae"])
def test_golden_scores_of_trained_models(golden, model):
    reference = golden.json("real_codes")[model]["modularity_explicitness"]["1"]
    scores = _scores(golden.trained_model(model), seed=1)
    assert [scores[key] for key in SCORES] == pytest.approx([reference[key] for key in SCORES], abs=1e-5)


@pytest.mark.parametrize("name", ["dense", "peaked", "square", "two_codes", "wide", "zero", "zero_row_and_column"])
def test_golden_formula(golden, name):
    expected = golden.json("expected_formulas")["matrix_aggregation"][name]
    per_code = module.modularity_per_code(np.array(expected["matrix"]))
    np.testing.assert_allclose(per_code, expected["modularity_per_code"], rtol=1e-9, atol=1e-15)
    assert per_code.mean() == pytest.approx(expected["modularity"], rel=1e-9)


def test_modularity_of_known_information():
    information = np.array([[2.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [2.0, 1.0, 0.0]])
    np.testing.assert_allclose(module.modularity_per_code(information), [1.0, 0.0, 0.0, 1 - 1 / 8])
    assert module.modularity(information) == pytest.approx((1 + 0 + 0 + 7 / 8) / 4)


def test_modularity_of_a_single_factor():
    np.testing.assert_array_equal(module.modularity_per_code(np.array([[0.5], [0.0]])), [1.0, 0.0])


def test_dead_code_has_modularity_exactly_zero(gridless_data, tmp_path):
    def one_dead(x):
        return np.hstack([x[:, :2], np.full((len(x), 1), 0.1)])

    _scores(gridless_data, one_dead, artifact_dir=tmp_path, num_train=999, num_test=99)
    with np.load(tmp_path / "modularity_explicitness.npz") as saved:
        assert saved["modularity_per_code"][2] == 0.0
        np.testing.assert_array_equal(saved["active"], [True, True, False])


def test_pruning_leaves_out_codes_that_hardly_vary(data_of):
    def codes(factors, noise):
        return np.hstack([factors, 0.01 * noise])

    scores = _scores(data_of(codes), num_train=2000, num_test=500)
    assert scores["modularity_score"] < 0.8  # Six codes of noise in ten.
    assert scores["modularity_score_pruned"] > 0.99
    assert scores["num_active_dims"] == 4
    none = _scores(data_of(codes), num_train=2000, num_test=500, prune_threshold=100.0)
    assert (none["modularity_score_pruned"], none["num_active_dims"]) == (0.0, 0)
    everything = _scores(data_of(codes), num_train=2000, num_test=500, prune_threshold=0.0)
    assert everything["modularity_score_pruned"] == everything["modularity_score"]


def test_areas_are_those_of_scikit_learn():
    points = _points()
    mean, scale = points.codes_train.mean(axis=0), points.codes_train.std(axis=0)
    areas = module.explicitness(points)
    for k in range(3):
        model = LogisticRegression().fit((points.codes_train - mean) / scale, points.factors_train[:, k])
        for part, codes, factors in zip(areas, points[::2], points[1::2], strict=True):
            probabilities = model.predict_proba((codes - mean) / scale)
            expected = roc_auc_score(factors[:, [k]] == model.classes_, probabilities)
            assert part[k] == pytest.approx(expected, abs=1e-6)


def test_ties_count_half():
    rounded = np.random.default_rng(0).integers(5, size=200)
    positive = rounded + np.random.default_rng(1).integers(4, size=200) > 4
    assert module._area(rounded / 5, positive) == pytest.approx(roc_auc_score(positive, rounded), rel=1e-12)


def test_number_of_jobs_does_not_matter():
    one, two = (module.explicitness(_points(), num_jobs=num_jobs) for num_jobs in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_dead_code_changes_nothing():
    points = _points()
    dead = points._replace(
        codes_train=np.hstack([points.codes_train, np.full((600, 1), 0.1)]),
        codes_test=np.hstack([points.codes_test, np.full((300, 1), 0.1)]),
    )
    np.testing.assert_allclose(module.explicitness(dead), module.explicitness(points), atol=1e-4)


def test_golden_setting_that_has_a_dead_code(golden):
    areas = module.explicitness(_given(golden, "small", "g_collapsed"))
    assert np.all((np.array(areas) > 0.9) & (np.array(areas) <= 1.0))


def test_all_codes_dead_is_chance(gridless_data):
    scores = _scores(gridless_data, lambda x: np.full((len(x), 3), 0.1), num_train=200, num_test=100)
    assert [scores[key] for key in SCORES] == [0.0, 0.5, 0.5]


def test_class_missing_in_the_test_points_is_left_out():
    points = _points()
    seen = points.factors_test[:, 2] != 3
    fewer = points._replace(codes_test=points.codes_test[seen], factors_test=points.factors_test[seen])
    area = module.explicitness(fewer).test[2]
    assert 0.5 < area < 1.0
    assert area == pytest.approx(module.explicitness(points).test[2], abs=0.05)


def test_class_missing_in_training_is_left_out():
    points = _points()
    seen = points.factors_train[:, 2] != 3
    fewer = points._replace(codes_train=points.codes_train[seen], factors_train=points.factors_train[seen])
    assert 0.5 < module.explicitness(fewer).test[2] < 1.0


def test_constant_factor_is_left_out():
    points = _points()
    points.factors_train[:, 1] = points.factors_test[:, 1] = 7
    areas = module.explicitness(points)
    np.testing.assert_array_equal(np.isnan(areas), [[False, True, False]] * 2)

    class OneConstant:
        num_factors, is_full_grid = 2, False

        def sample_factors(self, num, random_state):
            return np.stack([random_state.randint(3, size=num), np.zeros(num, int)], axis=1)

        def sample_observations_from_factors(self, factors, random_state):
            return factors + 0.1

    scores = _scores(OneConstant(), num_train=100, num_test=50)
    assert scores["explicitness_score_test"] == 1.0


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [
        (_identity, 0.99, 1.0),
        (lambda x: np.hstack([x, x]), 0.99, 1.0),  # Copies do no harm: each is about one factor.
        (lambda x: x[:, :2] @ np.array([[1.0, 1.0], [1.0, -1.0]]), 0.85, 0.92),  # 8/9: about two of ten alike.
    ],
)
def test_known_modularity_without_a_grid(gridless_data, representation_function, low, high):
    scores = _scores(gridless_data, representation_function, num_train=3000, num_test=1000)
    assert low <= scores["modularity_score"] <= high


def test_result(gridless_data):
    result = _scores(gridless_data, num_train=300, num_test=100, num_bins=5)
    rest = ["modularity_score_pruned", "num_active_dims", "num_bins", "num_train"]
    assert list(result) == [*SCORES, *rest]
    assert {type(value) for value in result.values()} == {float, int}


def test_gin_injects_bindings(clean_gin, gridless_data):
    clean_gin.parse_config(
        "compute_modularity_explicitness.num_train = 90\ncompute_modularity_explicitness.num_test = 60"
    )
    injected = clean_gin.get_configurable("compute_modularity_explicitness")
    assert injected(gridless_data, _identity, np.random.RandomState(0)) == _scores(
        gridless_data, num_train=90, num_test=60
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": 1}, "num_train is 1"),
        ({"num_test": 0}, "num_test is 0"),
        ({"num_bins": 0}, "num_bins is 0"),
        ({"num_train": 50, "num_test": 1}, "draw more points"),
        ({"num_train": 50, "representation_function": lambda x: x * np.inf}, "infinite"),
    ],
)
def test_bad_input_is_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _scores(gridless_data, **options)
    assert "\n" not in str(error.value)
