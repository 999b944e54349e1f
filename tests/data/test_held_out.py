import itertools

import gin
import numpy as np
import pytest

from disent_tf import config
from disent_tf.data.held_out import HeldOutCombinations
from disent_tf.errors import InputError
from tests import tiny

WHERE = {"size": ("==", 1), "position_x": (">=", 2)}


def both_parts(*args, **kwargs):
    """Sets of the factors of what is fed and of what is held out."""
    parts = [HeldOutCombinations(tiny.Squares(), *args, held_out=held_out, **kwargs) for held_out in (False, True)]
    return [{tuple(row) for row in part.factor_table.tolist()} for part in parts]


def expected(condition):
    grid = list(np.ndindex(2, 4, 4))
    return [{row for row in grid if not condition(*row)}, {row for row in grid if condition(*row)}]


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        (WHERE, lambda size, x, y: size == 1 and x >= 2),
        ({"size": ("!=", 1)}, lambda size, x, y: size == 0),
        ({"position_y": ("<", 2)}, lambda size, x, y: y < 2),
        ({"position_y": ("<=", 2)}, lambda size, x, y: y <= 2),
        ({"position_y": (">", 2)}, lambda size, x, y: y == 3),
        ({"position_y": ["in", [0, 3]]}, lambda size, x, y: y in (0, 3)),
        ([WHERE, {"position_y": ("==", 0)}], lambda size, x, y: (size == 1 and x >= 2) or y == 0),
    ],
)
def test_what_meets_the_conditions_is_held_out(where, condition):
    assert both_parts(where) == expected(condition)


def test_feed_never_shows_what_is_held_out():
    data = HeldOutCombinations(tiny.Squares(), WHERE)
    assert len(data) == 24
    epoch = next(iter(data.dataset(24, seed=0))).numpy()
    seen = {image.tobytes() for image in epoch}
    held_out = HeldOutCombinations(tiny.Squares(), WHERE, held_out=True)
    unseen = {image.tobytes() for image in held_out[np.arange(8)]}
    assert (len(seen), len(unseen), seen & unseen) == (24, 8, set())
    assert seen | unseen == {image.tobytes() for image in tiny.Squares()[np.arange(32)]}


def test_feed_resumes_at_any_batch():
    feeds = [HeldOutCombinations(tiny.Squares(), WHERE).dataset(5, 0, first_batch=first) for first in (0, 6)]
    whole, resumed = (list(itertools.islice(feed.as_numpy_iterator(), 9)) for feed in feeds)
    np.testing.assert_array_equal(resumed[:3], whole[6:])


def test_factors_that_are_held_out_are_an_error_and_never_drawn():
    data = HeldOutCombinations(tiny.Squares(), WHERE)
    factors = data.sample_factors(2000, np.random.RandomState(0))
    assert len(np.unique(factors, axis=0)) == 24
    with pytest.raises(InputError, match=r"HeldOutCombinations has no observation with {'size': 1, 'position_x': 3, "):
        data.sample_observations_from_factors(np.array([[1, 3, 0]]), np.random.RandomState(0))


def test_a_fraction_of_the_combinations_is_drawn_by_seed():
    fed, held_out = both_parts(fraction=0.25)
    assert (len(fed), len(held_out), fed & held_out) == (24, 8, set())
    assert both_parts(fraction=0.25) == [fed, held_out]
    assert both_parts(fraction=0.25, seed=1) != [fed, held_out]


def test_a_fraction_of_combinations_of_some_factors_takes_all_of_the_others():
    fed, held_out = both_parts(fraction=0.5, names=["size", "position_y"])
    combinations = {(size, y) for size, _, y in held_out}
    assert len(combinations) == 4
    assert held_out == {(size, x, y) for size, y in combinations for x in range(4)}
    assert not fed & held_out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"HeldOutCombinations has where = None and fraction = None; expected one of the two"),
        ({"where": WHERE, "fraction": 0.1}, r"and fraction = 0.1; expected one of the two"),
        (
            {"where": WHERE, "seed": 1},
            r"has where, names = None and seed = 1; expected names and seed beside fraction only",
        ),
        ({"where": WHERE, "names": ["size"]}, r"has where, names = \['size'\] and seed = 0"),
        ({"where": {"size": ("<", 0)}}, r"holds out 0 of 32 observations; expected some but not all"),
        ({"where": {"size": (">=", 0)}}, r"holds out 32 of 32 observations"),
        ({"fraction": 0.0}, r"holds out 0 of 32"),
        ({"fraction": 2}, r"HeldOutCombinations.fraction is 2; expected a number from 0 to 1"),
        ({"fraction": 0.5, "names": ["hue"]}, r"HeldOutCombinations.names has 'hue'"),
        ({"fraction": 0.5, "seed": -1}, r"seed is -1"),
        ({"where": {"hue": ("==", 0)}}, r"HeldOutCombinations.where has 'hue'; expected factors of size, position_x"),
        (
            {"where": {}},
            r"HeldOutCombinations.where is {}; expected comparisons by name, such as {'size': \('==', 0\)}",
        ),
        ({"where": "size"}, r"HeldOutCombinations.where is 'size'; expected comparisons"),
        ({"where": []}, r"holds out 0 of 32"),
        ({"where": {"size": 1}}, r"has the condition 1; expected a comparison and a number"),
        ({"where": {"size": ("=", 1)}}, r"has the condition \('=', 1\); expected a comparison"),
        ({"where": {"size": ("==", "big")}}, r"has the condition \('==', 'big'\)"),
        ({"where": {"size": ("in", 1)}}, r"has the condition \('in', 1\)"),
        ({"where": {"size": ([], 1)}}, r"has the condition \(\[\], 1\)"),
    ],
)
def test_arguments_that_cannot_be_used_are_an_error(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        HeldOutCombinations(tiny.Squares(), **arguments)
    assert "\n" not in str(caught.value)


def test_what_is_no_data_is_an_error():
    with pytest.raises(InputError, match=r"HeldOutCombinations.data is 3; expected a GroundTruthData"):
        HeldOutCombinations(3, WHERE)


def test_gin_file_holds_out_hearts_on_the_right(dsprites_folder):
    config.load(["vae.gin", "data/held_out.gin"], [f"DSprites.cache_dir = '{dsprites_folder}'"])
    data = gin.query_parameter("train.data").scoped_configurable_fn()
    assert len(data) == gin.query_parameter("%num_data") == 614_400
    hearts = data.factor_table[data.factor_table[:, 0] == 2]
    assert np.unique(hearts[:, 3]).tolist() == list(range(16))
    held_out = HeldOutCombinations(data.data, {"shape": ("==", 2), "position_x": (">=", 16)}, held_out=True)
    columns = held_out[np.array([0, 5000, 122_879])].sum(axis=(1, 3)).argmax(axis=1)
    assert (columns > 24).all()  # All of a heart's bulk in the right half.
