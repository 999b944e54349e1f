import copy

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from disent_tf.errors import InputError
from disent_tf.metrics import _accuracy, unified_scores, utils
from disent_tf.metrics import reduced_downstream_task as reduced
from disent_tf.metrics._predictors import histogram_boosting_classifier

QUICK = {
    "num_train": 400,
    "num_test": 300,
    "predictor_fn": DecisionTreeClassifier,
    "correlation_measure": unified_scores.mutual_information_matrix,
    "num_jobs": 1,
}


def _identity(observations):
    return observations


def _scores(data, representation_function=_identity, seed=0, **options):
    random_state = np.random.RandomState(seed)
    return reduced.compute_reduced_downstream_task(data, representation_function, random_state, **QUICK | options)


def _noisy(factors, noise):
    return np.hstack([factors + 0.3 * noise[:, :4], noise[:, 4:]])


def _points(num_codes, num_factors):
    return utils.TrainAndTest(*(np.zeros((3, columns)) for columns in (num_codes, num_factors) * 2))


def test_golden_accuracies_without_the_code_of_one_factor(golden):
    # With the fast trees, and information in the place of importances, for one of the factors: seconds, not a minute.
    data, random_state = golden.data("small", "b_noisy"), np.random.RandomState(0)
    points = utils.draw_train_and_test(data, _identity, random_state, 1000, 1000)
    kept = reduced.remaining_codes(points, 1, unified_scores.mutual_information_matrix)[3]
    points = points._replace(codes_train=points.codes_train[:, kept], codes_test=points.codes_test[:, kept])
    result = _accuracy.train_and_test_accuracies(histogram_boosting_classifier, points, random_state, 1)
    expected = golden.scores("small", "b_noisy", "reduced_downstream_task")["per_seed"][0]
    prefix = "1000:reduced_factor_3:mean"
    for i, part in enumerate(("train", "test")):
        accuracies = [expected[f"{prefix}_{part}_accuracy_factor_{k}"] for k in range(4)]
        np.testing.assert_allclose(result[i], accuracies, atol=0.025)


def test_importances_of_boosted_trees_decide_by_default(data_of):
    data, options = data_of(_noisy), {"num_train": 100, "num_test": 50}
    data.sample_factors = lambda num, random_state: random_state.randint(2, size=(num, 4))  # Few trees.
    given = _scores(data, correlation_measure=unified_scores.importance_gbt_matrix, **options)
    random_state = np.random.RandomState(0)
    default = reduced.compute_reduced_downstream_task(
        data, _identity, random_state, predictor_fn=DecisionTreeClassifier, **options
    )
    assert default == given


def test_scores_are_those_of_a_plain_loop(data_of):
    data, random_state = data_of(_noisy), np.random.RandomState(1)
    stream = utils.separate_stream(random_state)
    points = utils.draw_train_and_test(data, _identity, random_state, 400, 300)
    accuracies = np.zeros((4, 2, 4))
    for removed in range(4):  # The code of the same number tells the factor.
        codes, codes_test = (np.delete(each, removed, axis=1) for each in (points.codes_train, points.codes_test))
        for k in range(4):
            model = DecisionTreeClassifier(random_state=copy.deepcopy(stream)).fit(codes, points.factors_train[:, k])
            accuracies[removed, 0, k] = model.score(codes, points.factors_train[:, k])
            accuracies[removed, 1, k] = model.score(codes_test, points.factors_test[:, k])
    result = _scores(data, seed=1)
    own, others = np.eye(4, dtype=bool), ~np.eye(4, dtype=bool)
    for i, part in enumerate(("train", "test")):
        kept = accuracies[:, i][others].reshape(4, 3).mean(axis=1)
        assert result[f"400:mean_{part}_accuracy_reduced_factor"] == pytest.approx(accuracies[:, i][own].mean())
        assert result[f"400:mean_{part}_accuracy_other_factors"] == pytest.approx(kept.mean())
        for k in range(4):
            prefix = f"400:reduced_factor_{k}:mean_{part}_accuracy"
            assert result[f"{prefix}_reduced_factor"] == pytest.approx(accuracies[k, i, k])
            assert result[f"{prefix}_non_reduced_factor"] == pytest.approx(kept[k])
            assert [result[f"{prefix}_factor_{j}"] for j in range(4)] == pytest.approx(accuracies[k, i])


