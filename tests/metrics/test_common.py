"""What every metric of gin_configs/metrics/ has to do: each test runs all of them."""

import functools
import importlib
import inspect
import math
import pathlib
import re
import subprocess
import sys
import types
from collections.abc import Mapping
from typing import NamedTuple

import gin
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from disent_tf.errors import InputError
from disent_tf.metrics import unified_scores
from disent_tf.metrics.representation import Representation, as_codes
from disent_tf.study.statistics import MAIN_KEYS

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = REPOSITORY / "gin_configs" / "metrics"
DOCS = REPOSITORY / "docs" / "metrics.md"
FEW = {"num_train": 1500, "num_test": 800, "num_eval": 800, "num_variance_estimate": 2000, "num_validation": 400}


def shallow_tree():
    """A predictor that takes a hundredth of the time of a hundred trees."""
    return DecisionTreeClassifier(max_depth=7, min_samples_leaf=2)


def logistic_regression():
    """A predictor that takes a fiftieth of the time of one that chooses its strength."""
    return LogisticRegression(C=1e3, max_iter=300)


def importance_gbt_matrix(*points):
    """The matrix of boosted trees with a predictor that is quick; its name is part of the keys."""
    return unified_scores.importance_gbt_matrix(*points, predictor_fn=shallow_tree)


class Case(NamedTuple):
    """What is known of a metric's score on codes that are the factors, and on codes that have no relation to them."""

    score: str
    perfect: float = 0.9  # At least, for codes that are the factors, and two that vary little.
    noise: float = 0.5  # At most.
    perfect_at_most: float = math.inf  # Of scores that are low for codes that are the factors.
    options: Mapping = types.MappingProxyType({})  # Of a shorter protocol.
    depends_on_scale: tuple[str, ...] = ()  # Keys that by definition change when all codes are multiplied by four.


TREES = {"predictor_fn": shallow_tree}
CASES = {
    "mig": Case("discrete_mig"),
    "factor_vae": Case("eval_accuracy"),
    "beta_vae_sklearn": Case("eval_accuracy", depends_on_scale=("train_accuracy", "eval_accuracy")),
    "modularity_explicitness": Case("modularity_score_pruned", noise=0.7),  # Which noise has by chance: trap of it.
    "sap_score": Case("SAP_score", 0.4, 0.1, depends_on_scale=("SAP_score",)),
    "sap_score_continuous": Case("SAP_score", noise=0.1, options={"continuous_factors": True}),
    "irs": Case("IRS"),
    "unsupervised_metrics": Case(
        "mutual_info_score", -1.0, 0.5, 0.1, depends_on_scale=("gaussian_wasserstein_correlation",)
    ),
    "unified_scores_mi_svm": Case(
        "mutual_information_matrix.mig",
        options={"matrix_fns": [unified_scores.mutual_information_matrix, unified_scores.accuracy_svm_matrix]},
        depends_on_scale=("accuracy_svm_matrix",),
    ),
    "downstream_task_logistic_regression": Case(
        "300:mean_test_accuracy",
        options={"num_train": [300], "predictor_fn": logistic_regression},
        depends_on_scale=("300", "1", "3"),
    ),
    "aam_mmig": Case("mmig_histogram"),
    "sparsity": Case("hoyer_sparsity", 0.1),  # It does not know the factors.
    "higgins": Case("test_accuracy"),
    "single_factor_change": Case("test_accuracy", options={"max_epochs": 1500}),
    "svm_accuracy": Case("test_accuracy"),
    "mig_sup": Case("mig_sup_pruned"),
    "dcimig": Case("dcimig"),
    "jemmig": Case("jemmig_normalized"),
    "sepin": Case("wsepin_normalized", noise=0.75, depends_on_scale=("num_active_dims",)),
    "mcc": Case("mcc_spearman"),
    "infomec": Case("infom"),
    "dci": Case("disentanglement", options=TREES),
    "downstream_task_boosted_trees": Case("500:mean_test_accuracy", options={**TREES, "num_train": [500]}),
    "reduced_downstream_task": Case(
        "500:mean_test_accuracy_other_factors",
        options={**TREES, "num_train": [500], "num_test": 300, "correlation_measure": importance_gbt_matrix},
    ),
    "strong_downstream_task": Case(
        "500:mean_test_accuracy", options={**TREES, "num_train": [500], "num_test": 300, "n_experiment": 1}
    ),
    "fairness": Case(
        "mean_fairness:mean_pred:mean_sens",
        -1.0,
        perfect_at_most=0.05,
        options={**TREES, "num_train": 500, "num_test_points_per_class": 20},
    ),
    "unified_scores_gbt": Case(
        "importance_gbt_matrix.dci_disentanglement", options={"matrix_fns": [importance_gbt_matrix]}
    ),
}


