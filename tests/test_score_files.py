import json
import math
import pathlib

import gin
import numpy as np
import pytest

from disent_tf import config, score_files
from disent_tf.errors import InputError
from tests import tiny

CONFIGS = pathlib.Path(__file__).parents[1] / "gin_configs" / "metrics"
CIRCUMSTANCES = {"step": 3, "arguments": {"num": "5"}}


def predictor():
    return None


def other_predictor(depth=3):
    return depth


def compute(data, num=5, predictor_fn=predictor, matrix_fns=(predictor, other_predictor)):
    return {}


@pytest.fixture
def bound():
    """Functions as gin knows them; what it binds is forgotten afterwards."""
    gin.clear_config()
    yield {
        function.__name__: gin.external_configurable(function, module="tests.score_files")
        for function in (predictor, other_predictor, compute)
    }
    gin.clear_config()


def test_numbers_are_read_as_they_were_returned(tmp_path):
    path = tmp_path / "metric.json"
    scores = {"a": 0.1, "b": 3, "c": np.float32(0.5), "d": np.int64(4), "e": "text"}
    assert score_files.write(path, scores, 0.5, CIRCUMSTANCES) == {"a": 0.1, "b": 3, "c": 0.5, "d": 4, "e": "text"}
    assert score_files.kept(path, CIRCUMSTANCES) == {"a": 0.1, "b": 3, "c": 0.5, "d": 4, "e": "text"}
    assert [path.name for path in tmp_path.iterdir()] == ["metric.json"]


def test_what_is_not_finite_is_text_for_others_and_a_number_here(tmp_path):
    path = tmp_path / "metric.json"
    scores = {"a": math.nan, "b": np.float64(-math.inf), "c": math.inf}
    returned = score_files.write(path, scores, 0.5, CIRCUMSTANCES)

    def refuse(constant):
        raise AssertionError(constant)

    assert json.loads(path.read_text(), parse_constant=refuse)["scores"] == {
        "a": "NaN",
        "b": "-Infinity",
        "c": "Infinity",
    }
    np.testing.assert_equal(returned, scores)
    np.testing.assert_equal(score_files.read(path)["scores"], scores)


@pytest.mark.parametrize("result", [3.0, {"a": np.eye(2)}, {"a": [1]}, {"a": None}])
def test_what_is_no_number_is_refused(tmp_path, result):
    with pytest.raises(InputError, match="expected a"):
        score_files.write(tmp_path / "metric.json", result, 0.5, CIRCUMSTANCES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "[]", "3", '{"step": 3}', '{"scores": 3}', '{"scores": {"a": 1}'])
def test_damaged_file_is_named_with_what_to_do(tmp_path, text):
    path = tmp_path / "metric.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"metric.json' is damaged .* write it anew with --overwrite") as error:
        score_files.kept(path, CIRCUMSTANCES)
    assert "\n" not in str(error.value)


def test_scores_are_kept_only_under_the_same_circumstances(tmp_path):
    path = tmp_path / "metric.json"
    assert score_files.kept(path, CIRCUMSTANCES) is None
    score_files.write(path, {"a": 1}, 0.5, CIRCUMSTANCES)
    with pytest.raises(InputError, match=r"has another arguments \(num: 5 there, 6 now\)"):
        score_files.kept(path, {**CIRCUMSTANCES, "arguments": {"num": "6"}})


def test_arguments_have_the_same_text_in_every_process():
    assert score_files.arguments("name", compute, 1) == {
        "num": "5",
        "predictor_fn": "predictor",
        "matrix_fns": "[predictor, other_predictor]",
    }


def test_bindings_of_a_default_are_not_told_as_they_do_not_hold(bound):
    gin.parse_config("other_predictor.depth = 4")
    assert score_files.arguments("name", bound["compute"], 1)["matrix_fns"] == "[predictor, other_predictor]"


@pytest.mark.parametrize("file", sorted(path.name for path in CONFIGS.glob("*.gin")))
def test_arguments_of_every_shipped_metric_have_the_same_text_in_every_process(file, bound):
    config.load(["evaluate.gin", f"metrics/{file}"], ["data = None"])
    metrics = gin.get_bindings("evaluate")["metrics"]
    parts = [metrics] if isinstance(metrics, dict) else metrics
    for name, metric in [item for part in parts for item in part.items()]:
        told = str(score_files.arguments(name, metric, 0))
        assert " at 0x" not in told
        assert "%" not in told


def test_arguments_are_what_macros_stand_for(bound):
    gin.parse_config("""
        trees = @tests.score_files.other_predictor
        compute.predictor_fn = %trees
        other_predictor.depth = 4
        scoped/compute.num = 7
    """)
    told = score_files.arguments("scoped", bound["compute"], 1)
    assert (told["predictor_fn"], told["num"]) == ("other_predictor(depth=4)", "7")
    assert score_files.arguments("other", bound["compute"], 1)["num"] == "5"


def test_fingerprint_tells_data_apart():
    class Shifted(tiny.Squares):
        def __getitem__(self, indices):
            return np.roll(super().__getitem__(indices), 1, axis=1)

    class Squares(tiny.Squares):
        """The same under the same name."""

    assert score_files.fingerprint(Squares()) == score_files.fingerprint(tiny.Squares())

    class Renamed(tiny.Squares):
        factor_names = tuple(reversed(tiny.Squares.factor_names))

    class Noisy(tiny.Squares):
        def sample_observations_from_factors(self, factors, random_state):
            images = super().sample_observations_from_factors(factors, random_state)
            return np.clip(images + 0.1 * random_state.random_sample(images.shape), 0, 1)

    kinds = (tiny.Squares, Shifted, Renamed, Noisy)
    digests = {score_files.fingerprint(data()).split(", ")[1] for data in kinds}
    assert len(digests) == len(kinds)
