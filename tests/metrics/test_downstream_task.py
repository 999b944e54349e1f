import functools

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from disent_tf.errors import InputError
from disent_tf.metrics import downstream_task, utils

TREE = functools.partial(DecisionTreeClassifier, max_depth=6)


def _identity(observations):
    return observations


def _downstream(data, representation_function=_identity, **options):
    return downstream_task.compute_downstream_task(data, representation_function, np.random.RandomState(0), **options)


def _up_to(size, reference):
    """Returns the reference results of sizes up to one; later sizes do not change them."""
    return {key: value for key, value in reference.items() if int(key.partition(":")[0]) <= size}


@pytest.mark.parametrize(("setting", "sizes"), [("b_noisy", [10, 100, 1000]), ("f_noise", [10, 100])])
def test_golden_logistic_regression(golden, setting, sizes):
    expected = golden.scores("small", setting, "downstream_task_logistic_regression")["per_seed"][0]
    scores = _downstream(golden.data("small", setting), num_train=sizes, predictor_fn=utils.logistic_regression_cv)
    for key, value in _up_to(sizes[-1], expected).items():
        assert scores[key] == pytest.approx(value, abs=0.002)


def test_golden_boosted_trees(golden):
    expected = golden.scores("small", "b_noisy", "downstream_task_boosted_trees")["per_seed"][0]
    scores = _downstream(golden.data("small", "b_noisy"), num_train=[10, 100])
    for key, value in _up_to(100, expected).items():
        assert scores[key] == pytest.approx(value, abs=0.02)


def test_golden_fast_boosted_trees(golden):
    expected = golden.scores("small", "b_noisy", "downstream_task_boosted_trees")["per_seed"][0]
    data, trees = golden.data("small", "b_noisy"), utils.histogram_boosting_classifier
    scores = _downstream(data, num_train=[10, 100], predictor_fn=trees)
    for key in ("10:mean_test_accuracy", "100:mean_test_accuracy", "100:mean_train_accuracy"):
        assert scores[key] == pytest.approx(expected[key], abs=0.02)


def test_keys(gridless_data):
    scores = _downstream(gridless_data, num_train=[40, 20], num_test=30, predictor_fn=TREE)
    names = ["mean_train_accuracy", "mean_test_accuracy", "min_train_accuracy", "min_test_accuracy"]
    names += [f"{part}_accuracy_factor_{factor}" for factor in range(10) for part in ("train", "test")]
    assert set(scores) == {f"{size}:{name}" for size in (20, 40) for name in names} | {"20:sample_efficiency"}
    assert all(type(value) is float for value in scores.values())


def test_means_minima_and_efficiency_follow_from_the_factors(gridless_data):
    scores = _downstream(gridless_data, num_train=[20, 60], num_test=50, predictor_fn=TREE)
    test = [[scores[f"{size}:test_accuracy_factor_{factor}"] for factor in range(10)] for size in (20, 60)]
    assert scores["20:mean_test_accuracy"] == pytest.approx(np.mean(test[0]))
    assert scores["60:min_test_accuracy"] == np.min(test[1])
    assert scores["20:sample_efficiency"] == pytest.approx(np.mean(test[0]) / np.mean(test[1]))


@pytest.mark.parametrize(("few", "many", "expected"), [(0.4, 0.8, 0.5), (0.9, 0.6, 1.5), (0, 0.5, 0), (0, 0, 1)])
def test_sample_efficiency(few, many, expected):
    assert downstream_task.sample_efficiency(few, many) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [(_identity, 0.95, 1.0), (lambda x: np.zeros((len(x), 2)), 0.05, 0.2), (lambda x: x[:, :5], 0.5, 0.65)],
)
def test_known_accuracies_without_a_grid(gridless_data, representation_function, low, high):
    scores = _downstream(gridless_data, representation_function, num_train=[500], num_test=400, predictor_fn=TREE)
    assert low <= scores["500:mean_test_accuracy"] <= high


def test_a_single_number_will_do(gridless_data):
    one = _downstream(gridless_data, num_train=30, num_test=20, predictor_fn=TREE)
    assert one == _downstream(gridless_data, num_train=[30], num_test=20, predictor_fn=TREE)


def test_artifact(gridless_data, tmp_path):
    scores = _downstream(
        gridless_data, artifact_dir=tmp_path / "new", num_train=[30, 60], num_test=20, predictor_fn=TREE
    )
    with np.load(tmp_path / "new" / "downstream_task.npz") as saved:
        np.testing.assert_array_equal(saved["num_train"], [30, 60])
        assert saved["test_accuracies"].shape == (2, 10)
        assert saved["train_accuracies"][1, 3] == scores["60:train_accuracy_factor_3"]


def test_gin_binds_sizes_and_classifier(clean_gin, data_of):
    clean_gin.parse_config(
        "compute_downstream_task.num_train = (20,)\ncompute_downstream_task.num_test = 10\n"
        "compute_downstream_task.predictor_fn = @histogram_boosting_classifier"
    )
    bound = clean_gin.get_configurable("compute_downstream_task")
    scores = bound(data_of(lambda factors, noise: factors), _identity, np.random.RandomState(0))
    assert scores["20:mean_train_accuracy"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": [10, 0]}, "num_train is 0"),
        ({"num_train": [20, 20]}, r"num_train is \[20, 20\]"),
        ({"num_train": []}, r"num_train is \[\]"),
        ({"num_test": 0}, "num_test is 0"),
        ({"num_train": [3], "predictor_fn": utils.logistic_regression_cv}, "cannot be fitted to 3 points"),
        ({"representation_function": lambda x: x * np.nan, "num_train": [10]}, "NaN or infinite"),
    ],
)
def test_bad_arguments_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _downstream(gridless_data, **options)
    assert "\n" not in str(error.value)
