import numpy as np
import pytest

from disent_tf.data.color_dsprites import ColorDSprites
from disent_tf.data.derived import DerivedData
from disent_tf.data.factor_table import TabulatedData
from disent_tf.data.labelled import PartlyLabelled
from disent_tf.data.pairs import ImagePairs
from disent_tf.data.split import split
from disent_tf.errors import InputError
from tests import tiny


class Listed(TabulatedData):
    """Row i is the number i; its factors are those of a table."""

    factor_names, factor_sizes, observation_shape = ("a", "b"), (3, 3), (1,)
    factor_table = np.array([[0, 1], [2, 0], [1, 1]])

    def __getitem__(self, indices):
        return np.asarray(indices, np.float32).reshape(-1, 1)


def test_factors_and_observations_are_those_of_the_data():
    data, derived = tiny.Squares(), DerivedData(tiny.Squares())
    assert (derived.factor_names, derived.factor_sizes) == (data.factor_names, data.factor_sizes)
    assert (len(derived), derived.observation_shape) == (len(data), data.observation_shape)
    np.testing.assert_array_equal(derived[np.arange(5)], data[np.arange(5)])
    for ours, theirs in zip(*(d.sample(7, np.random.RandomState(0)) for d in (derived, data)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_rows_that_are_no_grid_are_those_of_the_data():
    derived = DerivedData(Listed())
    assert (len(derived), derived.is_full_grid) == (3, False)
    np.testing.assert_array_equal(derived.indices_to_factors([1, 2]), [[2, 0], [1, 1]])
    np.testing.assert_array_equal(derived.factors_to_indices([[1, 1], [0, 1]]), [2, 0])
    factors, observations = derived.sample(50, np.random.RandomState(0))
    np.testing.assert_array_equal(Listed.factor_table[observations[:, 0].astype(int)], factors)
    assert set(observations[:, 0]) == {0, 1, 2}


def test_what_is_no_data_is_an_error():
    with pytest.raises(InputError, match=r"DerivedData.data is 3; expected a GroundTruthData"):
        DerivedData(3)


@pytest.mark.parametrize("feeds_more", [ImagePairs, PartlyLabelled])
@pytest.mark.parametrize("build", [ColorDSprites, lambda data: split(data)["train"]])
def test_what_would_lose_pairs_or_labels_is_an_error(feeds_more, build):
    with pytest.raises(
        InputError, match=f"{feeds_more.__name__}, whose feed has more than observations; expected it out"
    ):
        build(feeds_more(tiny.Squares()))
