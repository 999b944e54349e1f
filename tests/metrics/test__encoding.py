import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import _encoding


def test_codes_are_float64():
    codes = _encoding.encode(lambda observations: observations[:, :2].astype(np.float32), np.ones((3, 4)))
    assert codes.dtype == np.float64
    assert codes.shape == (3, 2)


@pytest.mark.parametrize(
    ("represent", "message"),
    [
        (lambda x: x[:1], "1 codes for 3 observations"),
        (lambda x: x[:, 0], r"shape \(3,\)"),
        (lambda x: x * np.nan, "6 values that are NaN"),
    ],
)
def test_codes_that_cannot_be_used_are_told_in_one_line(represent, message):
    with pytest.raises(InputError, match=message) as error:
        _encoding.encode(represent, np.zeros((3, 2)))
    assert "\n" not in str(error.value)
