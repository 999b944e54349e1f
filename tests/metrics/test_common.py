"""What every metric of gin_configs/metrics/all.gin has to do."""

import importlib
import inspect
import math
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
GIN_FILE = REPOSITORY / "gin_configs" / "metrics" / "all.gin"
QUICK = {"num_train": 2000, "num_test": 1000, "num_eval": 1000, "num_variance_estimate": 2000}
SCORE = {"compute_factor_vae": "eval_accuracy"}  # Which result is the score, where it is not the first.


def _metrics():
    """Returns the functions that the gin file lists, by name."""
    text = re.sub("#.*", "", GIN_FILE.read_text())
    modules = [importlib.import_module(name) for name in re.findall(r"^import (\S+)", text, flags=re.MULTILINE)]
    public = {name: function for module in modules for name, function in vars(module).items()}
    return {name: public[name] for name in re.findall(r"@(\w+)", text)}


METRICS = _metrics()


def _noisy(factors, noise):
    return np.hstack([factors + 0.3 * noise[:, :4], noise[:, 4:]])


@pytest.fixture(params=METRICS, scope="module")
def scores_of(request, data_of):
    """Returns a function from codes (a function of factors and noise) to the results of one metric."""
    metric = METRICS[request.param]
    sizes = {name: value for name, value in QUICK.items() if name in inspect.signature(metric).parameters}

    def scores(codes_of, seed=0):
        return metric(data_of(codes_of), lambda observations: observations, np.random.RandomState(seed), **sizes)

    scores.score = lambda codes_of: (result := scores(codes_of))[SCORE.get(request.param, next(iter(result)))]
    scores.noisy = scores(_noisy)
    return scores


def test_perfect_code_scores_high(scores_of):
    assert scores_of.score(lambda factors, noise: np.hstack([factors, 0.01 * noise])) > 0.9


def test_noise_scores_low(scores_of):
    assert scores_of.score(lambda factors, noise: noise) < 0.5


@pytest.mark.parametrize("dead", ["one", "all"])
def test_constant_code_gives_no_nan(scores_of, dead):
    def codes(factors, noise):
        constant = np.full_like(factors, 0.1)
        return constant if dead == "all" else np.hstack([constant[:, :1], _noisy(factors, noise)])

    assert all(math.isfinite(value) for value in scores_of(codes).values())


def test_order_of_codes_does_not_matter(scores_of):
    assert scores_of(lambda factors, noise: _noisy(factors, noise)[:, [3, 0, 5, 1, 4, 2]]) == scores_of.noisy


def test_positive_scale_does_not_matter(scores_of):
    # A power of two, so that not even rounding differs.
    assert scores_of(lambda factors, noise: 4.0 * _noisy(factors, noise)) == scores_of.noisy


def test_same_random_state_same_score(scores_of):
    assert scores_of(_noisy) == scores_of.noisy


def test_other_random_state_other_score(scores_of):
    def rotated(factors, noise):
        return np.hstack([factors[:, :2] + factors[:, 2:], factors + noise[:, :4]])

    assert scores_of(rotated, seed=1) != scores_of(rotated, seed=2)


def test_every_result_is_a_plain_number(scores_of):
    assert all(type(value) in (float, int) for value in scores_of.noisy.values())


def test_gin_reads_the_file(clean_gin):
    clean_gin.parse_config(GIN_FILE.read_text().replace("evaluate.metrics", "LISTED"))  # Without evaluate: a macro.
    assert [str(reference) for reference in clean_gin.query_parameter("%LISTED")] == [f"@{name}" for name in METRICS]


def test_metrics_load_no_tensorflow():
    modules = sorted({function.__module__ for function in METRICS.values()})
    code = f"import sys, {', '.join(modules)}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0
