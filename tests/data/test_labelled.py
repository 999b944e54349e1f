import itertools

import gin
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.data.labelled import PartlyLabelled
from disent_tf.errors import InputError
from tests import tiny


class NoisySquares(tiny.Squares):
    """Squares whose brightness is drawn."""

    def sample_observations_from_factors(self, factors, random_state):
        brightness = random_state.random_sample((len(factors), 1, 1, 1))
        return (brightness * self[self.factors_to_indices(factors)]).astype(np.float32)


def batches(num, batch_size=5, seed=0, num_labelled=7, label_seed=0, **kwargs):
    feed = PartlyLabelled(tiny.Squares(), num_labelled, label_seed).dataset(batch_size, seed, **kwargs)
    return list(itertools.islice(feed.as_numpy_iterator(), num))


def test_labelled_images_are_drawn_as_disentanglement_lib_draws_them():
    # One state gives all values of each factor in turn, then what is random in the images.
    random_state = np.random.RandomState(3)
    expected = np.stack([random_state.randint(size, size=50) for size in (2, 4, 4)], axis=1)
    brightness = random_state.random_sample(50).astype(np.float32)
    factors, images = PartlyLabelled(NoisySquares(), num_labelled=50, label_seed=3).labelled
    np.testing.assert_array_equal(factors, expected)
    assert factors.dtype == np.int64
    np.testing.assert_array_equal(images.max(axis=(1, 2, 3)), brightness)
    np.testing.assert_array_equal(images > 0, tiny.Squares()[tiny.Squares().factors_to_indices(expected)] > 0)


def test_unlabelled_batches_are_those_of_the_data_itself():
    expected = tiny.Squares().dataset(5, 9, first_batch=2).as_numpy_iterator()
    for (images, _), own in zip(batches(4, seed=9, first_batch=2), expected, strict=False):
        np.testing.assert_array_equal(images, own)


def test_every_pass_over_the_labelled_images_has_each_once_and_another_order():
    factors, _ = PartlyLabelled(tiny.Squares(), num_labelled=7).labelled
    fed = np.concatenate([labelled["factors"] for _, labelled in batches(7)]).reshape(5, 7, 3)
    for one in fed:
        assert sorted(one.tolist()) == sorted(factors.tolist())
    assert len({one.tobytes() for one in fed}) == 5


def test_images_have_the_factors_beside_them():
    data = tiny.Squares()
    for _, labelled in batches(6):
        factors = labelled["factors"]
        assert factors.dtype == np.float32
        np.testing.assert_array_equal(labelled["images"], data[data.factors_to_indices(factors.astype(int))])


def test_batch_may_be_larger_than_the_labelled_images():
    factors, _ = PartlyLabelled(tiny.Squares(), num_labelled=3).labelled
    (images, labelled), _ = batches(2, batch_size=12, num_labelled=3)
    assert images.shape == labelled["images"].shape == (12, 16, 16, 1)
    assert sorted(labelled["factors"].tolist()) == sorted(4 * factors.tolist())


def test_batch_is_a_function_of_its_number():
    whole = batches(12)
    for first in (0, 1, 5, 9):
        resumed = batches(3, first_batch=first)
        tf.nest.map_structure(np.testing.assert_array_equal, resumed, whole[first : first + 3])


def test_seed_changes_the_order_and_label_seed_the_images():
    def one_pass(**seeds):
        return batches(1, batch_size=7, **seeds)[0][1]["factors"].tolist()

    assert one_pass(seed=1) != one_pass()
    assert sorted(one_pass(seed=1)) == sorted(one_pass())
    assert sorted(one_pass(label_seed=1)) != sorted(one_pass())


def test_shapes_and_types_are_static():
    images = tf.TensorSpec((5, 16, 16, 1), tf.float32)
    expected = (images, {"images": images, "factors": tf.TensorSpec((5, 3), tf.float32)})
    assert PartlyLabelled(tiny.Squares(), num_labelled=2).dataset(5, 0).element_spec == expected


def test_is_otherwise_the_data_set_itself():
    data = PartlyLabelled(NoisySquares())
    assert (data.factor_names, data.factor_sizes) == (tiny.Squares.factor_names, tiny.Squares.factor_sizes)
    assert (data.observation_shape, len(data), data.num_labelled) == ((16, 16, 1), 32, 1000)
    np.testing.assert_array_equal(data[np.array([7, 3])], tiny.Squares()[np.array([7, 3])])
    drawn = [one.sample_observations(6, np.random.RandomState(0)) for one in (NoisySquares(), data)]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("num_labelled", [0, 2.5, True])
def test_number_that_cannot_be_is_an_error(num_labelled):
    with pytest.raises(InputError, match=r"PartlyLabelled.num_labelled is .*; expected an integer of at least 1"):
        PartlyLabelled(tiny.Squares(), num_labelled)


def test_seed_that_cannot_be_is_an_error():
    with pytest.raises(InputError, match=r"seed is -1; expected an integer from 0"):
        PartlyLabelled(tiny.Squares(), label_seed=-1)


def test_gin_labels_the_data_that_it_names():
    gin.parse_config("data = @Squares()\nmine = @PartlyLabelled()\nPartlyLabelled.data = %data")
    data = gin.query_parameter("%mine").scoped_configurable_fn()
    assert (type(data.data), data.num_labelled) == (tiny.Squares, 1000)
