import copy
import itertools

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from disent_tf.errors import InputError
from disent_tf.metrics import fairness, utils
from disent_tf.metrics._predictors import histogram_boosting_classifier

QUICK = {"num_train": 500, "num_test_points_per_class": 20, "predictor_fn": DecisionTreeClassifier, "num_jobs": 1}
PAPER = "mean_fairness:mean_pred:mean_sens"


def _identity(observations):
    return observations


def _scores(data, representation_function=_identity, seed=0, **options):
    return fairness.compute_fairness(data, representation_function, np.random.RandomState(seed), **QUICK | options)


@pytest.mark.parametrize("case", ["counts_0", "counts_1", "counts_2", "equal"])
def test_golden_distances_of_counts(golden, case):
    expected = golden.json("expected_formulas")["fairness"][case]
    mean, maximum = fairness.inter_group_fairness(expected["counts"])
    assert (mean, maximum) == (pytest.approx(expected["mean"], abs=1e-7), pytest.approx(expected["max"], abs=1e-7))


def test_golden_dictionary(golden):
    expected = golden.json("expected_formulas")["fairness"]["scores_dict"]
    result = fairness.compute_scores_dict(expected["matrix"], expected["prefix"])
    assert result == pytest.approx(expected["result"], rel=1e-12)


def test_golden_run(golden):
    # The fast trees: those of the reference take a minute. Both count the same points.
    result = _scores(
        golden.data("small", "b_noisy"),
        num_train=10_000,
        num_test_points_per_class=100,
        predictor_fn=histogram_boosting_classifier,
    )
    assert result == pytest.approx(golden.scores("small", "b_noisy", "fairness")["per_seed"][0], abs=0.03)
    assert result[PAPER] == pytest.approx(
        golden.scores("small", "b_noisy", "fairness")["per_seed"][0][PAPER], abs=0.005
    )


def test_points_and_counts_are_those_of_a_plain_loop(data_of):
    data = data_of(lambda factors, noise: factors @ np.ones((4, 3)) + 0.3 * noise[:, :3])  # Random observations.
    random_state = np.random.RandomState(3)
    stream = utils.separate_stream(random_state)
    codes, factors = utils.generate_batch_factor_code(data, _identity, 500, random_state, 16)
    expected = {}
    for i, j in itertools.permutations(range(4), 2):
        model = DecisionTreeClassifier(random_state=copy.deepcopy(stream)).fit(codes.T, factors[i])
        drawn = data.sample_factors(20, random_state)
        counts = np.zeros((data.factor_sizes[i], data.factor_sizes[j]))
        for value in range(data.factor_sizes[j]):
            drawn[:, j] = value
            for predicted in model.predict(data.sample_observations_from_factors(drawn, random_state)):
                counts[predicted, value] += 1
        expected[i, j] = fairness.inter_group_fairness(counts)
    result = _scores(data, seed=3)
    for (i, j), (mean, maximum) in expected.items():
        assert result[f"mean_fairness:pred{i}:sens{j}"] == pytest.approx(mean)
        assert result[f"max_fairness:pred{i}:sens{j}"] == pytest.approx(maximum)


def test_separate_codes_are_fair_and_mixed_codes_are_not(data_of):
    perfect = _scores(data_of(lambda factors, noise: factors + 0.001 * noise[:, :4]))
    assert max(perfect.values()) < 0.01
    mixed = _scores(data_of(lambda factors, noise: factors[:, :2] + factors[:, 2:] + 0.3 * noise[:, :2]))
    assert mixed["mean_fairness:pred0:sens2"] > 0.2 > mixed["mean_fairness:pred0:sens1"] + 0.1
    assert mixed["max_fairness:pred0:sens2"] > mixed["mean_fairness:pred0:sens2"]


def test_constant_codes_and_constant_factors_are_fair(data_of):
    constant = _scores(data_of(lambda factors, noise: np.full_like(factors, 0.1)))
    assert set(constant.values()) == {0.0}
    data = data_of(lambda factors, noise: factors)
    data.sample_factors = lambda num, random_state: np.minimum(random_state.randint(3, size=(num, 4)), [0, 3, 3, 3])
    assert _scores(data)["mean_fairness:pred0:max_sens"] == 0.0


def test_values_of_factors_are_found_without_a_grid(gridless_data):
    result = _scores(gridless_data, num_test_points_per_class=5)
    assert len(result) == 2 * (90 + 40 + 8)
    assert result[PAPER] < 0.02
    unfair = _scores(gridless_data, lambda x: x[:, :5] + 2 * x[:, 5:], num_test_points_per_class=5)
    assert unfair["max_fairness:pred0:sens5"] > 0.5  # Set to 1 only, as factors_num_values has it, there is none.


def test_group_without_predictions_has_no_say():
    with_empty = fairness.inter_group_fairness([[3, 0, 1], [1, 0, 1]])
    assert with_empty == pytest.approx(fairness.inter_group_fairness([[3, 1], [1, 1]]))


def test_result_and_artifact(data_of, tmp_path):
    data = data_of(lambda factors, noise: factors + noise[:, :4])
    result = _scores(data, artifact_dir=tmp_path)
    assert all(type(value) is float for value in result.values())
    assert result == _scores(data)
    assert result != _scores(data, seed=1)
    with np.load(tmp_path / "fairness.npz") as saved:
        assert saved["mean_fairness"][1, 2] == result["mean_fairness:pred1:sens2"]
        assert saved["max_fairness"][2, 0] == result["max_fairness:pred2:sens0"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_test_points_per_class": 0}, "num_test_points_per_class is 0"),
        ({"num_train": 0}, "num_points is 0"),
        ({"representation_function": lambda x: x * np.nan}, "NaN"),
    ],
)
def test_bad_arguments_are_told_in_one_line(data_of, options, message):
    data = data_of(lambda factors, noise: factors)
    with pytest.raises(InputError, match=message) as error:
        _scores(data, **options)
    assert "\n" not in str(error.value)


def test_bad_matrices_and_a_single_factor_are_told_in_one_line(gridless_data):
    with pytest.raises(InputError, match="counts are all 0"):
        fairness.inter_group_fairness(np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"shape \(2, 3\)"):
        fairness.compute_scores_dict(np.zeros((2, 3)), "x")
    with pytest.raises(InputError, match="num_factors is 1"):
        fairness.compute_scores_dict(np.zeros((1, 1)), "x")
    gridless_data.num_factors = 1
    with pytest.raises(InputError, match="num_factors is 1"):
        _scores(gridless_data)
