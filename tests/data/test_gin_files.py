"""Every gin file of a data set: it builds the set that it describes, or says in one line which file it needs."""

import pathlib
import re

import gin
import numpy as np
import pytest

from disent_tf import config
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError

CONFIGS = pathlib.Path(__file__).parents[2] / "gin_configs" / "data"
TEXTS = {path.stem: re.sub(r"#.*", "", path.read_text()) for path in sorted(CONFIGS.glob("*.gin"))}
ADD_ONS = {name for name, text in TEXTS.items() if not re.search(r"^data = ", text, flags=re.MULTILINE)}
FED = {  # What each addition trains on.
    "correlated": "CorrelatedFactors",
    "few_labels": "PartlyLabelled",
    "held_out": "HeldOutCombinations",
    "pairs": "ImagePairs",
    "split": "FactorSubset",
}
NEED_A_FILE = {name for name, text in TEXTS.items() if "%gin.REQUIRED" in text}


def made(name, monkeypatch):
    # Nothing here looks at the images of dSprites, which take seconds to draw.
    monkeypatch.setattr("disent_tf.data.dsprites._drawn", lambda file: np.zeros((737_280, 512), np.uint8))
    config.load(
        ["base.gin", "data/dsprites.gin", f"data/{name}.gin"] if name in ADD_ONS else ["base.gin", f"data/{name}.gin"]
    )


@pytest.mark.parametrize("name", sorted(set(TEXTS) - ADD_ONS - NEED_A_FILE))
def test_macros_are_those_of_the_set(name, monkeypatch):
    made(name, monkeypatch)
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert isinstance(data, Observations)
    assert gin.query_parameter("%image_shape") == tuple(data.observation_shape)
    fed = gin.get_bindings("train")["data"]
    assert gin.query_parameter("%num_data") == len(fed)
    if isinstance(data, GroundTruthData):
        assert gin.query_parameter("%factor_sizes") == tuple(data.factor_sizes)


@pytest.mark.parametrize("name", sorted(ADD_ONS))
def test_an_addition_is_what_is_trained_on(name, monkeypatch):
    made(name, monkeypatch)
    fed = gin.get_bindings("train")["data"]
    assert isinstance(fed, Observations)
    assert type(fed).__name__ == FED[name]
    assert len(fed) <= 737_280
    assert fed.observation_shape == (64, 64, 1)


@pytest.mark.parametrize("name", sorted(ADD_ONS - {"pairs"}))
def test_an_addition_is_built_on_what_the_set_trains_on(name):
    config.load(
        ["base.gin", "data/shapes2d.gin", f"data/{name}.gin"],
        ["HeldOutCombinations.where = {'shape': ('==', 2)}"],
    )
    assert len(gin.get_bindings("train")["data"].data) == 267_021


@pytest.mark.parametrize("name", sorted(NEED_A_FILE))
def test_a_file_that_is_not_named_is_told_in_one_line(name, monkeypatch):
    with pytest.raises(InputError, match=r"set to `%gin\.REQUIRED` but not subsequently overridden") as error:
        made(name, monkeypatch)
    assert "\n" not in str(error.value)


def test_two_additions_are_built_on_one_another(monkeypatch):
    monkeypatch.setattr("disent_tf.data.dsprites._drawn", lambda file: np.zeros((737_280, 512), np.uint8))
    files = ["base.gin", "data/dsprites.gin", "data/held_out.gin", "data/correlated.gin"]
    config.load(files, ["CorrelatedFactors.data = @HeldOutCombinations()", "num_data = 614_400"])
    fed = gin.get_bindings("train")["data"]
    assert (type(fed).__name__, len(fed)) == ("CorrelatedFactors", gin.query_parameter("%num_data"))
