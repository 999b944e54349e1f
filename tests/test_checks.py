import pytest

from disent_tf.checks import check_flag, check_positive, check_seed
from disent_tf.errors import InputError


def test_what_is_good_passes():
    check_positive(steps=1, batch_size=10**9)
    check_seed(0)
    check_seed(2**32 - 1)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None])
def test_what_is_no_positive_integer_is_named(value):
    with pytest.raises(InputError, match=r"^steps is .*; expected an integer of at least 1"):
        check_positive(batch_size=1, steps=value)


@pytest.mark.parametrize("seed", [-1, 2**32, 0.0, False, "0", None])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(InputError, match=r"^seed is "):
        check_seed(seed)


def test_flags_are_true_or_false():
    assert (check_flag("inverse", True), check_flag("inverse", False)) == (True, False)


@pytest.mark.parametrize("value", ["False", "True", 0, 1, None])
def test_what_is_no_flag_is_named(value):
    with pytest.raises(InputError, match=rf"^inverse is {value!r}; expected True or False, without quotes"):
        check_flag("inverse", value)
