import itertools

import numpy as np
import pytest
import tensorflow as tf

from disent_tf.data.feed import ShuffledOrder, endless
from disent_tf.data.labelled import PartlyLabelled
from disent_tf.data.pairs import ImagePairs
from tests import tiny

SPEC = {
    "pair": (tf.TensorSpec((2,), tf.float32), tf.TensorSpec((), tf.int64)),
    "even": tf.TensorSpec((1,), tf.bool),
}


def load(batch):
    pair = np.array([batch, batch + 0.5], np.float32), np.int64(10 * batch)
    return {"even": np.array([batch % 2 == 0]), "pair": pair}


def take(feed, num):
    return list(itertools.islice(feed.as_numpy_iterator(), num))


def test_batches_have_the_structure_of_what_is_loaded():
    for number, batch in enumerate(take(endless(load, SPEC), 3)):
        assert batch.keys() == {"even", "pair"}
        values, tenfold = batch["pair"]
        assert (values.tolist(), values.dtype) == ([number, number + 0.5], np.float32)
        assert (tenfold, tenfold.dtype) == (10 * number, np.int64)
        assert (batch["even"].tolist(), batch["even"].dtype) == ([number % 2 == 0], bool)


def test_a_batch_may_be_a_single_array():
    feed = endless(lambda batch: np.full((2, 3), batch, np.int64), tf.TensorSpec((2, 3), tf.int64))
    assert feed.element_spec == tf.TensorSpec((2, 3), tf.int64)
    assert [batch.tolist() for batch in take(feed, 2)] == [[[0] * 3] * 2, [[1] * 3] * 2]


def test_shapes_and_types_are_static():
    assert endless(load, SPEC).element_spec == SPEC


def test_begins_with_the_first_batch():
    assert [batch["pair"][1] for batch in take(endless(load, SPEC, first_batch=7), 3)] == [70, 80, 90]


def test_numbers_are_python_integers_whatever_their_size():
    number = 2**40
    feed = endless(
        lambda batch: np.array([isinstance(batch, int), batch == number]), tf.TensorSpec((2,), tf.bool), number
    )
    assert take(feed, 1)[0].tolist() == [True, True]


def test_what_does_not_fit_the_specification_is_an_error():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Shape of tensor .* not compatible .* \[3\]"):
        take(endless(lambda batch: np.zeros(2, np.float32), tf.TensorSpec((3,), tf.float32)), 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="don't have the same set of keys"):
        take(endless(lambda batch: {"odd": np.zeros(1, bool), "pair": load(batch)["pair"]}, SPEC), 1)


def test_order_is_numpys_permutation_of_seed_and_epoch():
    # Three epochs of 7 in batches of 3: a run that was begun with this order can be resumed for ever.
    expected = np.concatenate([np.random.default_rng((5, epoch)).permutation(7) for epoch in range(3)]).reshape(7, 3)
    order = ShuffledOrder(7, batch_size=3, seed=5)
    for batch in (0, 1, 2, 3, 4, 5, 6, 2, 0, 6):
        np.testing.assert_array_equal(order.rows(batch), expected[batch])


def test_iterators_of_one_feed_do_not_disturb_each_other():
    order = ShuffledOrder(4, batch_size=4, seed=0)
    feed = endless(order.rows, tf.TensorSpec((4,), tf.int64))
    expected = [np.random.default_rng((0, epoch)).permutation(4).tolist() for epoch in range(6)]
    first, second = (iterator.as_numpy_iterator() for iterator in (feed, feed.skip(3)))
    for batch in range(3):
        assert next(first).tolist() == expected[batch]
        assert next(second).tolist() == expected[batch + 3]


@pytest.mark.parametrize("derive", [lambda data: data, ImagePairs, lambda data: PartlyLabelled(data, 5)])
def test_replicas_together_get_the_batch_of_one_device(derive):
    data = derive(tiny.Squares())
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice())
    shared_out = iter(strategy.experimental_distribute_dataset(data.dataset(6, seed=2)))
    for whole in itertools.islice(data.dataset(6, seed=2), 4):
        parts = tf.nest.map_structure(strategy.experimental_local_results, next(shared_out))
        together = [tf.concat(part, axis=0) for part in _flat_parts(whole, parts)]
        for one, both in zip(tf.nest.flatten(whole), together, strict=True):
            np.testing.assert_array_equal(one, both)


def _flat_parts(whole, parts):
    """Returns for each tensor of a batch its shares, three rows for each of two replicas."""
    flat = tf.nest.flatten(parts)
    shares = [flat[i : i + 2] for i in range(0, len(flat), 2)]
    assert len(shares) == len(tf.nest.flatten(whole))
    assert all(len(share) == 3 for pair in shares for share in pair)
    return shares
