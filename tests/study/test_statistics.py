import numpy as np
import pandas as pd
import pytest

from disent_tf.study import statistics


def table(rows):
    """A table of (objective, data, beta, seed, {metric: value})."""
    keys = statistics.MAIN_KEYS
    found = [
        {
            "run": f"{objective}-{data}-{beta}-{seed}",
            "objective": objective,
            "data": data,
            "recipe": f"{objective} beta={beta}",
            "setting": f"{objective} {data} beta={beta}" if data else f"{objective} beta={beta}",
            "seed": seed,
            "metric": metric,
            "key": keys[metric],
            "value": value,
        }
        for objective, data, beta, seed, values in rows
        for metric, value in values.items()
    ]
    return pd.DataFrame(found)


def test_a_summary_has_moments_and_quantiles_over_seeds():
    found = statistics.summary(table([("a", None, 1, seed, {"mig": value}) for seed, value in enumerate([1, 2, 3, 6])]))
    (row,) = found.to_dict("records")
    assert (row["num"], row["mean"], row["median"], row["min"], row["max"]) == (4, 3.0, 2.5, 1.0, 6.0)
    assert row["std"] == pytest.approx(np.std([1, 2, 3, 6], ddof=1))
    assert (row["q25"], row["q75"]) == (1.75, 3.75)


def test_metrics_are_correlated_by_rank_over_runs():
    rows = [("a", None, 1, seed, {"mig": seed, "sap_score": seed**3, "irs": -seed}) for seed in range(5)]
    found = statistics.correlations(table(rows))
    assert found.names == ("mig", "sap_score", "irs")
    np.testing.assert_allclose(found.correlation, [[1, 1, -1], [1, 1, -1], [-1, -1, 1]])


def test_variance_is_explained_by_objective_setting_and_seed():
    # By hand: objectives apart by 2, hyper-parameters by 1, seeds by 0.5.
    rows = [
        (objective, None, beta, seed, {"mig": 2.0 * (objective == "b") + beta + 0.5 * seed})
        for objective in ("a", "b")
        for beta in (0, 1)
        for seed in (0, 1)
    ]
    (found,) = statistics.variance_explained(table(rows)).to_dict("records")
    parts = np.array([1.0, 0.25, 0.0625])  # Variances of each part over runs.
    shares = parts / parts.sum()
    assert found["objective"] == pytest.approx(shares[0])
    assert found["setting"] == pytest.approx(shares[:2].sum())
    assert found["seed"] == pytest.approx(shares[2])


def test_differences_between_data_sets_explain_nothing():
    rows = [
        ("a", data, 1, seed, {"mig": far + seed})
        for data, far in (("first", 0.0), ("second", 100.0))
        for seed in (0, 1)
    ]
    (found,) = statistics.variance_explained(table(rows)).to_dict("records")
    assert (found["objective"], found["setting"], found["seed"]) == (0.0, 0.0, 1.0)


def test_settings_transfer_where_data_sets_agree():
    rows = [
        ("a", data, beta, seed, {"mig": sign * beta + 0.01 * seed})
        for data, sign in (("first", 1.0), ("second", 2.0), ("third", -1.0))
        for beta in (1, 2, 3)
        for seed in (0, 1)
    ]
    found = statistics.transfer(table(rows)).set_index(["chosen_on", "used_on"])
    assert found.loc[("first", "second"), ["rank_correlation", "beats_random"]].tolist() == [1.0, 1.0]
    assert found.loc[("first", "third"), ["rank_correlation", "beats_random"]].tolist() == [-1.0, 0.0]
    assert found.loc[("first", "second"), "settings"] == 3


def test_a_metric_that_is_low_for_the_best_is_best_where_it_is_lowest():
    rows = [
        (name, data, beta, 0, {"unsupervised_metrics": beta, "mig": beta})
        for name, data in (("a", "first"), ("a", "second"))
        for beta in (1, 2, 3)
    ]
    rows[3] = ("a", "second", 1, 0, {"unsupervised_metrics": 2.5, "mig": 2.5})  # Best on the first, second here.
    found = statistics.transfer(table(rows)).set_index(["metric", "chosen_on", "used_on"])["beats_random"]
    assert found["unsupervised_metrics", "first", "second"] == 0.5
    assert found["mig", "first", "second"] == 1.0
    chosen = statistics.chosen_by(table(rows), "unsupervised_metrics")
    assert chosen["run"].iloc[0] == "a-first-1-0"
    assert chosen.set_index("metric")["rank"].to_dict() == {"unsupervised_metrics": 1, "mig": 6}


def test_data_sets_without_a_common_recipe_tell_nothing_of_transfer():
    assert statistics.transfer(
        table([("a", data, beta, 0, {"mig": beta}) for data, beta in (("x", 1), ("y", 2))])
    ).empty


def test_one_data_set_tells_nothing_of_transfer():
    assert statistics.transfer(table([("a", None, beta, 0, {"mig": beta}) for beta in (1, 2)])).empty


def test_the_best_by_one_metric_is_ranked_by_the_others():
    rows = [
        ("a", None, 1, seed, {"udr": udr, "mig": mig}) for seed, (udr, mig) in enumerate([(0.1, 3), (0.9, 2), (0.5, 1)])
    ]
    found = statistics.chosen_by(table(rows), "udr").set_index("metric")
    assert found.loc["mig", "run"] == "a-None-1-1"
    assert found["rank"].to_dict() == {"udr": 1, "mig": 2}
    assert statistics.chosen_by(table(rows), "irs").empty
