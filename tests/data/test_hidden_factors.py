import pathlib

import gin
import numpy as np
import pytest

from disent_tf.data.color_dsprites import ColorDSprites
from disent_tf.data.correlated import CorrelatedFactors
from disent_tf.data.derived import DerivedData
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.hidden_factors import HiddenFactors
from disent_tf.data.pairs import ImagePairs
from disent_tf.data.split import split
from disent_tf.errors import InputError
from disent_tf.metrics.mig import compute_mig
from tests import tiny

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "dsprites_noshape.gin"
SIZES = (2, 3, 4, 5)


class Factors(GroundTruthData):
    """An observation is its own factors."""

    factor_names = ("a", "b", "c", "d")
    factor_sizes = SIZES
    observation_shape = (4,)

    def __getitem__(self, indices):
        return self.indices_to_factors(indices).astype(np.float32)


@pytest.fixture
def data():
    return HiddenFactors(Factors(), ["c", "a"])


def test_only_visible_factors_are_told(data):
    assert (data.factor_names, data.factor_sizes, data.is_full_grid) == (("b", "d"), (3, 5), False)
    assert (len(data), data.observation_shape) == (120, (4,))


def test_rows_are_those_of_the_whole_grid(data):
    rows = np.arange(120)
    np.testing.assert_array_equal(data[rows], Factors()[rows])
    np.testing.assert_array_equal(data.indices_to_factors(rows), Factors().indices_to_factors(rows)[:, [1, 3]])
    epoch = next(iter(data.dataset(120, seed=0))).numpy()
    assert len({row.tobytes() for row in epoch}) == 120


def test_row_of_factors_has_the_first_value_of_what_is_hidden(data):
    np.testing.assert_array_equal(data[data.factors_to_indices([[2, 4], [0, 1]])], [[0, 2, 0, 4], [0, 0, 0, 1]])


def test_draws_are_those_of_disentanglement_lib(data):
    """Visible factors in their order, then hidden ones in theirs."""
    factors, observations = data.sample(9, np.random.RandomState(3))
    random_state = np.random.RandomState(3)
    b, d, a, c = (random_state.randint(size, size=9) for size in (3, 5, 2, 4))
    np.testing.assert_array_equal(factors, np.stack([b, d], axis=1))
    np.testing.assert_array_equal(observations, np.stack([a, b, c, d], axis=1))


def test_whatever_is_random_besides_is_drawn_after_the_hidden_factors():
    hidden = HiddenFactors(ColorDSprites(tiny.Squares()), ["size"])
    coloured = ColorDSprites(HiddenFactors(tiny.Squares(), ["size"]))
    drawn = [data.sample(20, np.random.RandomState(0))[1] for data in (hidden, coloured)]
    np.testing.assert_array_equal(*drawn)
    assert len(np.unique((drawn[0] > 0).sum(axis=(1, 2, 3)))) == 2


def test_hiding_one_after_the_other_hides_both():
    data = HiddenFactors(HiddenFactors(Factors(), ["c"]), ["a"])
    assert (data.factor_names, len(data)) == (("b", "d"), 120)
    factors, observations = data.sample(500, np.random.RandomState(0))
    np.testing.assert_array_equal(observations[:, [1, 3]], factors)
    assert len(np.unique(observations[:, [0, 2]], axis=0)) == 8


def test_pairs_and_metrics_work_on_what_is_visible(data):
    pairs = next(iter(ImagePairs(data).dataset(30, seed=0)))
    assert pairs["changed"].shape == (30, 2)
    scores = compute_mig(data, lambda x: x[:, [1, 3]], np.random.RandomState(0), num_train=2000)
    assert scores["discrete_mig"] > 0.9


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], r"HiddenFactors.names is \[\]; expected some, but not all, of a, b, c, d"),
        (["a", "b", "c", "d"], r"expected some, but not all, of a, b, c, d"),
        (["e"], r"HiddenFactors.names has 'e'; expected factors of a, b, c, d"),
    ],
)
def test_names_that_cannot_be_hidden_are_an_error(names, message):
    with pytest.raises(InputError, match=message):
        HiddenFactors(Factors(), names)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: CorrelatedFactors(Factors(), [("a", "b")]), "CorrelatedFactors"),
        (lambda: split(Factors())["train"], "FactorSubset"),
        (lambda: DerivedData(split(Factors())["train"]), "FactorSubset"),
    ],
)
def test_factors_that_are_no_grid_are_an_error(make, name):
    with pytest.raises(InputError, match=rf"HiddenFactors.data draws its factors as {name} does; expected a full grid"):
        HiddenFactors(make(), ["a"])


def test_gin_file_builds_dsprites_without_shape(dsprites_folder, dsprites):
    gin.parse_config_file(str(CONFIG))
    gin.parse_config(f"DSprites.cache_dir = '{dsprites_folder}'")
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert gin.query_parameter("%factor_sizes") == data.factor_sizes == (6, 40, 32, 32)
    assert gin.query_parameter("%num_data") == len(data) == 737_280
    assert gin.query_parameter("%image_shape") == data.observation_shape
    images = data.sample_observations_from_factors(np.tile([5, 0, 16, 16], (100, 1)), np.random.RandomState(0))
    shapes = {image.tobytes() for image in images}
    assert shapes == {
        image.tobytes() for image in dsprites[dsprites.factors_to_indices([[s, 5, 0, 16, 16] for s in range(3)])]
    }
