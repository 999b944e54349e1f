import itertools

import numpy as np
import pytest

from disent_tf.data.given_images import GivenGrid, GivenImages, GivenTable, images_of
from disent_tf.errors import InputError
from disent_tf.metrics.mig import compute_mig

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 5, 3, 2), dtype=np.uint8)
FACTORS = np.array(list(itertools.product([10.5, 2.0, 7.0], "dcba")))  # Texts: "10.5" before "2.0".


def test_images_without_factors_are_numbered():
    data = images_of(IMAGES)
    assert type(data) is GivenImages
    assert (len(data), data.observation_shape) == (12, (5, 3, 2))
    np.testing.assert_allclose(data[np.array([3, 0])], IMAGES[[3, 0]] / 255, rtol=1e-6)
    assert data[np.array([3])].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_stay_what_they_are(dtype):
    images = (IMAGES / 255).astype(dtype)
    np.testing.assert_array_equal(images_of(images)[np.arange(12)], images.astype(np.float32))


def test_binary_images_are_held_at_one_bit_per_pixel():
    images = IMAGES[..., 0] > 100
    data = images_of(images)
    assert data._images.nbytes == 12 * 2  # 15 pixels.
    np.testing.assert_array_equal(data[np.array([5, 1])][..., 0], images[[5, 1]])


def test_a_mapped_array_is_not_read(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    data = images_of(mapped)
    assert isinstance(data._images, np.memmap)
    np.testing.assert_allclose(data[np.array([7])], IMAGES[[7]] / 255, rtol=1e-6)


@pytest.mark.parametrize("factors", [None, FACTORS, np.arange(12) // 5], ids=["images", "grid", "table"])
@pytest.mark.parametrize("images", [IMAGES, (IMAGES / 255).astype(np.float32)], ids=["uint8", "float32"])
def test_an_array_is_used_as_it_is(images, factors):
    assert np.shares_memory(images_of(images, factors)._images, images)


def test_one_image_of_every_combination_is_a_grid_in_any_order():
    order = np.random.default_rng(1).permutation(12)
    data = images_of(IMAGES[order], FACTORS[order], ["number", "letter"])
    assert type(data) is GivenGrid
    assert data.is_full_grid
    assert (data.factor_names, data.factor_sizes) == (("number", "letter"), (3, 4))
    in_order = IMAGES.reshape(3, 4, *IMAGES.shape[1:])[:, ::-1]  # FACTORS has letters from d to a.
    np.testing.assert_allclose(data[np.arange(12)], in_order.reshape(IMAGES.shape) / 255, rtol=1e-6)
    row = data.factors_to_indices([[2, 0]])  # "7.0", "a".
    place = np.flatnonzero((FACTORS == ["7.0", "a"]).all(axis=1))
    np.testing.assert_allclose(data[row], IMAGES[place] / 255, rtol=1e-6)


@pytest.mark.parametrize("rows", [np.arange(11), np.array([*range(11), 10])], ids=["one lacks", "one is there twice"])
def test_other_combinations_are_a_table(rows):
    data = images_of(IMAGES[rows], FACTORS[rows])
    assert type(data) is GivenTable
    assert not data.is_full_grid
    assert (data.factor_names, data.factor_sizes, len(data)) == (("factor_0", "factor_1"), (3, 4), len(rows))
    factors, images = data.sample(50, np.random.RandomState(0))
    for each, image in zip(factors, images, strict=True):
        same = (data.factor_table == each).all(axis=1)
        assert any(np.allclose(image, other / 255) for other in IMAGES[rows[same]])


def test_a_single_factor_may_be_a_vector():
    assert images_of(IMAGES, np.arange(12) // 5).factor_sizes == (3,)


def test_metrics_that_draw_points_accept_either():
    factors = np.stack(np.unravel_index(np.arange(12), (3, 4)), axis=1)
    images = np.zeros((12, 1, 2, 1))
    images[:, 0, :, 0] = factors / 4
    for rows in (np.arange(12), np.arange(11)):
        data = images_of(images[rows], factors[rows])
        scores = compute_mig(data, lambda x: x.reshape(len(x), 2), np.random.RandomState(0), num_train=500)
        assert scores["discrete_mig"] > 0.8


def test_the_feed_resumes():
    data = images_of(IMAGES)
    batches = list(itertools.islice(data.dataset(5, 0).as_numpy_iterator(), 4))
    np.testing.assert_array_equal(next(data.dataset(5, 0, first_batch=3).as_numpy_iterator()), batches[3])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0, 0], r"shape \(3, 2\); expected \[num, h, w\]"),
        (IMAGES[:0], r"at least one"),
        (3, r"shape \(\); expected \[num, h, w\]"),
        ([np.zeros((4, 4)), np.zeros((4, 5))], "images cannot be made an array .*; expected rows of one shape"),
        (IMAGES.astype("S3"), "expected uint8"),
        (IMAGES // 200, "uint8 and none is above 1, of 255; expected bool|no value above 1"),
        (np.ma.masked_less(IMAGES / 255, 0.5), "images is a masked array"),
        (IMAGES.astype(np.int32), "of type int32; expected uint8"),
        (IMAGES.astype(float), "values from 0 to 255; expected numbers from 0 to 1: divide"),
        (IMAGES / 255 - 0.5, "values from -0.5"),
        (np.full((2, 4, 4), np.nan), "values from nan to nan"),
        (np.array([[["a"]]]), "expected uint8"),
    ],
)
def test_images_that_cannot_be_used_are_an_error(images, message):
    for factors in (None, FACTORS):
        with pytest.raises(InputError, match=message) as error:
            images_of(images, factors)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("factors", "names", "message"),
    [
        (FACTORS[:5], None, "factors of 5 images and 12 images"),
        (np.zeros((12, 2, 2)), None, r"shape \(12, 2, 2\)"),
        (np.zeros((12, 0)), None, r"factors have shape \(12, 0\); expected \[num, num_factors\], a row for each image"),
        (np.full((12, 1), np.nan), None, "not finite"),
        (np.array([object()] * 12), None, "of type object"),
        ([[1], [2, 3]], None, "factors cannot be made an array"),
        (None, ["one"], r"factor_names is \['one'\] without factors; expected both: give factors"),
        (FACTORS, "ab", "factor_names is 'ab'; expected a list of names"),
        (FACTORS, ["one"], "a different name for each of 2"),
        (FACTORS, ["one", "one"], "a different name for each of 2"),
    ],
)
def test_factors_that_do_not_match_are_an_error(factors, names, message):
    with pytest.raises(InputError, match=message) as error:
        images_of(IMAGES, factors, names)
    assert "\n" not in str(error.value)