def _listed(name):
    """Returns the functions that a gin file lists, by the names that it gives them."""
    text = re.sub("#.*", "", (CONFIGS / name).read_text())
    modules = [importlib.import_module(name) for name in re.findall(r"^import (\S+)", text, flags=re.MULTILINE)]
    public = {name: function for module in modules for name, function in vars(module).items()}
    return {name: public[function] for name, function in re.findall(r"'(\w+)': @(\w+)", text)}


LISTED = {**_listed("fast.gin"), **_listed("boosted_trees.gin")}
METRICS = {
    name: metric
    for name, metric in LISTED.items()
    if next(iter(inspect.signature(metric).parameters)) not in ("model", "posteriors")
}


def test_every_metric_has_its_case():
    assert set(CASES) == set(METRICS)


class Metric:
    """A metric with the options of its case, on codes that are a function of factors and noise."""

    def __init__(self, name, data_of):
        self.name, self.case, self.function, self._data_of = name, CASES[name], METRICS[name], data_of
        known = inspect.signature(self.function).parameters
        self.options = {key: value for key, value in FEW.items() if key in known} | dict(self.case.options)

    def __call__(self, codes_of, seed=0):
        return self.on(self._data_of(codes_of), seed)

    def on(self, data, seed=0, represent=as_codes, **options):
        return self.function(data, represent, np.random.RandomState(seed), None, **{**self.options, **options})

    @property
    def is_of_trees(self):
        return shallow_tree in self.options.values() or importance_gbt_matrix in self.options.get("matrix_fns", ())

    @functools.cached_property
    def noisy(self):
        return self(noisy)


@functools.cache
def _metric(name, data_of):
    return Metric(name, data_of)


@pytest.fixture(params=METRICS)
def metric(request, data_of):
    return _metric(request.param, data_of)


def noisy(factors, noise):
    return np.hstack([factors + 0.3 * noise[:, :4], noise[:, 4:]])


def same(scores, others):
    return scores == pytest.approx(others, rel=1e-9, abs=1e-12)


def test_perfect_code_scores_high(metric):
    scores = metric(lambda factors, noise: np.hstack([factors, 0.01 * noise[:, :2]]))
    assert metric.case.perfect < scores[metric.case.score] <= metric.case.perfect_at_most


def test_noise_scores_low(metric):
    assert metric(lambda factors, noise: noise)[metric.case.score] < metric.case.noise


@pytest.mark.parametrize("dead", ["one", "all"])
def test_constant_code_gives_no_nan(metric, dead):
    def codes(factors, noise):
        constant = np.full_like(factors, 0.1)
        return constant if dead == "all" else np.hstack([constant[:, :1], noisy(factors, noise)])

    assert all(math.isfinite(value) for value in metric(codes).values())


# By definition: they draw which factor is held or changed, or average over all that there are.
COUNT_CONSTANT_FACTORS = {
    "factor_vae",
    "single_factor_change",
    "downstream_task_logistic_regression",
    "downstream_task_boosted_trees",
    "reduced_downstream_task",
    "strong_downstream_task",
    "fairness",
    "unified_scores_gbt",
}


def test_constant_factor_is_left_out(metric):
    data = metric._data_of(noisy)
    longer = type(data)((*data.factor_sizes, 1), data.table)
    same_score = metric.on(longer)[metric.case.score] == pytest.approx(metric.noisy[metric.case.score], rel=1e-9)
    assert same_score == (metric.name not in COUNT_CONSTANT_FACTORS)


@pytest.mark.parametrize("num_codes", [1, 2, 9])
def test_any_number_of_codes(metric, num_codes):
    def codes(factors, noise):
        return np.hstack([noisy(factors, noise), noise[:, :3]])[:, :num_codes]

    if metric.name == "reduced_downstream_task" and num_codes == 1:
        with pytest.raises(InputError, match="one at least has to remain"):
            metric(codes)
        return
    assert all(math.isfinite(value) for value in metric(codes).values())


