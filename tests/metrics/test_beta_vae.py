import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import beta_vae, representation

QUICK = {"num_train": 300, "num_eval": 200}
ACCURACIES = ("train_accuracy", "eval_accuracy")


def _identity(observations):
    return observations


def _score(data, representation_function=_identity, seed=0, **options):
    return beta_vae.compute_beta_vae_sklearn(data, representation_function, np.random.RandomState(seed), **options)


def _saved(folder):
    with np.load(folder / "beta_vae.npz") as saved:
        return dict(saved)


class _SingleFactor:
    num_factors = 1

    def sample_factors(self, num, random_state):
        return random_state.randint(5, size=(num, 1))

    def sample_observations_from_factors(self, factors, random_state):
        return factors + random_state.normal(size=(len(factors), 3))


def _differences_one_by_one(data, seed, num, batch_size):
    """The protocol as a plain loop."""
    random_state = np.random.RandomState(seed)
    features, labels = [], []
    for _ in range(num):
        label = random_state.randint(data.num_factors)
        first, second = (data.sample_factors(batch_size, random_state) for _ in range(2))
        second[:, label] = first[:, label]
        first, second = (data.sample_observations_from_factors(part, random_state) for part in (first, second))
        features.append(np.abs(first - second).mean(axis=0))
        labels.append(label)
    return np.array(features), np.array(labels)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 2000])
def test_points_are_those_drawn_one_by_one(data_of, tmp_path, batch_size):
    data = data_of(lambda factors, noise: np.hstack([factors + noise[:, :4], noise]))
    _score(data, seed=5, artifact_dir=tmp_path, batch_size=batch_size, num_train=20, num_eval=10)
    saved = _saved(tmp_path)
    features, labels = _differences_one_by_one(data, 5, 30, batch_size)
    np.testing.assert_allclose(np.vstack([saved["features_train"], saved["features_eval"]]), features, rtol=1e-12)
    np.testing.assert_array_equal(np.append(saved["labels_train"], saved["labels_eval"]), labels)


@pytest.mark.parametrize("setting", ["b_noisy", "c_rotated", "f_noise"])
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_accuracy_of_given_points(golden, grid, setting):
    arrays, expected = golden.arrays(f"golden/inputs_{grid}"), golden.exact(grid, setting)[3]
    expected = expected["beta_vae_on_given_points"]
    accuracy = beta_vae.shared_factor_accuracy(
        *(arrays[f"betavae_{what}_{part}_{setting}"] for part in ("train", "eval") for what in ("points", "labels"))
    )
    assert list(accuracy) == pytest.approx([expected[key] for key in ACCURACIES], abs=1e-9)


@pytest.mark.parametrize(("setting", "seed"), [("f_noise", 0)])
def test_golden_score_seed_by_seed(golden, setting, seed):
    data = golden.data("dsprites", setting)
    codes = representation.Representation.of_codes(data.table, data.factor_sizes)
    reference = golden.scores("dsprites", setting, "beta_vae_sklearn")["per_seed"][seed]
    scores = _score(codes, representation.as_codes, seed)
    assert [scores[key] for key in ACCURACIES] == pytest.approx([reference[key] for key in ACCURACIES], abs=1e-3)


def test_golden_score_of_a_trained_model(golden):
    data = golden.trained_model("btcvae")
    codes = representation.Representation.of_codes(data.table, data.factor_sizes)
    reference = golden.json("real_codes")["btcvae"]["beta_vae_sklearn"]["1"]
    scores = _score(codes, representation.as_codes, 1)
    assert [scores[key] for key in ACCURACIES] == pytest.approx([reference[key] for key in ACCURACIES], abs=1e-3)


def test_mean_difference():
    first, second = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[1.0, 1.0], [-1.0, 4.0]])
    np.testing.assert_array_equal(beta_vae.mean_difference(first, second), [2.0, 0.5])
    np.testing.assert_array_equal(beta_vae.mean_difference(first[None], second[None]), [[2.0, 0.5]])


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [
        (_identity, 0.99, 1.0),
        (lambda x: np.hstack([x, x]), 0.99, 1.0),
        (lambda x: x[:, :1], 0.05, 0.3),
        (lambda x: np.full((len(x), 3), 0.1), 0.03, 0.2),  # Chance: the most frequent of ten factors.
    ],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, low, high):
    scores = _score(gridless_data, representation_function, **QUICK)
    assert low <= scores["eval_accuracy"] <= high


def test_small_codes_score_lower(data_of):
    def score(scale):
        return _score(data_of(lambda factors, noise: scale * factors), batch_size=4, **QUICK)["eval_accuracy"]

    assert score(1e-4) < 0.6 < score(1.0)


def test_single_factor_is_always_named():
    scores = _score(_SingleFactor(), num_train=20, num_eval=10)
    assert scores == {"train_accuracy": 1.0, "eval_accuracy": 1.0}


def test_single_training_point_names_its_factor(gridless_data, tmp_path):
    scores = _score(gridless_data, artifact_dir=tmp_path, num_train=1, num_eval=200)
    saved = _saved(tmp_path)
    assert scores["train_accuracy"] == 1.0
    assert scores["eval_accuracy"] == np.mean(saved["labels_eval"] == saved["labels_train"])


def test_encodes_many_pairs_at_once(gridless_data):
    calls = []

    def recorder(observations):
        calls.append(len(observations))
        return observations

    _score(gridless_data, recorder, num_train=20, num_eval=8)
    assert calls == [1024, 1024, 512, 1024]


def test_result_is_plain_numbers(gridless_data):
    result = _score(gridless_data, **QUICK)
    assert tuple(result) == ACCURACIES
    assert {type(value) for value in result.values()} == {float}


def test_gin_injects_bindings(clean_gin, gridless_data):
    clean_gin.parse_config("compute_beta_vae_sklearn.num_train = 40\ncompute_beta_vae_sklearn.num_eval = 30")
    injected = clean_gin.get_configurable("compute_beta_vae_sklearn")
    result = injected(gridless_data, _identity, np.random.RandomState(0))
    assert result == _score(gridless_data, num_train=40, num_eval=30)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: _score(data, batch_size=0), "batch_size is 0"),
        (lambda data: _score(data, num_train=0), "num_train is 0"),
        (lambda data: _score(data, num_eval=-1), "num_eval is -1"),
        (lambda data: _score(data, lambda x: x * np.nan), "NaN"),
        (
            lambda data: beta_vae.shared_factor_accuracy(np.zeros((3, 2)), [0, 1], np.zeros((1, 2)), [0]),
            "3 features and 2 labels",
        ),
        (
            lambda data: beta_vae.shared_factor_accuracy(np.zeros((2, 2)), [0, 1], np.zeros((1, 3)), [0]),
            "2 features to fit on and 3 to test on",
        ),
    ],
)
def test_bad_input_is_told_in_one_line(gridless_data, call, message):
    with pytest.raises(InputError, match=message) as error:
        call(gridless_data)
    assert "\n" not in str(error.value)
