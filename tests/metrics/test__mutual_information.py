import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from disent_tf.errors import InputError
from disent_tf.metrics._mutual_information import entropies, mutual_information_matrix


def _labels(num_points=3000, seed=0):
    rng = np.random.default_rng(seed)
    factors = rng.integers([3, 6, 40], size=(num_points, 3))
    codes = np.stack(
        [factors[:, 2] // 2, factors[:, 0] + rng.integers(4, size=num_points), rng.permutation(num_points) % 7]
    )
    return codes.T, factors


def test_agrees_with_scikit_learn():
    codes, factors = _labels()
    expected = [[mutual_info_score(factor, code) for factor in factors.T] for code in codes.T]
    np.testing.assert_allclose(mutual_information_matrix(codes, factors), expected, rtol=1e-9, atol=1e-15)


def test_entropy_is_the_information_of_a_column_about_itself():
    _, factors = _labels()
    np.testing.assert_allclose(entropies(factors), np.diag(mutual_information_matrix(factors, factors)), rtol=1e-12)


def test_labels_are_names_only():
    codes, factors = _labels()
    renamed = np.array([-3.5, 1e9, 7, 0.25, 2, 11, 12])[codes[:, 2:]]
    np.testing.assert_array_equal(
        mutual_information_matrix(renamed, factors).round(12),
        mutual_information_matrix(codes[:, 2:], factors).round(12),
    )


@pytest.mark.parametrize("num_points", [1, 7, 999, 10_000])
def test_constant_column_knows_exactly_nothing(num_points):
    factors = np.random.default_rng(1).integers([3, 40], size=(num_points, 2))
    constant = np.full((num_points, 1), 11)
    np.testing.assert_array_equal(mutual_information_matrix(constant, factors), [[0.0, 0.0]])
    np.testing.assert_array_equal(mutual_information_matrix(factors, constant), [[0.0], [0.0]])
    np.testing.assert_array_equal(entropies(constant), [0.0])


def test_full_grid_of_independent_columns_knows_exactly_nothing():
    grid = np.stack(np.unravel_index(np.arange(3 * 7 * 11), (3, 7, 11)), axis=1)
    information = mutual_information_matrix(grid, grid)
    np.testing.assert_array_equal(information[~np.eye(3, dtype=bool)], 0.0)
    np.testing.assert_allclose(np.diag(information), np.log([3, 7, 11]))


def test_golden_formula(golden):
    expected = golden.json("expected_formulas")["discrete_mutual_info"]
    information = mutual_information_matrix(np.transpose(expected["xs"]), np.transpose(expected["ys"]))
    np.testing.assert_allclose(information, expected["result"], rtol=1e-9)


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), "3 codes and 4 factors"),
        (np.zeros(3), np.zeros((3, 2)), r"codes have shape \(3,\)"),
        (np.zeros((3, 2)), np.zeros((3, 0)), r"factors have shape \(3, 0\)"),
        (np.array([[0.0], [np.nan]]), np.zeros((2, 1)), "1 values that are NaN"),
        (np.zeros((1, 1)), np.array([["red"]]), "dtype <U3"),
    ],
)
def test_bad_input_is_told_in_one_line(codes, factors, message):
    with pytest.raises(InputError, match=message) as error:
        mutual_information_matrix(codes, factors)
    assert "\n" not in str(error.value)


def test_labels_that_hardly_repeat_are_counted_without_a_table():
    rng = np.random.default_rng(0)
    codes = np.stack([rng.permutation(3000) * 2.0, np.arange(3000) // 2 * 1e6], axis=1)
    factors = np.stack([np.arange(3000) % 40, rng.permutation(3000)], axis=1)
    expected = [[mutual_info_score(factor, code) for factor in factors.T] for code in codes.T]
    np.testing.assert_allclose(mutual_information_matrix(codes, factors), expected, rtol=1e-9)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.uint64, np.float32])
def test_labels_of_every_type(dtype):
    info = np.iinfo(dtype) if np.issubdtype(dtype, np.integer) else None
    low, high = (0, 1) if info is None else (info.min, info.max)
    column = np.array([low, high, high, low, high, low, low], dtype)[:, None]
    other = np.array([0, 1, 1, 0, 1, 0, 0])[:, None]
    np.testing.assert_allclose(mutual_information_matrix(column, other)[0], entropies(other), rtol=1e-12)
    np.testing.assert_allclose(entropies(column), entropies(other), rtol=1e-12)