def test_removing_the_code_of_a_factor_loses_this_factor_alone(data_of):
    result = _scores(data_of(lambda factors, noise: np.hstack([factors + 0.001 * noise[:, :4], noise[:, 4:]])))
    assert result["400:mean_test_accuracy_reduced_factor"] < 0.35
    assert result["400:mean_test_accuracy_other_factors"] > 0.95


def test_a_second_code_of_a_factor_keeps_it_until_it_is_removed_too(data_of):
    data = data_of(lambda factors, noise: np.hstack([factors, -2.0 * factors]))
    assert _scores(data)["400:mean_test_accuracy_reduced_factor"] > 0.95
    both = _scores(data, num_factors_to_remove=2)
    assert both["400:mean_test_accuracy_reduced_factor"] < 0.35
    assert both["400:mean_test_accuracy_other_factors"] > 0.95
    none = _scores(data, num_factors_to_remove=0)
    assert (
        none["400:reduced_factor_1:mean_test_accuracy_factor_2"]
        == none["400:reduced_factor_2:mean_test_accuracy_factor_2"]
    )


def test_codes_are_removed_by_a_measure_that_is_taken_anew():
    table = np.array([[3.0, 0.0], [3.0, 1.0], [1.0, 2.0], [2.0, 0.0]])  # Of equal ones the first goes.
    measured = []

    def measure(codes, *_):
        left = codes[:, 0].astype(int)
        measured.append(left.tolist())
        matrix = table[left]
        if 0 not in left:
            matrix[left == 2, 0] = 9.0  # Without code 0, code 2 tells the most.
        return matrix

    points = _points(4, 2)._replace(codes_train=np.tile(np.arange(4.0), (3, 1)))
    np.testing.assert_array_equal(reduced.remaining_codes(points, 2, measure), [[1, 3], [0, 3]])
    assert measured == [[0, 1, 2, 3], [0, 1, 3], [1, 2, 3]]  # Once for all factors with the same codes left.


def test_keys_for_one_number_of_points_and_for_several(data_of):
    data = data_of(_noisy)
    several = _scores(data, num_train=(400, 50))
    one = _scores(data)
    assert {key: several[key] for key in one} == one
    assert len(several) == 2 * len(one) == 2 * (4 + 4 * (4 + 8))
    assert all(type(value) is float for value in several.values())


def test_same_random_state_same_score(data_of):
    data = data_of(_noisy)
    assert _scores(data, seed=3) == _scores(data, seed=3) != _scores(data, seed=4)


def test_constant_codes_have_defined_scores(data_of):
    result = _scores(data_of(lambda factors, noise: np.full_like(factors, 0.1)))
    assert np.isfinite(list(result.values())).all()


def test_artifact(data_of, tmp_path):
    result = _scores(data_of(_noisy), artifact_dir=tmp_path)
    with np.load(tmp_path / "reduced_downstream_task_400.npz") as saved:
        assert saved["accuracies"][2, 1, 3] == result["400:reduced_factor_2:mean_test_accuracy_factor_3"]
        np.testing.assert_array_equal(saved["remaining_codes"][1], [0, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": 0}, "num_train is 0"),
        ({"num_train": []}, r"num_train is \[\]; expected one or more"),
        ({"num_test": 0}, "num_test is 0"),
        ({"num_factors_to_remove": 6}, "num_factors_to_remove is 6 of 6 codes"),
        ({"num_factors_to_remove": -1}, "num_factors_to_remove is -1"),
        ({"correlation_measure": lambda *_: np.zeros((6, 3))}, r"correlation_measure returned shape \(6, 3\)"),
        ({"representation_function": lambda x: x * np.inf}, "infinite"),
    ],
)
def test_bad_arguments_are_told_in_one_line(data_of, options, message):
    data = data_of(_noisy)
    with pytest.raises(InputError, match=message) as error:
        _scores(data, **options)
    assert "\n" not in str(error.value)


def test_single_factor_is_told_in_one_line(gridless_data):
    gridless_data.num_factors = 1
    with pytest.raises(InputError, match="num_factors is 1"):
        _scores(gridless_data)