def test_order_of_codes_does_not_matter(metric):
    scores, others = metric(lambda factors, noise: noisy(factors, noise)[:, [3, 0, 5, 1, 4, 2]]), metric.noisy
    if metric.is_of_trees:  # These break ties by the order of codes.
        assert scores[metric.case.score] == pytest.approx(others[metric.case.score], abs=0.05)
    else:
        keys = [key for key in scores if not re.search(r"\.code_\d+$", key)]
        assert [scores[key] for key in keys] == pytest.approx([others[key] for key in keys], rel=1e-3, abs=1e-3)


def test_positive_scale_does_not_matter(metric):
    # A power of two, so that rounding hardly differs.
    scores = metric(lambda factors, noise: 4.0 * noisy(factors, noise))
    kept = [key for key in scores if not key.startswith(("num_", *metric.case.depends_on_scale))]
    if not kept:
        pytest.skip("all its scores depend on the scale by definition")
    assert same({key: scores[key] for key in kept}, {key: metric.noisy[key] for key in kept})


def test_same_random_state_same_score_whatever_ran_before(metric, data_of):
    before = metric.noisy
    np.random.seed(7)  # noqa: NPY002  The global state, which no metric may read.
    assert metric(noisy) == before


def test_batch_size_does_not_matter(metric):
    if "batch_size" not in inspect.signature(metric.function).parameters or metric.name in (
        "factor_vae", "beta_vae_sklearn",
    ):  # fmt: skip
        pytest.skip("its batch size is part of the protocol, or it has none")
    assert metric.on(metric._data_of(noisy), batch_size=100) == metric.noisy


def test_other_random_state_other_score(metric):
    def rotated(factors, noise):
        return np.hstack([factors[:, :2] + factors[:, 2:], factors + noise[:, :4]])

    assert metric(rotated, seed=1) != metric(rotated, seed=2)


def test_every_result_is_a_plain_number(metric):
    assert all(type(value) in (float, int) for value in metric.noisy.values())


def test_the_main_key_is_among_the_results(metric):
    if metric.name not in MAIN_KEYS:
        pytest.skip("no single number stands for it")
    size, _, key = MAIN_KEYS[metric.name].rpartition(":") if MAIN_KEYS[metric.name][0].isdigit() else ("", "", "")
    if size:  # Of the default protocol; the case here has another.
        assert int(size) in inspect.signature(metric.function).parameters["num_train"].default
        assert any(found.endswith(f":{key}") for found in metric.noisy)
    else:
        assert MAIN_KEYS[metric.name] in metric.noisy


@pytest.mark.parametrize("seed", [0, 1])
def test_a_representation_gives_the_score_of_its_data(metric, data_of, seed):
    table = data_of(noisy).table[::64]
    data = Representation.of_codes(table, (4, 5, 6, 3))

    class Plain:  # The same data by the sampling protocol alone.
        num_factors, factors_num_values = 4, (4, 5, 6, 3)
        sample_factors, sample = data.sample_factors, data.sample
        sample_observations = data.sample_observations
        sample_observations_from_factors = data.sample_observations_from_factors

    assert metric.on(data, seed) == metric.on(Plain(), seed)


def test_gridless_data_are_enough(metric, gridless_data):
    assert all(math.isfinite(value) for value in metric.on(gridless_data).values())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_codes_that_are_not_finite_are_told_in_one_line(metric, value):
    with pytest.raises(InputError, match="NaN or infinite") as error:
        metric(lambda factors, noise: np.where(noise > 3.0, value, noise))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["fast", "boosted_trees", "all"])
def test_gin_reads_the_files(name):
    gin.parse_config("evaluate.metrics = None", skip_unknown=True)
    text = (CONFIGS / f"{name}.gin").read_text()
    importlib.import_module("disent_tf.evaluate")
    text = re.sub(r"include '(.*)'", lambda match: (REPOSITORY / "gin_configs" / match[1]).read_text(), text)
    gin.parse_config(text)
    bound = gin.get_bindings("evaluate")["metrics"]
    merged = {key for part in (bound if isinstance(bound, list) else [bound]) for key in part}
    expected = set(LISTED) if name == "all" else set(_listed(f"{name}.gin"))
    assert merged == expected


@pytest.mark.parametrize("name", LISTED)
def test_docs_have_an_entry(name):
    assert re.search(rf"\b{LISTED[name].__name__}\b", DOCS.read_text())


def test_metrics_load_no_tensorflow():
    modules = sorted({function.__module__ for function in METRICS.values()})
    code = f"import sys, {', '.join(modules)}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0
