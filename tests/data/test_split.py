import itertools

import gin
import numpy as np
import pytest

from disent_tf import config
from disent_tf.data.observations import Observations
from disent_tf.data.split import split, split_part
from disent_tf.data.subset import FactorSubset, Subset, subset
from disent_tf.errors import InputError
from tests import tiny

THIRDS = {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}


class Numbers(Observations):
    """Row i is the number i."""

    observation_shape = (1,)

    def __init__(self, num=1000):
        self._num = num

    def __len__(self):
        return self._num

    def __getitem__(self, indices):
        return np.asarray(indices, np.float32).reshape(-1, 1)


def rows_of(parts):
    return {name: part.rows.tolist() for name, part in parts.items()}


def test_parts_are_disjoint_and_cover_everything():
    parts = rows_of(split(Numbers()))
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 700, "validation": 150, "test": 150}
    assert sorted(itertools.chain(*parts.values())) == list(range(1000))


@pytest.mark.parametrize("num", [3, 10, 11, 100, 997])
def test_shares_that_do_not_divide_are_rounded_and_nothing_is_left_over(num):
    parts = rows_of(split(Numbers(num), THIRDS))
    assert sorted(itertools.chain(*parts.values())) == list(range(num))
    assert {abs(len(rows) - num / 3) < 1 for rows in parts.values()} == {True}


def test_parts_are_drawn_at_random_by_seed():
    first, again, other = (rows_of(split(Numbers(), seed=seed)) for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert 400 < np.mean(first["test"]) < 600


def test_split_stays_the_same_in_every_version():
    assert rows_of(split(Numbers(8), {"a": 0.5, "b": 0.5})) == {"a": [1, 2, 4, 5], "b": [0, 3, 6, 7]}


def test_feed_of_a_part_shows_it_alone():
    part = split(Numbers())["test"]
    assert type(part) is Subset
    epoch = next(iter(part.dataset(150, seed=0))).numpy()[:, 0]
    assert sorted(epoch.astype(int)) == part.rows.tolist()


def test_parts_keep_factors():
    parts = split(tiny.Squares())
    for part in parts.values():
        assert type(part) is FactorSubset
        np.testing.assert_array_equal(part.factor_table, tiny.Squares().indices_to_factors(part.rows))


@pytest.mark.parametrize("by", [["size", "position_y"], ["position_x"], ["size", "position_x", "position_y"]])
def test_a_combination_of_values_is_in_one_part_only(by):
    columns = [tiny.Squares.factor_names.index(name) for name in by]
    parts = split(tiny.Squares(), {"train": 0.5, "test": 0.5}, by=by)
    train, test = ({tuple(row) for row in part.factor_table[:, columns].tolist()} for part in parts.values())
    assert not train & test
    assert len(train) == len(test)
    assert len(train | test) == np.prod([tiny.Squares.factor_sizes[column] for column in columns])
    assert sum(map(len, parts.values())) == 32


def test_a_part_by_name_is_that_of_the_split():
    for name in ("train", "validation", "test"):
        np.testing.assert_array_equal(split_part(Numbers(), name, seed=3).rows, split(Numbers(), seed=3)[name].rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fractions": {}}, r"fractions is {}; expected shares by name"),
        ({"fractions": 0.5}, r"fractions is 0.5; expected shares by name"),
        ({"fractions": {"a": 0.5, "b": 0.6}}, r"fractions add up to 1.1; expected 1: change one of 'a', 'b'"),
        ({"fractions": {"a": 1.5, "b": -0.5}}, r"fractions\['a'\] is 1.5; expected a number from 0 to 1"),
        ({"fractions": {"a": 1.0, "b": 0.0}}, r"The part 'b' is empty: a share of 0.0 of 32; expected something"),
        ({"by": ["size"]}, r"The part 'test' is empty: a share of 0.15 of 2; .* split by more factors"),
        ({"by": ["hue"]}, r"by has 'hue'; expected factors of size, position_x, position_y"),
        ({"by": []}, r"by is empty; expected names of factors, or None"),
        ({"seed": 1.5}, r"seed is 1.5; expected an integer"),
    ],
)
def test_arguments_that_cannot_be_used_are_an_error(arguments, message):
    with pytest.raises(InputError, match=message):
        split(tiny.Squares(), **arguments)


def test_splitting_by_factors_needs_factors():
    with pytest.raises(InputError, match=r"Numbers has no factors to split by; expected by = None"):
        split(Numbers(), by=["size"])


def test_a_part_that_there_is_not_is_an_error():
    with pytest.raises(
        InputError, match=r"split_part.name is 'training'; expected one of 'train', 'validation', 'test'"
    ):
        split_part(Numbers(), "training")


def test_gin_file_names_parts_of_the_data_that_it_is_included_after(dsprites_folder):
    test = ["test/split_part.name = 'test'", "train.data = @test/split_part()"]
    sizes = []
    for bindings in ([], test):
        config.load(["vae.gin", "data/split.gin"], [f"DSprites.cache_dir = '{dsprites_folder}'", *bindings])
        sizes.append(len(gin.query_parameter("train.data").scoped_configurable_fn()))
    assert sizes == [516_096, 110_592]


def test_shares_that_are_rounded_themselves_leave_nothing_over():
    parts = split(Numbers(2_000_000), {"a": 0.5, "b": 0.499_999_2})
    assert sum(map(len, parts.values())) == 2_000_000


def test_the_order_in_which_parts_are_named_does_not_matter():
    first, second = (
        split(tiny.Squares(), dict(names), seed=3) for names in ([("a", 0.25), ("b", 0.75)], [("b", 0.75), ("a", 0.25)])
    )
    for name in "ab":
        np.testing.assert_array_equal(first[name].rows, second[name].rows)


@pytest.mark.parametrize("other", [np.zeros((8, 4, 4)), tiny.Squares, None], ids=["array", "class", "nothing"])
def test_what_is_no_data_set_is_an_error(other):
    for build in (split, split_part):
        with pytest.raises(
            InputError, match=r"^What is split is .*; .* data set, written as '@DSprites\(\)' or '%data'.$"
        ):
            build(other)
    with pytest.raises(InputError, match=r"^What a subset is taken of is .*; expected a data set"):
        subset(other, [0])
