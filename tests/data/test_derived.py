import numpy as np
import pytest

from disent_tf.data.derived import DerivedData
from disent_tf.errors import InputError
from tests import tiny


def test_factors_and_observations_are_those_of_the_data():
    data, derived = tiny.Squares(), DerivedData(tiny.Squares())
    assert (derived.factor_names, derived.factor_sizes) == (data.factor_names, data.factor_sizes)
    assert (len(derived), derived.observation_shape) == (len(data), data.observation_shape)
    np.testing.assert_array_equal(derived[np.arange(5)], data[np.arange(5)])
    for ours, theirs in zip(*(d.sample(7, np.random.RandomState(0)) for d in (derived, data)), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_no_data_is_an_error():
    with pytest.raises(InputError, match=r"DerivedData.data is 3; expected a GroundTruthData"):
        DerivedData(3)
