import copy

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from disent_tf.errors import InputError
from disent_tf.metrics import strong_downstream_task as strong
from disent_tf.metrics import utils
from disent_tf.metrics._predictors import histogram_boosting_classifier

QUICK = {"num_train": 300, "num_test": 200, "predictor_fn": DecisionTreeClassifier, "num_jobs": 1}
NAMES = [
    "mean_train_accuracy",
    "mean_test_accuracy",
    "mean_strong_train_accuracy",
    "mean_strong_test_accuracy",
    "strong_generalization_gap",
]


class Wrong(DecisionTreeClassifier):
    """Names a class that there is not."""

    def predict(self, codes):
        return np.full(len(codes), -1)


def _identity(observations):
    return observations


def _scores(data, representation_function=_identity, seed=0, **options):
    random_state = np.random.RandomState(seed)
    return strong.compute_strong_downstream_task(data, representation_function, random_state, **QUICK | options)


def _noisy(factors, noise):
    return factors + 0.5 * noise[:, :4]


def test_golden_run(golden):
    # With the fast trees. What is set differs, the reference drew it from the state that its trees had left, but for
    # codes of one factor each it hardly matters.
    expected = golden.scores("small", "b_noisy", "strong_downstream_task")["per_seed"][0]
    data = golden.data("small", "b_noisy")
    result = _scores(data, num_train=1000, num_test=1000, n_experiment=1, predictor_fn=histogram_boosting_classifier)
    assert result == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("target", range(4))
def test_intervention_sets_one_other_factor(data_of, target):
    data = data_of(_noisy)
    random_state = np.random.RandomState(target)
    train, test = data.sample_factors(300, random_state), data.sample_factors(2000, random_state)
    before = train.copy(), test.copy()
    seen = set()
    for _ in range(30):
        after = strong.intervene(train, test, target, 4, data, random_state)
        others = np.arange(4) != after.factor
        seen.add(after.factor)
        assert set(after.factors_train[:, after.factor]) == {after.value}
        assert set(after.factors_test[:, after.factor]) == set(range(data.factor_sizes[after.factor])) - {after.value}
        np.testing.assert_array_equal(after.factors_train[:, others], before[0][:, others])
        np.testing.assert_array_equal(after.factors_test[:, others], before[1][:, others])
    assert seen == set(range(4)) - {target}
    np.testing.assert_array_equal(train, before[0])
    np.testing.assert_array_equal(test, before[1])


def test_intervention_draws_as_numpy_choice_does(data_of):
    data, zeros = data_of(_noisy), np.zeros((50, 4), np.int64)
    random_state = np.random.RandomState(5)
    factor = random_state.choice([0, 2, 3])
    values = list(range(data.factor_sizes[factor]))
    values.remove(value := random_state.choice(values))
    expected = random_state.choice(values, size=50)
    after = strong.intervene(zeros, zeros, 1, 4, data, np.random.RandomState(5))
    assert (after.factor, after.value) == (factor, value)
    np.testing.assert_array_equal(after.factors_test[:, factor], expected)


def test_nothing_is_drawn_from_the_global_state(data_of):
    before = np.random.get_state()  # noqa: NPY002
    _scores(data_of(_noisy))
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(after[1], before[1])
    assert after[2:] == before[2:]


def test_scores_are_those_of_a_plain_loop(data_of):
    data = data_of(_noisy)
    result = _scores(data, seed=2, n_experiment=3)
    random_state = np.random.RandomState(2)
    stream = utils.separate_stream(random_state)
    train, test = data.sample_factors(300, random_state), data.sample_factors(200, random_state)

    def accuracies(train, test, targets):
        codes, codes_test = (data.sample_observations_from_factors(each, random_state) for each in (train, test))
        for target in targets:
            model = DecisionTreeClassifier(random_state=copy.deepcopy(stream)).fit(codes, train[:, target])
            yield [model.score(codes, train[:, target]), model.score(codes_test, test[:, target])]

    plain = np.mean(list(accuracies(train, test, range(4))), axis=0)
    shifted = [
        score
        for target in range(4)
        for _ in range(3)
        for score in accuracies(*strong.intervene(train, test, target, 4, data, stream)[:2], [target])
    ]
    expected = [*plain, *np.mean(shifted, axis=0), 1 - np.mean(shifted, axis=0)[1] / plain[1]]
    assert list(result.values()) == pytest.approx(expected)


