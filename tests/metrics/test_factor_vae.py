import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import factor_vae

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")
QUICK = {"num_train": 300, "num_eval": 200, "num_variance_estimate": 500}
ACCURACIES = ("train_accuracy", "eval_accuracy")


def _identity(observations):
    return observations


def _score(data, representation_function=_identity, seed=0, **options):
    return factor_vae.compute_factor_vae(data, representation_function, np.random.RandomState(seed), **options)


def _votes_one_by_one(data, seed, num_variance_estimate, num_votes, batch_size):
    """The protocol read plainly: one draw, one encoding, one vote."""
    random_state = np.random.RandomState(seed)
    global_variances = np.var(data.sample_observations(num_variance_estimate, random_state), axis=0, ddof=1)
    votes = np.zeros((data.num_factors, len(global_variances)), int)
    for _ in range(num_votes):
        fixed = random_state.randint(data.num_factors)
        factors = data.sample_factors(batch_size, random_state)
        factors[:, fixed] = factors[0, fixed]
        codes = data.sample_observations_from_factors(factors, random_state)
        votes[fixed, np.argmin(np.var(codes, axis=0, ddof=1) / global_variances)] += 1
    return votes


def _saved_votes(folder):
    with np.load(folder / "factor_vae_votes.npz") as saved:
        return dict(saved)


@pytest.mark.parametrize("batch_size", [2, 7, 64, 2000])
def test_votes_are_those_drawn_one_by_one(data_of, tmp_path, batch_size):
    data = data_of(lambda factors, noise: np.hstack([factors + noise[:, :4], noise]))
    _score(data, seed=5, artifact_dir=tmp_path, batch_size=batch_size, num_train=50, num_eval=30)
    saved = _saved_votes(tmp_path)
    expected = _votes_one_by_one(data, 5, 10_000, 50, batch_size)
    np.testing.assert_array_equal(saved["train_votes"], expected)
    np.testing.assert_array_equal(
        saved["train_votes"] + saved["eval_votes"], _votes_one_by_one(data, 5, 10_000, 80, batch_size)
    )


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_golden_votes(golden, tmp_path, grid, setting):
    expected = golden.json(f"expected_exact_{grid}")["settings"][setting]["factor_vae_votes"]
    sizes = {"num_train": 1000, "num_eval": 500, "num_variance_estimate": 2000}
    scores = _score(golden.data(grid, setting), seed=11, artifact_dir=tmp_path, **sizes)
    saved = _saved_votes(tmp_path)
    np.testing.assert_allclose(saved["variances"], expected["global_variances"], rtol=1e-9)
    np.testing.assert_array_equal(saved["active"], expected["active_dims"])
    active = np.flatnonzero(saved["active"])  # The reference numbers its votes within the active codes.
    for votes in ("train_votes", "eval_votes"):
        np.testing.assert_array_equal(saved[votes][:, active], np.array(expected[votes])[:, : len(active)])
    assert scores["num_active_dims"] == len(active)
    assert [scores[key] for key in ACCURACIES] == pytest.approx(
        [expected["scores"][key] for key in ACCURACIES], rel=1e-9
    )


@pytest.mark.parametrize(
    ("grid", "setting", "seed"),
    [("small", "g_collapsed", 1), ("small", "f_noise", 4), ("dsprites", "c_rotated", 2)],
)
def test_golden_score_seed_by_seed(golden, grid, setting, seed):
    expected = golden.json(f"expected_scores_{grid}")[setting]["factor_vae_score"]
    scores = _score(golden.data(grid, setting), seed=seed)
    reference = expected["per_seed"][expected["seeds"].index(seed)]
    assert [scores[key] for key in ACCURACIES] == pytest.approx([reference[key] for key in ACCURACIES], rel=1e-9)


@pytest.mark.parametrize(("model", "seed"), [("vae", 0), ("btcvae", 1)])
def test_golden_score_of_trained_models(golden, model, seed):
    reference = golden.json("real_codes")[model]["factor_vae_score"][str(seed)]
    scores = _score(golden.trained_model(model), seed=seed)
    assert [scores[key] for key in ACCURACIES] == pytest.approx([reference[key] for key in ACCURACIES], rel=1e-9)


