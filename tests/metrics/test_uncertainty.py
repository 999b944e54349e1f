import functools
import math

import numpy as np
import pytest
from scipy import stats

from disent_tf.errors import InputError
from disent_tf.metrics import factor_vae, mig, modularity_explicitness, uncertainty
from disent_tf.metrics.utils import generate_batch_factor_code

QUICK = {"num_replicates": 4, "num_null": 4}


def _identity(observations):
    return observations


def _with_uncertainty(data, metrics, seed=0, **options):
    random_state = np.random.RandomState(seed)
    return uncertainty.compute_with_uncertainty(
        data, _identity, random_state, **{"metrics": metrics, **QUICK, **options}
    )


def compute_mean_code(ground_truth_data, representation_function, random_state, artifact_dir=None, num_train=25):
    codes, factors = generate_batch_factor_code(ground_truth_data, representation_function, num_train, random_state, 16)
    product = (codes[0] - codes[0].mean()) @ (factors[0] - factors[0].mean())
    return {"mean": codes[0].mean(), "product": product, "num_train": num_train, "note": "text", "flag": True}


@pytest.fixture
def noisy(data_of):
    return data_of(lambda factors, noise: np.hstack([factors + 0.3 * noise[:, :4], noise[:, 4:]]))


def test_score_is_the_metrics_own(noisy):
    scores = mig.compute_mig(noisy, _identity, np.random.RandomState(3))
    found = _with_uncertainty(noisy, [mig.compute_mig], seed=3)
    assert {key: found[key] for key in scores} == scores
    added = {f"discrete_mig{ending}" for ending in ("_ci_low", "_ci_high", "_null", "_null_high")}
    assert set(found) == set(scores) | added  # num_bins and num_train are arguments.
    assert all(type(value) in (int, float) for value in found.values())


def test_interval_and_null_are_those_of_the_saved_runs(noisy, tmp_path):
    found = _with_uncertainty(noisy, [mig.compute_mig], artifact_dir=tmp_path, num_replicates=5, confidence=0.8)
    with np.load(tmp_path / "uncertainty.npz") as saved:
        replicates, nulls = saved["discrete_mig_replicates"], saved["discrete_mig_nulls"]
    reach = stats.t.ppf(0.9, 4) * replicates.std(ddof=1)
    assert found["discrete_mig_ci_low"] == pytest.approx(found["discrete_mig"] - reach, rel=1e-12)
    assert found["discrete_mig_ci_high"] == pytest.approx(found["discrete_mig"] + reach, rel=1e-12)
    assert found["discrete_mig_null"] == pytest.approx(nulls.mean(), rel=1e-12)
    assert found["discrete_mig_null_high"] == nulls.max()  # Of four, the .8 quantile, upwards.
    assert len(set(replicates) | {found["discrete_mig"]}) == 6
    assert (tmp_path / "mig" / "mutual_information.npz").exists()


def test_coverage_of_the_expected_score(noisy):
    expected = noisy.table[:, 0].mean()
    covered = []
    for seed in range(60):
        found = _with_uncertainty(noisy, [compute_mean_code], seed, num_replicates=4, num_null=0, confidence=0.8)
        covered.append(found["mean_ci_low"] <= expected <= found["mean_ci_high"])
    assert 0.66 < np.mean(covered) < 0.93


def test_null_of_a_product_is_around_zero(noisy):
    found = _with_uncertainty(noisy, [compute_mean_code], num_null=40, num_replicates=0)
    reach = 4 * 5 / math.sqrt(40)  # A sum of 25 products of independent numbers of variance near 1.
    assert abs(found["product_null"]) < reach
    assert found["product_null_high"] < found["product"]
    assert found["mean_null"] == pytest.approx(found["mean"], abs=0.5)
    assert not any(key.startswith(("note_", "flag_", "num_train_")) for key in found)


