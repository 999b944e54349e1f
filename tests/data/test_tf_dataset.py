import numpy as np
import pytest
import tensorflow as tf

from disent_tf.data.given_images import GivenGrid, GivenImages
from disent_tf.data.tf_dataset import tf_dataset_images
from disent_tf.errors import InputError

IMAGES = np.arange(6 * 12, dtype=np.uint8).reshape(6, 4, 3, 1)


def dataset():
    factors = {"a": np.repeat([5, 7], 3), "b": np.tile([0, 1, 2], 2)}
    return tf.data.Dataset.from_tensor_slices({"image": IMAGES, **factors})


def test_images_alone():
    data = tf_dataset_images(tf.data.Dataset.from_tensor_slices(IMAGES))
    assert type(data) is GivenImages
    assert data._images.dtype == np.uint8
    np.testing.assert_allclose(data[np.array([4])], IMAGES[[4]] / 255, rtol=1e-6)


def test_images_and_factors_of_dicts():
    data = tf_dataset_images(dataset(), "image", ["a", "b"])
    assert type(data) is GivenGrid
    assert (data.factor_names, data.factor_sizes) == (("a", "b"), (2, 3))


def test_images_of_tuples():
    pairs = tf.data.Dataset.from_tensor_slices((np.zeros(6), IMAGES))
    assert len(tf_dataset_images(pairs, 1)) == 6


@pytest.mark.parametrize(
    ("given", "arguments", "message"),
    [
        (lambda: 3, (), "is 3; expected a tf.data.Dataset"),
        (lambda: dataset().repeat(), ("image",), "endless; expected one that ends"),
        (lambda: dataset().take(0), ("image",), "empty"),
        (dataset, (), "of type dict; expected images: name"),
        (dataset, ("picture",), "no 'picture'; expected it among"),
        (dataset, ("image", ["c"]), "no 'c'"),
        (dataset, ("image", "ab"), "expected a list of names"),
        (lambda: dataset().batch(4), ("image",), "several sizes|shape"),
        (lambda: tf.data.Dataset.from_tensor_slices(np.zeros((4, 8, 8))).batch(2), (), r"\(2, 8, 8\); .* unbatch\(\)"),
    ],
)
def test_what_cannot_be_used_is_an_error(given, arguments, message):
    with pytest.raises(InputError, match=message) as error:
        tf_dataset_images(given(), *arguments)
    assert "\n" not in str(error.value)


def test_numbers_beside_texts_keep_their_order():
    labels = {"number": np.array([0, 2, 10, 0, 2, 10]), "text": np.array(["b", "b", "b", "a", "a", "a"])}
    given = tf.data.Dataset.from_tensor_slices({"image": IMAGES, **labels})
    data = tf_dataset_images(given, "image", ["number", "text"])
    np.testing.assert_allclose(data[data.factors_to_indices([[2, 0]])], IMAGES[[5]] / 255, rtol=1e-6)  # 10, "a".


def elements(**parts):
    return tf.data.Dataset.from_tensor_slices({"image": IMAGES, **parts})


RAGGED = tf.ragged.constant([[[1, 2], [3]]] * 6, dtype=tf.uint8)


@pytest.mark.parametrize(
    ("given", "arguments", "message"),
    [
        (lambda: elements(image=[b"JPEG"] * 6), ("image",), "images are texts or files; expected pixels: map tf.io.de"),
        (lambda: tf.data.Dataset.from_tensor_slices(["a"]), (), "images are texts or files"),
        (lambda: elements(image={"left": IMAGES}), ("image",), "has for 'image' what is nested, ragged or"),
        (lambda: elements(image=RAGGED), ("image",), "has for 'image' what is nested, ragged or an array"),
        (lambda: tf.data.Dataset.from_tensor_slices(RAGGED), (), "has for the image what is nested, ragged"),
        (
            lambda: elements(a={"b": np.arange(6)}),
            ("image", ["a"]),
            "has for 'a' what is nested, .*; expected a dense tensor",
        ),
        (lambda: elements(a=RAGGED), ("image", ["a"]), "has for 'a' what is nested, ragged"),
    ],
)
def test_what_is_no_dense_tensor_is_an_error(given, arguments, message):
    with pytest.raises(InputError, match=message) as error:
        tf_dataset_images(given(), *arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("values", [[0.0, np.nan, 1.0, 2.0, 3.0, 4.0], np.zeros((6, 2))])
def test_factors_that_are_no_finite_scalars_are_an_error(values):
    given = tf.data.Dataset.from_tensor_slices({"image": IMAGES, "a": values})
    with pytest.raises(InputError, match="The factor 'a' is no scalar or not finite"):
        tf_dataset_images(given, "image", ["a"])
