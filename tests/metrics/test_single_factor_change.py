import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import single_factor_change
from disent_tf.metrics.representation import Representation, as_codes

QUICK = {"num_train": 1500, "num_validation": 500, "num_test": 500, "learning_rate": 0.02, "max_epochs": 2000}


def _identity(observations):
    return observations


def _compute(data, representation_function=_identity, seed=0, **options):
    state = np.random.RandomState(seed)
    return single_factor_change.compute_single_factor_change(data, representation_function, state, **(QUICK | options))


def _drawn(data, changing, num=2000, seed=0):
    """Returns observations of pairs, and which factor differs."""
    state = np.random.RandomState(seed)
    return single_factor_change._draw(data, _identity, state, np.array(changing), num)


class Symmetric:
    """A shape that shows its angle, and one that looks the same at every second angle; the observation is a picture."""

    factor_names = ("shape", "size", "angle")
    num_factors = 3

    def sample_factors(self, num, random_state):
        return np.stack([random_state.randint(size, size=num) for size in (2, 3, 4)], axis=1)

    def sample_observations_from_factors(self, factors, random_state):
        shape, size, angle = factors.T
        return np.stack([shape, size, np.where(shape == 1, angle % 2, angle)], axis=1).astype(np.float32)


def test_relative_change():
    change = single_factor_change.relative_change([[1.0, 2.0], [0.0, 0.0]], [[0.0, 4.0], [0.0, 0.0]])
    np.testing.assert_array_equal(change, [[0.5, 1.0], [0.0, 0.0]])  # Equal codes: no 0/0.


def test_exactly_one_factor_changes_to_any_other_value(gridless_data):
    pairs = _drawn(gridless_data, [1, 4, 7], num=6000)
    differs = pairs.first != pairs.second  # The observation is the factors.
    np.testing.assert_array_equal(differs.sum(axis=1), 1)
    np.testing.assert_array_equal(differs.argmax(axis=1), pairs.changed)
    np.testing.assert_allclose(np.bincount(pairs.changed)[[1, 4, 7]] / 6000, 1 / 3, atol=0.03)
    old, new = pairs.first[differs], pairs.second[differs]
    steps = np.bincount(((new - old) % 10).astype(int), minlength=10)
    assert steps[0] == 0
    np.testing.assert_allclose(steps[1:] / 6000, 1 / 9, atol=0.02)


def test_equal_observations_get_another_change():
    pairs = _drawn(Symmetric(), [1, 2], num=4000)
    assert np.all(np.any(pairs.first != pairs.second, axis=1))
    symmetric = pairs.first[:, 0] == 1
    # An angle shows in 2 of 3 changes: of 1/2 and 1/3 of all first draws, a share of 2/5.
    assert np.mean(pairs.changed[symmetric] == 2) == pytest.approx(0.4, abs=0.04)
    assert np.mean(pairs.changed[~symmetric] == 2) == pytest.approx(0.5, abs=0.04)


def test_shape_does_not_change_by_default(tmp_path):
    _compute(Symmetric(), artifact_dir=tmp_path)
    with np.load(tmp_path / "single_factor_change.npz") as saved:
        assert set(saved["changed"]) == {1, 2}
        assert saved["changes"].max() == 1.0
    _compute(Symmetric(), artifact_dir=tmp_path, changing_factors=(0, 2))
    with np.load(tmp_path / "single_factor_change.npz") as saved:
        assert set(saved["changed"]) == {0, 2}


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [
        (_identity, 0.99, 1.0),
        (lambda x: x[:, :1], 0.1, 0.3),  # Tells one of ten factors.
        (lambda x: np.zeros((len(x), 3)), 0.0, 0.2),
    ],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, low, high):
    assert low <= _compute(gridless_data, representation_function)["test_accuracy"] <= high


def test_collapsed_codes_collide_and_score_chance(gridless_data):
    result = _compute(gridless_data, lambda x: np.full((len(x), 3), 0.1))
    assert result["num_collisions"] == 2500
    assert result["test_accuracy"] == pytest.approx(0.1, abs=0.06)


def test_rotation_is_not_seen_but_noise_is(golden):
    # A rotated code moves along one line for each factor, which a linear classifier tells as well.
    options = {"max_epochs": 1000}
    names = ("c_rotated", "b_noisy", "f_noise")
    scores = {name: _compute(golden.data("small", name), **options)["test_accuracy"] for name in names}
    assert scores["c_rotated"] > 0.95 > scores["b_noisy"] > 0.7 > 0.35 > scores["f_noise"]


def test_representation_gives_the_score_of_its_data(golden):
    data = golden.trained_model("btcvae")
    data.factor_names = ("shape", "scale", "orientation", "x", "y")
    expected = _compute(data)
    data.factors_num_values = data.factor_sizes
    representation = Representation(data, _identity)
    assert _compute(representation, as_codes)["test_accuracy"] == pytest.approx(expected["test_accuracy"], abs=0.05)
    assert 0.7 < expected["test_accuracy"] < 0.98


def test_factor_with_one_value_never_changes(data_of):
    class OneValue(Symmetric):
        def sample_factors(self, num, random_state):
            return super().sample_factors(num, random_state) * [1, 1, 0]

    pairs = _drawn(OneValue(), [1, 2], num=200)
    np.testing.assert_array_equal(pairs.changed, 1)


def test_last_and_best_weights_are_scored(gridless_data):
    settings = {"learning_rate": 0.2, "max_epochs": 500}
    result = _compute(gridless_data, lambda x: x @ np.tri(10), **settings)
    assert list(result) == ["test_accuracy", "best_test_accuracy", "num_epochs", "num_collisions", "num_train"]
    assert all(type(value) in (float, int) for value in result.values())
    assert result == _compute(gridless_data, lambda x: x @ np.tri(10), **settings)
    assert 0.3 < result["best_test_accuracy"] <= 1.0
    assert _compute(gridless_data, max_epochs=3)["num_epochs"] == 3


def test_classes_that_only_the_test_has_count_as_wrong():
    state = np.random.RandomState(0)
    first = state.rand(60, 2)
    changed = np.tile([0, 1], 30)
    second = first + np.eye(2)[changed]
    train = single_factor_change.ChangedPairs(first, second, changed)
    test = single_factor_change.ChangedPairs(first, second, np.where(changed == 1, 2, 0))
    assert single_factor_change.change_accuracy(train, train, test, learning_rate=0.1).last == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": 0}, "num_train is 0"),
        ({"num_validation": 0}, "num_validation is 0"),
        ({"num_test": 0}, "num_test is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"patience": -1}, "patience is -1"),
        ({"max_epochs": 0}, "max_epochs is 0"),
        ({"changing_factors": [3]}, r"the factors that change are \[3\]"),
        ({"changing_factors": [3, 3]}, "two or more different indices below 10"),
        ({"changing_factors": [3, 10]}, "two or more different indices below 10"),
        ({"changing_factors": []}, "two or more different indices below 10"),
    ],
)
def test_bad_input_is_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _compute(gridless_data, **options)
    assert "\n" not in str(error.value)


def test_bad_codes_are_told(gridless_data):
    with pytest.raises(InputError, match="NaN"):
        _compute(gridless_data, lambda x: x * np.nan)
    with pytest.raises(InputError, match="expected the same"):
        single_factor_change.relative_change(np.zeros((3, 2)), np.zeros((3, 1)))
