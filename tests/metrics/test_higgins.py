import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import higgins

QUICK = {"num_pairs": 16, "num_train": 600, "num_test": 400}


def _identity(observations):
    return observations


def _compute(data, representation_function=_identity, seed=0, **options):
    random_state = np.random.RandomState(seed)
    return higgins.compute_higgins(data, representation_function, random_state, **(QUICK | options))


def test_batches_are_those_drawn_one_by_one(data_of, tmp_path):
    data = data_of(lambda factors, noise: np.hstack([factors + noise[:, :4], noise]))
    _compute(data, seed=3, artifact_dir=tmp_path, num_train=20, num_test=10)
    state = np.random.RandomState(3)
    shared, differences = [], []
    for _ in range(30):
        factor = state.randint(data.num_factors)
        first, second = data.sample_factors(16, state), data.sample_factors(16, state)
        second[:, factor] = first[:, factor]
        pair = [data.sample_observations_from_factors(factors, state) for factors in (first, second)]
        shared.append(factor)
        differences.append(np.mean(np.abs(pair[0] - pair[1]), axis=0))
    with np.load(tmp_path / "higgins.npz") as saved:
        np.testing.assert_array_equal(np.hstack([saved["shared_train"], saved["shared_test"]]), shared)
        drawn = np.vstack([saved["differences_train"], saved["differences_test"]])
        np.testing.assert_allclose(drawn, differences, rtol=1e-12)


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [
        (_identity, 1.0, 1.0),
        (lambda x: np.hstack([x, x]), 1.0, 1.0),
        (lambda x: x[:, :1], 0.1, 0.3),  # Tells one of ten factors.
        (lambda x: np.zeros((len(x), 3)), 0.05, 0.15),  # Chance.
    ],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, low, high):
    assert low <= _compute(gridless_data, representation_function)["test_accuracy"] <= high


def test_linear_classifier_cannot_see_a_factor_that_shows_in_no_code(data_of):
    half = data_of(lambda factors, noise: np.hstack([factors[:, :2], noise]))
    score = _compute(half, num_pairs=64)["test_accuracy"]
    assert 0.6 < score < 0.85  # Two factors of four, and chance between the other two.


def test_more_pairs_score_higher(data_of):
    data = data_of(lambda factors, noise: factors + noise[:, :4])
    few, many = (_compute(data, num_pairs=num)["test_accuracy"] for num in (2, 64))
    assert few < many - 0.2


def test_scale_of_each_code_does_not_matter(data_of):
    def codes(factors, noise):
        return factors + noise[:, :4]

    expected = _compute(data_of(codes))
    assert _compute(data_of(lambda *given: codes(*given) * [2.0**-10, 1.0, 2.0**10, 8.0])) == expected


@pytest.mark.parametrize("model", ["vae", "btcvae"])
def test_trained_models_lie_between_chance_and_perfect(golden, model):
    # The beta-VAE metric with a penalised regression gives about the same on these codes.
    reference = golden.json("real_codes")[model]["beta_vae_sklearn"]["0"]["eval_accuracy"]
    score = _compute(golden.trained_model(model), num_pairs=64, num_train=3000, num_test=1000)["test_accuracy"]
    assert reference - 0.05 < score < 1.0


def test_factor_that_training_has_not_seen_counts_as_wrong():
    train = higgins.MeanDifferences(np.array([[0.0, 1.0], [1.0, 0.0]] * 10), np.array([0, 1] * 10))
    test = higgins.MeanDifferences(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([0, 2]))
    assert higgins.linear_accuracy(train, test) == (1.0, 0.5)
    one = higgins.MeanDifferences(train.differences, np.zeros(20, int))
    assert higgins.linear_accuracy(one, test) == (1.0, 0.5)


def test_result(gridless_data):
    result = _compute(gridless_data)
    assert list(result) == ["test_accuracy", "train_accuracy", "num_pairs", "num_train"]
    assert (result["num_pairs"], result["num_train"]) == (16, 600)
    assert all(type(value) in (float, int) for value in result.values())
    assert result == _compute(gridless_data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_pairs": 0}, "num_pairs is 0"),
        ({"num_train": 0}, "num_train is 0"),
        ({"num_test": 0}, "num_test is 0"),
        ({"penalty": 0.0}, "penalty is 0.0"),
    ],
)
def test_bad_numbers_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _compute(gridless_data, **options)
    assert "\n" not in str(error.value)


def test_bad_data_are_told(gridless_data):
    with pytest.raises(InputError, match="NaN"):
        _compute(gridless_data, lambda x: x * np.nan)
    gridless_data.num_factors = 1
    with pytest.raises(InputError, match="single factor"):
        _compute(gridless_data)
