"""What all dSprites in colour have in common."""

import itertools
import pathlib

import gin
import numpy as np
import pytest

from disent_tf.data.color_dsprites import ColorDSprites
from disent_tf.data.hidden_factors import HiddenFactors
from disent_tf.data.noisy_dsprites import NoisyDSprites
from disent_tf.data.pairs import ImagePairs
from disent_tf.data.scream_dsprites import ScreamDSprites
from disent_tf.errors import InputError
from tests import tiny

CONFIGS = pathlib.Path(__file__).parents[2] / "gin_configs" / "data"
ROWS = np.array([5, 31, 5, 0])

all_sets = pytest.mark.parametrize("make", [ColorDSprites, NoisyDSprites, ScreamDSprites])


@all_sets
def test_factors_and_rows_are_those_of_the_shapes(make):
    data = make(tiny.Squares())
    assert (data.factor_names, data.factor_sizes, len(data)) == (tiny.Squares.factor_names, (2, 4, 4), 32)
    assert (data.observation_shape, data.is_full_grid) == ((16, 16, 3), False)
    np.testing.assert_array_equal(data.indices_to_factors(ROWS), tiny.Squares().indices_to_factors(ROWS))


@all_sets
def test_a_row_looks_the_same_whenever_and_with_whomever_it_is_asked_for(make):
    data = make(tiny.Squares())
    images = data[ROWS]
    assert (images.shape, images.dtype) == ((4, 16, 16, 3), np.float32)
    assert images.min() >= 0.0
    assert images.max() <= 1.0
    np.testing.assert_array_equal(images[0], images[2])
    np.testing.assert_array_equal(make(tiny.Squares())[ROWS[1:2]][0], images[1])
    assert not np.array_equal(make(tiny.Squares(), noise_seed=1)[ROWS], images)
    assert data[ROWS[:0]].shape == (0, 16, 16, 3)


@all_sets
def test_rows_share_no_noise_with_the_feed_of_the_same_seed(make):
    data = make(tiny.Squares())
    for row in np.arange(4):  # The state of batch number `row`.
        drawn = data.decorate(tiny.Squares()[[row]], np.random.RandomState((data.noise_seed, row)))
        assert not np.array_equal(data[[row]], drawn)


@all_sets
def test_feed_draws_every_image_anew_and_resumes_at_any_batch(make):
    data = make(tiny.Squares())
    whole, resumed = (
        np.array(list(itertools.islice(data.dataset(16, 0, first_batch=first).as_numpy_iterator(), num)))
        for first, num in ((0, 4), (2, 2))
    )
    np.testing.assert_array_equal(resumed, whole[2:])
    assert len({image.tobytes() for image in whole.reshape(64, -1)}) == 64  # Two epochs, without an image twice.


@all_sets
def test_pairs_of_images_are_drawn_each_by_itself(make):
    data = ImagePairs(make(tiny.Squares()))
    batch = next(iter(data.dataset(8, seed=0)))["images"].numpy()
    assert len({image.tobytes() for image in batch.reshape(16, -1)}) == 16


@all_sets
def test_shapes_are_drawn_before_what_is_around_them(make):
    """Hidden factors first, as in disentanglement_lib."""
    data = make(HiddenFactors(tiny.Squares(), ["size"]))
    factors, images = data.sample(6, np.random.RandomState(4))
    random_state = np.random.RandomState(4)
    x, y, size = (random_state.randint(num, size=6) for num in (4, 4, 2))
    np.testing.assert_array_equal(factors, np.stack([x, y], axis=1))
    sprites = tiny.Squares().sample_observations_from_factors(np.stack([size, x, y], axis=1), None)
    np.testing.assert_array_equal(images, data.decorate(sprites, random_state))


@all_sets
def test_images_in_colour_are_an_error(make):
    with pytest.raises(InputError, match=rf"{make.__name__}.data has observations of shape \(16, 16, 3\); expected"):
        make(ColorDSprites(tiny.Squares()))


@all_sets
def test_arguments_that_cannot_be_used_are_an_error(make):
    with pytest.raises(InputError, match=rf"{make.__name__}.data is 3; expected a GroundTruthData"):
        make(3)
    with pytest.raises(InputError, match=r"seed is -1; expected an integer"):
        make(tiny.Squares(), noise_seed=-1)


@pytest.mark.parametrize("name", ["color", "noisy", "scream"])
def test_gin_file_builds_the_set_from_dsprites(name, dsprites_folder, dsprites):
    gin.parse_config_file(str(CONFIGS / f"{name}_dsprites.gin"))
    gin.parse_config(f"DSprites.cache_dir = '{dsprites_folder}'")
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert gin.query_parameter("%factor_sizes") == data.factor_sizes == dsprites.factor_sizes
    assert gin.query_parameter("%num_data") == len(data)
    assert gin.query_parameter("%image_shape") == data[ROWS].shape[1:] == data.observation_shape