def test_golden_formula(golden):
    expected = golden.json("expected_formulas")["factor_vae_votes"]
    train_votes, eval_votes = np.array(expected["train_votes"]), np.array(expected["eval_votes"])
    classifier = factor_vae.majority_factor(train_votes)
    np.testing.assert_array_equal(classifier, expected["classifier"])
    assert factor_vae.vote_accuracy(train_votes, classifier) == pytest.approx(expected["train_accuracy"], rel=1e-12)
    assert factor_vae.vote_accuracy(eval_votes, classifier) == pytest.approx(expected["eval_accuracy"], rel=1e-12)


@pytest.mark.parametrize(
    ("representation_function", "low", "high"),
    [(_identity, 1.0, 1.0), (lambda x: np.hstack([x, x]), 1.0, 1.0), (lambda x: x[:, :1], 0.05, 0.2)],
)
def test_known_scores_without_a_grid(gridless_data, representation_function, low, high):
    scores = _score(gridless_data, representation_function, **QUICK)
    assert low <= scores["eval_accuracy"] <= high


def test_active_codes_are_counted(gridless_data):
    def two_dead_of_four(x):
        return np.stack([x[:, 0], np.full(len(x), 0.1), x[:, 1], 0.001 * x[:, 2]], axis=1)

    assert _score(gridless_data, two_dead_of_four, **QUICK)["num_active_dims"] == 2


def test_constant_code_gets_no_vote_at_threshold_zero(gridless_data, tmp_path):
    def second_is_constant(x):
        return np.stack([x[:, 0], np.full(len(x), 0.1), x[:, 1]], axis=1)

    scores = _score(gridless_data, second_is_constant, artifact_dir=tmp_path, prune_threshold=0.0, **QUICK)
    assert scores["num_active_dims"] == 2
    assert _saved_votes(tmp_path)["train_votes"][:, 1].sum() == 0


def test_no_active_code_scores_zero(gridless_data):
    scores = _score(gridless_data, lambda x: 0.001 * x, **QUICK)
    assert scores == {"train_accuracy": 0.0, "eval_accuracy": 0.0, "num_active_dims": 0}


def test_encodes_many_votes_at_once(gridless_data):
    calls = []

    def recorder(observations):
        calls.append(len(observations))
        return observations

    _score(gridless_data, recorder, num_train=40, num_eval=8, num_variance_estimate=1500)
    assert calls == [1024, 476, 1024, 1024, 512, 512]


def test_legacy_counts_all_codes(data_of):
    data = data_of(lambda factors, noise: np.hstack([factors, 0.01 * noise]))
    corrected, legacy = (_score(data, legacy=legacy, **QUICK) for legacy in (False, True))
    assert (corrected.pop("num_active_dims"), legacy.pop("num_active_dims")) == (4, 10)
    assert corrected == legacy


def test_gin_injects_bindings(clean_gin, gridless_data):
    clean_gin.parse_config("compute_factor_vae.prune_threshold = 1e9")
    injected = clean_gin.get_configurable("compute_factor_vae")
    assert injected(gridless_data, _identity, np.random.RandomState(0))["num_active_dims"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 1}, "batch_size is 1"),
        ({"num_train": 0}, "num_train is 0"),
        ({"num_eval": -1}, "num_eval is -1"),
        ({"num_variance_estimate": 1}, "num_variance_estimate is 1"),
    ],
)
def test_bad_numbers_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _score(gridless_data, **options)
    assert "\n" not in str(error.value)


def test_bad_codes_are_told(gridless_data):
    with pytest.raises(InputError, match="NaN"):
        _score(gridless_data, lambda x: x * np.nan, **QUICK)
    with pytest.raises(InputError, match="no votes"):
        factor_vae.vote_accuracy(np.zeros((2, 3), int), np.zeros(3, int))