def test_separate_codes_generalise_and_mixed_codes_do_not(data_of):
    separate = _scores(data_of(lambda factors, noise: factors + 0.001 * noise[:, :4]))
    assert separate["300:mean_strong_test_accuracy"] > 0.99
    assert abs(separate["300:strong_generalization_gap"]) < 0.01
    mixing = np.array([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
    mixed = _scores(data_of(lambda factors, noise: factors @ mixing), n_experiment=4)
    assert mixed["300:mean_strong_train_accuracy"] > 0.99
    assert mixed["300:strong_generalization_gap"] > 0.1


def test_keys_for_one_number_of_points_and_for_several(data_of):
    data = data_of(_noisy)
    assert list(_scores(data)) == [f"300:{name}" for name in NAMES]
    several = _scores(data, num_train=(300, 50))
    assert list(several) == [f"{size}:{name}" for size in (300, 50) for name in NAMES]
    assert {key: several[key] for key in list(several)[:5]} == _scores(data)
    assert all(type(value) is float for value in several.values())


def test_number_of_processes_does_not_matter(data_of):
    data = data_of(_noisy)
    assert _scores(data, num_jobs=2) == _scores(data)


def test_no_accuracy_leaves_no_gap(data_of):
    result = _scores(data_of(_noisy), predictor_fn=Wrong)
    assert set(result.values()) == {0.0}


def test_constant_codes_have_defined_scores(data_of):
    result = _scores(data_of(lambda factors, noise: np.full_like(factors, 0.1)))
    assert np.isfinite(list(result.values())).all()
    assert result["300:mean_test_accuracy"] < 0.4


def test_values_of_factors_are_found_without_a_grid(gridless_data):
    assert _scores(gridless_data, num_train=1000)["1000:mean_strong_test_accuracy"] > 0.99


def test_artifact(data_of, tmp_path):
    result = _scores(data_of(_noisy), artifact_dir=tmp_path)
    with np.load(tmp_path / "strong_downstream_task_300.npz") as saved:
        assert saved["accuracy"].mean(axis=1)[1] == pytest.approx(result["300:mean_test_accuracy"])
        assert saved["accuracy_strong"].shape == (2, 4, 2)
        assert saved["accuracy_strong"][1].mean() == pytest.approx(result["300:mean_strong_test_accuracy"])
        assert np.all(saved["intervened"] != np.arange(4)[:, None])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": 0}, "num_train is 0"),
        ({"num_train": [100, -1]}, "num_train is -1"),
        ({"num_train": []}, r"num_train is \[\]; expected one or more"),
        ({"num_test": 0}, "num_test is 0"),
        ({"n_experiment": 0}, "n_experiment is 0"),
        ({"representation_function": lambda x: x * np.inf}, "infinite"),
    ],
)
def test_bad_arguments_are_told_in_one_line(data_of, options, message):
    data = data_of(lambda factors, noise: noise)
    with pytest.raises(InputError, match=message) as error:
        _scores(data, **options)
    assert "\n" not in str(error.value)


def test_an_intervention_needs_another_factor_that_varies(data_of):
    data = data_of(_noisy)
    data.factor_sizes = (1, 5, 1, 1)
    zeros = np.zeros((3, 4), np.int64)
    assert strong.intervene(zeros, zeros, 0, 4, data, np.random.RandomState(0)).factor == 1
    with pytest.raises(InputError, match="no factor but the predicted one, 1"):
        strong.intervene(zeros, zeros, 1, 4, data, np.random.RandomState(0))