def test_modularity_of_noise_is_visible_as_noise(data_of):
    quick = functools.partial(
        modularity_explicitness.compute_modularity_explicitness, num_train=1000, num_test=200, num_jobs=1
    )
    found = _with_uncertainty(data_of(lambda factors, noise: noise), {"quick": quick})
    assert 0.5 < found["modularity_score"] < 0.8
    assert found["modularity_score_null"] == pytest.approx(found["modularity_score"], abs=0.1)
    assert found["explicitness_score_test_null"] == pytest.approx(0.5, abs=0.03)
    related = _with_uncertainty(data_of(lambda factors, noise: factors + 0.1 * noise[:, :4]), {"quick": quick})
    for key in ("modularity_score", "explicitness_score_test"):
        assert related[key] > related[f"{key}_null_high"] + 0.1


def test_votes_of_a_grid_have_a_null(golden):
    quick = functools.partial(factor_vae.compute_factor_vae, num_train=400, num_eval=200, num_variance_estimate=500)
    found = _with_uncertainty(golden.trained_model("vae"), {"votes": quick})
    assert found["eval_accuracy"] > found["eval_accuracy_null_high"] + 0.2
    assert found["eval_accuracy_null"] == pytest.approx(0.2, abs=0.12)


def test_images_of_a_grid_are_encoded_once(golden):
    data, encoded = golden.trained_model("vae"), []

    def represent(observations):
        encoded.append(observations)
        return observations

    quick = functools.partial(mig.compute_mig, num_train=20_000)
    random_state = np.random.RandomState(0)
    uncertainty.compute_with_uncertainty(data, represent, random_state, metrics={"a": quick, "b": quick}, **QUICK)
    rows = np.concatenate(encoded)
    assert len(rows) <= len(data.table) + 1


def test_several_metrics_are_told_apart_by_name(noisy):
    quick = functools.partial(mig.compute_mig, num_train=200)
    found = _with_uncertainty(noisy, {"fine": functools.partial(quick, num_bins=30), "coarse": quick})
    assert (found["fine.num_bins"], found["coarse.num_bins"]) == (30, 20)
    assert "fine.discrete_mig_null" in found
    alone = _with_uncertainty(noisy, {"coarse": quick})
    assert {f"coarse.{key}": value for key, value in alone.items()}.items() <= found.items()
    both = _with_uncertainty(noisy, [mig.compute_mig, compute_mean_code])
    assert {"mig.discrete_mig", "mean_code.mean_ci_low"} <= set(both)


def test_same_random_state_same_result(noisy):
    one, two, other = (_with_uncertainty(noisy, [compute_mean_code], seed) for seed in (1, 1, 2))
    assert one == two
    assert one["mean_null"] != other["mean_null"]


def test_counts_of_zero_give_no_endings(noisy):
    found = _with_uncertainty(noisy, [compute_mean_code], num_replicates=0, num_null=0)
    assert list(found) == ["mean", "product", "num_train", "note", "flag"]


def test_infinite_scores_give_no_warning(noisy):
    def compute_infinity(data, represent, random_state, artifact_dir=None):
        return {"infinity": math.inf}

    found = _with_uncertainty(noisy, [compute_infinity])
    assert math.isnan(found["infinity_ci_low"])
    assert found["infinity_null"] == found["infinity_null_high"] == math.inf


def test_gin_injects_metrics(clean_gin, noisy):
    clean_gin.parse_config(
        "compute_with_uncertainty.metrics = [@compute_mig]\ncompute_with_uncertainty.num_replicates = 2\n"
        "compute_with_uncertainty.num_null = 1\ncompute_mig.num_train = 100"
    )
    injected = clean_gin.get_configurable("compute_with_uncertainty")
    found = injected(noisy, _identity, np.random.RandomState(0))
    assert found["num_train"] == 100
    assert "discrete_mig_null_high" in found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": []}, "there is no metric"),
        ({"metrics": [functools.partial(mig.compute_mig)]}, "metrics are called"),
        ({"metrics": [mig.compute_mig, mig.compute_mig]}, "metrics are called"),
        ({"num_replicates": 1}, "num_replicates is 1"),
        ({"num_null": -1}, "num_null is -1"),
        ({"confidence": 0.0}, "confidence is 0.0"),
    ],
)
def test_bad_arguments_are_told_in_one_line(noisy, options, message):
    with pytest.raises(InputError, match=message) as error:
        _with_uncertainty(noisy, **{"metrics": [mig.compute_mig], **options})
    assert "\n" not in str(error.value)
