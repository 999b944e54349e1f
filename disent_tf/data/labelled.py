"""A data set of which the factors of a few images are known: what semi-supervision learns from."""

import functools

import gin
import numpy as np
import tensorflow as tf

from disent_tf.checks import check_positive, check_seed
from disent_tf.data.derived import DerivedData
from disent_tf.data.feed import ShuffledOrder, endless
from disent_tf.data.ground_truth import GroundTruthData


@gin.register
class PartlyLabelled(DerivedData):
    """A data set that feeds, with every batch of its images, a batch of the same few images and their factors.

    Source: Locatello, Tschannen, Bauer, Rätsch, Schölkopf, Bachem (2020), "Disentangling Factors of Variation Using Few
    Labels"; the labelled images are drawn as disentanglement_lib's `sample_supervised_data` draws them.

    Args:
      data: where the images come from.
      num_labelled: how many images have labels; two of them may be the same.
      label_seed: of the choice of those images, which the order of the feed does not change.

    Raises:
      InputError: an argument cannot be used.
    """

    def __init__(self, data: GroundTruthData, num_labelled: int = 1000, label_seed: int = 0) -> None:
        super().__init__(data)
        check_positive(**{"PartlyLabelled.num_labelled": num_labelled})
        check_seed(label_seed)
        self.num_labelled, self.label_seed = num_labelled, label_seed

    @functools.cached_property
    def labelled(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors, int64 `[num_labelled, num_factors]`, and float32 `[num_labelled, *observation_shape]` of them."""
        return self.data.sample(self.num_labelled, np.random.RandomState(self.label_seed))

    def dataset(self, batch_size: int, seed: int, *, first_batch: int = 0) -> tf.data.Dataset:
        """Returns an endless feed, each batch a function of `(seed, batch_size, its number)` alone.

        Returns:
          of tuples: a batch as `data` itself feeds it, float32 `[batch_size, *observation_shape]`, and a batch of an
          endless shuffled pass over the labelled images, a dict: "images", float32 of the same shape, and "factors",
          float32 `[batch_size, num_factors]`, indices of values, from 0 to each factor's size - 1.
        """
        factors, images = self.labelled
        order = ShuffledOrder(self.num_labelled, batch_size, seed)

        def load(batch: int) -> dict[str, np.ndarray]:
            rows = order.rows(batch)
            return {"images": images[rows], "factors": factors[rows].astype(np.float32)}

        spec = {
            "images": tf.TensorSpec((batch_size, *self.observation_shape), tf.float32),
            "factors": tf.TensorSpec((batch_size, self.num_factors), tf.float32),
        }
        unlabelled = self.data.dataset(batch_size, seed, first_batch=first_batch)
        return tf.data.Dataset.zip((unlabelled, endless(load, spec, first_batch)))
