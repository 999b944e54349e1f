"""The user's own images in a tf.data.Dataset, such as those of tensorflow-datasets."""

from collections.abc import Sequence
from typing import Any

import gin
import numpy as np
import tensorflow as tf

from disent_tf.data.given_images import GivenImages, check_names, images_of
from disent_tf.errors import InputError

_MOST_CHANNELS = 4


@gin.register
def tf_dataset_images(
    dataset: tf.data.Dataset, image: str | int | None = None, factors: Sequence[str] | None = None
) -> GivenImages:
    """Reads a finite dataset of single images into memory, once: uint8 stays uint8.

    A data set here is read by number, so that any batch of a run can be had again, which a stream cannot do.

    Args:
      dataset: of images `[h, w]` or `[h, w, c]` of at most four channels, or of dicts or tuples with one; not batched.
        It has to end: of one that is made by a generator that cannot be known before.
      image: the key, or the place in a tuple, of the image. None: the elements are images.
      factors: keys of the factors, scalars each, which become their names. None: there are none.

    Returns:
      as `images_of`.

    Raises:
      InputError: the dataset is endless or empty, an element has no such key, or the images cannot be used.
    """
    names = check_names(factors, "tf_dataset_images.factors")
    if not isinstance(dataset, tf.data.Dataset):
        raise InputError(f"tf_dataset_images.dataset is {dataset!r}; expected a tf.data.Dataset of single images.")
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise InputError("The dataset is endless; expected one that ends: leave out repeat(), or take(num) of it.")
    images: list[np.ndarray] = []
    rows: list[list[Any]] = []
    for element in dataset.as_numpy_iterator():
        images.append(_part(element, image))
        rows.append([_part(element, name) for name in names or ()])
    if not images:
        raise InputError("The dataset is empty; expected images in it.")
    if isinstance(images[0], bytes):
        raise InputError("The images are texts or files; expected pixels: map tf.io.decode_image over the dataset.")
    if len({each.shape for each in images}) > 1:
        raise InputError("The images have several sizes; expected one: map tf.image.resize over the dataset.")
    if images[0].ndim == 3 and images[0].shape[2] > _MOST_CHANNELS:
        raise InputError(
            f"The dataset's elements have shape {images[0].shape}; expected single images [h, w] or [h, w, c]: call "
            "unbatch() if these are batches, or give images of so many channels as an array to images_of."
        )
    # Each by itself: beside a text NumPy would make texts of numbers, and sort 10 before 2.
    numbered = [_numbers(name, np.array([row[i] for row in rows])) for i, name in enumerate(names or ())]
    return images_of(np.stack(images), np.stack(numbered, axis=1) if names else None, names)


def _numbers(name: str, column: np.ndarray) -> np.ndarray:
    if column.ndim != 1 or (column.dtype.kind == "f" and not np.isfinite(column).all()):
        raise InputError(f"The factor {name!r} is no scalar or not finite; expected one number or text for each image.")
    return np.unique(column, return_inverse=True)[1]


def _part(element: Any, key: str | int | None) -> Any:
    if key is None:
        if isinstance(element, dict | tuple):
            raise InputError(
                f"The dataset's elements are of type {type(element).__name__}; expected images: name the one in them "
                "by tf_dataset_images.image."
            )
        part = element
    else:
        try:
            part = element[key]
        except (KeyError, IndexError, TypeError) as error:
            known = list(element) if isinstance(element, dict) else type(element).__name__
            raise InputError(f"An element of the dataset has no {key!r}; expected it among {known}.") from error
    is_dense = isinstance(part, np.ndarray | np.generic) and part.dtype.kind != "O"
    if not is_dense and not isinstance(part, bytes):
        raise InputError(
            f"An element of the dataset has for {'the image' if key is None else repr(key)} what is nested, ragged or "
            "an array of texts; expected a dense tensor of numbers: map the dataset to such elements."
        )
    return part
