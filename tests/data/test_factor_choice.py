import numpy as np
import pytest

from disent_tf.data.factor_choice import all_factors, columns_of, combination_numbers
from disent_tf.errors import InputError
from tests import tiny


def test_names_are_columns():
    assert columns_of(tiny.Squares(), ["position_y", "size"], "names") == [2, 0]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["size", "hue"], r"names has 'hue'; expected factors of size, position_x, position_y\."),
        (["size", "size"], r"names is \['size', 'size'\]; expected each factor once"),
        ("size", r"names is 'size'; expected a list of names of factors"),
        (3, r"names is 3; expected a list of names of factors"),
    ],
)
def test_other_names_are_an_error(names, message):
    with pytest.raises(InputError, match=message):
        columns_of(tiny.Squares(), names, "names")


def test_all_factors_are_the_grid_in_c_order():
    np.testing.assert_array_equal(all_factors(tiny.Squares()), list(np.ndindex(2, 4, 4)))


def test_combinations_are_numbered_in_order():
    numbers, num = combination_numbers(np.array([[1, 0], [0, 5], [1, 0], [0, 2], [2, 0]]))
    assert (numbers.tolist(), num) == ([2, 1, 2, 0, 3], 4)


def test_combinations_of_very_many_factors_are_told_apart():
    table = np.random.RandomState(0).randint(1000, size=(50, 40))
    table[25:] = table[:25]
    numbers, num = combination_numbers(table)
    assert num == 25
    np.testing.assert_array_equal(numbers[25:], numbers[:25])
