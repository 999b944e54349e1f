"""Whole runs of disentanglement_lib's metrics, seed by seed: every key of every setting that its own code was run on.

Half an hour of boosted trees: marked `full`. The tests of each metric hold its quick settings.
"""

import functools

import numpy as np
import pytest

from disent_tf.metrics import (
    _predictors,
    beta_vae,
    dci,
    downstream_task,
    factor_vae,
    fairness,
    irs,
    mig,
    modularity_explicitness,
    reduced_downstream_task,
    sap_score,
    strong_downstream_task,
    unsupervised_metrics,
)

_METRICS = {
    "beta_vae_sklearn": beta_vae.compute_beta_vae_sklearn,
    "dci": dci.compute_dci,
    "downstream_task_boosted_trees": downstream_task.compute_downstream_task,
    "downstream_task_boosted_trees_to1000": downstream_task.compute_downstream_task,
    "downstream_task_logistic_regression": downstream_task.compute_downstream_task,
    "downstream_task_logistic_regression_to1000": downstream_task.compute_downstream_task,
    "factor_vae_score": functools.partial(factor_vae.compute_factor_vae, legacy=True),
    "fairness": fairness.compute_fairness,
    "fairness_num_train_1000": fairness.compute_fairness,
    "irs": functools.partial(irs.compute_irs, legacy=True),
    "mig": mig.compute_mig,
    "modularity_explicitness": modularity_explicitness.compute_modularity_explicitness,
    "reduced_downstream_task": reduced_downstream_task.compute_reduced_downstream_task,
    "sap_score": sap_score.compute_sap,
    "sap_score_continuous": sap_score.compute_sap,
    "strong_downstream_task": strong_downstream_task.compute_strong_downstream_task,
    "unsupervised_metrics": functools.partial(unsupervised_metrics.unsupervised_metrics, legacy=True),
}
_PREDICTORS = {
    "gbt": _predictors.gradient_boosting_classifier,
    "lr_cv": _predictors.logistic_regression_cv,
}
_SETTINGS = ("a_identity", "b_noisy", "c_rotated", "d_permuted", "e_redundant", "f_noise", "g_collapsed", "h_merged")


def _arguments(params):
    """Returns the arguments that the parameters of a reference run stand for."""
    params = {key: value for key, value in params.items() if key != "correlation_measure"}  # The default.
    if "predictor" in params:
        params["predictor_fn"] = _PREDICTORS[params.pop("predictor")]
    return params


def _tolerance(metric, setting, key, stats):
    """Returns what the note on the reference values allows: their own spread over seeds, or for one seed a constant."""
    if stats["n"] > 1:
        return max(4 * stats["std"], 0.01)
    return 0.06 if (metric, setting, key) == ("dci", "e_redundant", "completeness") else 0.02


@pytest.mark.full
@pytest.mark.parametrize("metric", sorted(_METRICS))
@pytest.mark.parametrize("setting", _SETTINGS)
@pytest.mark.parametrize("grid", ["small", "dsprites"])
def test_every_key_is_that_of_the_reference(golden, grid, setting, metric):
    reference = golden.scores(grid, setting, metric)
    if "per_seed" not in reference:
        pytest.skip(f"the reference has no result: {reference['error']['message']}")
    data, arguments = golden.data(grid, setting), _arguments(reference["params"])
    for seed, expected in zip(reference["seeds"], reference["per_seed"], strict=True):
        result = _METRICS[metric](data, lambda codes: codes, np.random.RandomState(seed), **arguments)
        for key, value in expected.items():
            if isinstance(value, dict):  # A complex number, of which rounding made the imaginary part.
                value = value["re"]
            if isinstance(value, float | int) and np.isfinite(value):
                tolerance = _tolerance(metric, setting, key, reference["stats"].get(key, {"n": 1}))
                assert result[key] == pytest.approx(value, abs=tolerance), (seed, key)
