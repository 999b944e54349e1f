import itertools

import gin
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.data.color_dsprites import ColorDSprites
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.pairs import ImagePairs
from disent_tf.data.split import split_part
from disent_tf.data.subset import subset
from disent_tf.errors import InputError
from tests import tiny

SIZES = (2, 3, 4, 5)


class Factors(GroundTruthData):
    """An observation is its own factors."""

    factor_names = ("a", "b", "c", "d")
    factor_sizes = SIZES
    observation_shape = (4,)

    def __getitem__(self, indices):
        return self.indices_to_factors(indices).astype(np.float32)


class Noisy(Factors):
    """Factors with noise below one half; counts the observations of each call."""

    def __init__(self):
        self.calls = []

    def sample_observations_from_factors(self, factors, random_state):
        self.calls.append(len(factors))
        return (factors + 0.4 * random_state.random_sample(factors.shape)).astype(np.float32)


def batches(num, batch_size=5, seed=0, data=None, num_changed=1, **kwargs):
    feed = ImagePairs(data or Factors(), num_changed).dataset(batch_size, seed, **kwargs)
    return list(itertools.islice(feed.as_numpy_iterator(), num))


def many(num_changed, num=24_000):
    """First factors, second factors and what changed, `[num, 4]` each."""
    batch = batches(1, num, num_changed=num_changed)[0]
    return batch["images"][:, 0].astype(int), batch["images"][:, 1].astype(int), batch["changed"].astype(bool)


def assert_shares(counts, shares):
    """Counts are within four standard deviations of those of a multinomial distribution."""
    counts, shares = np.asarray(counts, float).reshape(-1), np.asarray(shares, float).reshape(-1)
    num = counts.sum()
    assert shares.sum() == pytest.approx(1)
    assert (np.abs(counts - num * shares) <= 4 * np.sqrt(num * shares * (1 - shares))).all(), counts / num


@pytest.mark.parametrize("num_changed", [1, 2, 4])
def test_as_many_factors_as_asked_are_marked_and_no_other_differs(num_changed):
    first, second, changed = many(num_changed)
    assert (changed.sum(axis=1) == num_changed).all()
    np.testing.assert_array_equal(first[~changed], second[~changed])


def test_marked_factors_take_every_value_with_equal_chance_the_same_one_too():
    first, second, changed = many(1)
    for factor, size in enumerate(SIZES):
        rows = changed[:, factor]
        counts = np.zeros((size, size))
        np.add.at(counts, (first[rows, factor], second[rows, factor]), 1)
        assert_shares(counts, np.full((size, size), 1 / size**2))


def test_first_images_are_uniform_over_the_whole_grid():
    first, _, _ = many(2)
    assert_shares(np.bincount(Factors().factors_to_indices(first), minlength=120), np.full(120, 1 / 120))


@pytest.mark.parametrize("num_changed", [1, 2, 3])
def test_every_choice_of_factors_is_equally_likely(num_changed):
    _, _, changed = many(num_changed)
    choices = [sum(1 << i for i in chosen) for chosen in itertools.combinations(range(4), num_changed)]
    counts = np.bincount(changed @ (1 << np.arange(4)), minlength=16)
    assert counts.sum() == counts[choices].sum()
    assert_shares(counts[choices], np.full(len(choices), 1 / len(choices)))


def test_a_random_number_is_one_or_uniform_below_the_number_of_factors():
    first, second, changed = many(None)
    np.testing.assert_array_equal(first[~changed], second[~changed])
    # 1 with chance 1/2, else one of 1, 2, 3: never all four, never none.
    assert_shares(np.bincount(changed.sum(axis=1), minlength=5), [0, 1 / 2 + 1 / 6, 1 / 6, 1 / 6, 0])


def test_pairs_are_images_of_the_data():
    data = tiny.Squares()
    batch = batches(1, 64, data=data, num_changed=2)[0]
    rows = {image.tobytes(): row for row, image in enumerate(data[np.arange(32)])}
    assert len(rows) == 32
    first, second = (
        data.indices_to_factors([rows[image.tobytes()] for image in batch["images"][:, i]]) for i in range(2)
    )
    assert np.unique(batch["changed"]).tolist() == [0, 1]
    assert not ((first != second) & (batch["changed"] == 0)).any()
    assert (first != second).any(axis=0).all()


@pytest.mark.parametrize("num_changed", [2, None])
def test_batch_is_a_function_of_its_number(num_changed):
    whole = batches(8, data=Noisy(), num_changed=num_changed)
    for first in (0, 1, 5):
        resumed = batches(3, data=Noisy(), num_changed=num_changed, first_batch=first)
        tf.nest.map_structure(np.testing.assert_array_equal, resumed, whole[first : first + 3])
    assert len({batch["images"].tobytes() for batch in whole}) == 8


def test_seeds_give_different_pairs():
    assert not np.array_equal(batches(1, seed=0)[0]["images"], batches(1, seed=1)[0]["images"])


def test_images_of_a_batch_are_drawn_in_one_call():
    data = Noisy()
    batches(2, data=data)
    assert len(data.calls) >= 2  # The feed is ahead of its reader.
    assert set(data.calls) == {10}


def test_shapes_and_types_are_static():
    assert ImagePairs(tiny.Squares()).dataset(5, 0).element_spec == {
        "images": tf.TensorSpec((5, 2, 16, 16, 1), tf.float32),
        "changed": tf.TensorSpec((5, 3), tf.int32),
    }


def test_is_otherwise_the_data_set_itself():
    data, pairs = Noisy(), ImagePairs(Noisy())
    assert (pairs.factor_names, pairs.factor_sizes) == (data.factor_names, data.factor_sizes)
    assert (pairs.observation_shape, len(pairs)) == ((4,), 120)
    np.testing.assert_array_equal(pairs[np.array([7, 3])], data[np.array([7, 3])])
    drawn = [one.sample_observations(6, np.random.RandomState(0)) for one in (data, pairs)]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("num_changed", [0, 5, -1, 1.0, True, "random"])
def test_number_of_factors_that_cannot_be_is_an_error(num_changed):
    with pytest.raises(
        InputError, match=r"ImagePairs.num_changed is .*; expected an integer from 1 to 4, the number of"
    ):
        ImagePairs(Factors(), num_changed)


def test_a_random_number_needs_several_factors():
    data = Factors()
    data.factor_names, data.factor_sizes = ("a",), (2,)
    with pytest.raises(InputError, match=r"num_changed is None; expected an integer from 1 to 1, .* None for a random"):
        ImagePairs(data, None)
    assert ImagePairs(data, 1).num_changed == 1


def test_gin_makes_pairs_of_the_data_that_it_names():
    gin.parse_config("data = @Squares()\npairs = @ImagePairs()\nImagePairs.data = %data\nImagePairs.num_changed = None")
    pairs = gin.query_parameter("%pairs").scoped_configurable_fn()
    assert (type(pairs.data), pairs.num_changed) == (tiny.Squares, None)


def test_data_that_lack_combinations_are_an_error():
    squares = tiny.Squares()
    lacking, as_many = split_part(squares, "train", seed=0), subset(squares, np.arange(32) // 2)
    for part in (lacking, as_many, ColorDSprites(lacking)):
        with pytest.raises(InputError, match="lacks some combinations of its factors"):
            ImagePairs(part)
    repeated = subset(squares, np.concatenate([np.arange(32), np.arange(16)]))  # A table, but with all there are.
    assert next(iter(ImagePairs(repeated).dataset(4, 0)))["images"].shape == (4, 2, 16, 16, 1)
