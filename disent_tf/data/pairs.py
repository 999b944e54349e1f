"""Pairs of images that differ in a few factors: what weak supervision learns from."""

from typing import Any

import gin
import numpy as np
import tensorflow as tf

from disent_tf.data.derived import DerivedData
from disent_tf.data.feed import endless
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


@gin.register
class ImagePairs(DerivedData):
    """A data set that feeds pairs: an image, and another in which some factors were drawn anew.

    Source: Locatello, Poole, Rätsch, Schölkopf, Bachem, Tschannen (2020), "Weakly-Supervised Disentanglement Without
    Compromises"; the protocol is that of disentanglement_lib's `simple_dynamics`. A factor drawn anew takes any of its
    values, by chance also the one that it had. Of factors that are correlated, those drawn anew heed each other but not
    the ones that stay.

    Args:
      data: where the images come from.
      num_changed: how many factors are drawn anew in every pair. None draws a number for each: with equal chance 1 or
        a number uniform from 1 to num_factors - 1 (the paper's random k, disentanglement_lib's k = -1). A fixed number
        above 1 is always that number here; disentanglement_lib's code then draws 1 or k.

    Raises:
      InputError: `data` has too few factors for `num_changed`, or lacks combinations of them.
    """

    def __init__(self, data: GroundTruthData, num_changed: int | None = 1) -> None:
        super().__init__(data)
        _check_num_changed(num_changed, self.num_factors)
        if not self.has_every_combination:
            raise InputError(
                f"ImagePairs.data, {type(data).__name__}, lacks some combinations of its factors, which a pair may ask "
                "for; expected an observation of each, as in a whole grid."
            )
        self.num_changed = num_changed

    def dataset(self, batch_size: int, seed: int, *, first_batch: int = 0) -> tf.data.Dataset:
        """Returns an endless feed of pairs, each batch a function of `(seed, batch_size, its number)` alone.

        Returns:
          of dicts: "images", float32 `[batch_size, 2, *observation_shape]`, and "changed", int32
          `[batch_size, num_factors]`, 1 for the factors that were drawn anew, else 0.
        """

        def load(batch: int) -> dict[str, np.ndarray]:
            random_state = np.random.RandomState((seed, batch))
            factors, changed = self._sample_pairs(batch_size, random_state)
            images = self.sample_observations_from_factors(factors.reshape(-1, self.num_factors), random_state)
            images = images.reshape(batch_size, 2, *self.observation_shape)
            # Not a bool, on which training on several replicas fails: TensorFlow's AddN does not know it.
            return {"images": images, "changed": changed.astype(np.int32)}

        spec = {
            "images": tf.TensorSpec((batch_size, 2, *self.observation_shape), tf.float32),
            "changed": tf.TensorSpec((batch_size, self.num_factors), tf.int32),
        }
        return endless(load, spec, first_batch)

    def _sample_pairs(self, num: int, random_state: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        """Returns the factors of pairs, int64 `[num, 2, num_factors]`, and bool `[num, num_factors]`: which are new.

        disentanglement_lib labels a pair with only the last factor that it drew anew, which is wrong if there are more.
        """
        first, anew = self.sample_factors(num, random_state), self.sample_factors(num, random_state)
        places = np.argsort(random_state.random_sample(first.shape), axis=1)  # A permutation for each pair.
        changed = places < self._sample_num_changed(num, random_state)[:, None]
        return np.stack([first, np.where(changed, anew, first)], axis=1), changed

    def _sample_num_changed(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        if self.num_changed is not None:
            return np.full(num, self.num_changed)
        return np.where(random_state.randint(2, size=num), random_state.randint(1, self.num_factors, size=num), 1)


def _check_num_changed(num_changed: Any, num_factors: int) -> None:
    if num_changed is None:
        usable = num_factors > 1
    else:
        is_integer = isinstance(num_changed, int) and not isinstance(num_changed, bool)
        usable = is_integer and 1 <= num_changed <= num_factors
    if not usable:
        raise InputError(
            f"ImagePairs.num_changed is {num_changed!r}; expected an integer from 1 to {num_factors}, the number of "
            "factors, or, where there are several, None for a random number."
        )
