"""Batches in which a single factor varies: what DC-IGN learns from."""

from collections.abc import Iterable, Sequence

import gin
import numpy as np
import tensorflow as tf

from disent_tf.checks import check_number, check_positive, check_seed
from disent_tf.data.derived import DerivedData
from disent_tf.data.factor_choice import columns_of
from disent_tf.data.feed import endless
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


@gin.register
class SingleFactorBatches(DerivedData):
    """A data set that feeds batches of images which have all factors but one in common, and says which one varies.

    The factor is drawn for every batch, the common values of the others too; the factor's own values are drawn
    uniformly for every image.

    Source: Kulkarni, Whitney, Kohli, Tenenbaum (2015), "Deep Convolutional Inverse Graphics Network", section 3.1.

    Args:
      data: where the images come from; it has one of every combination of factors.
      names: of the factors that vary in turn. None means all.
      chances: of each of them, in proportion; the paper has more batches of what varies in many ways. None means equal.

    Raises:
      InputError: an argument cannot be used, or `data` lacks combinations.
    """

    def __init__(
        self, data: GroundTruthData, names: Iterable[str] | None = None, chances: Sequence[float] | None = None
    ) -> None:
        super().__init__(data)
        if not data.has_every_combination:
            raise InputError(
                f"SingleFactorBatches.data is {type(data).__name__}, which lacks combinations of factors; expected an "
                "image of each: build it on the whole data set."
            )
        names = data.factor_names if names is None else names
        self.columns = columns_of(data, names, "SingleFactorBatches.names")
        """Which factors vary, by their place in `factor_names`."""
        if not self.columns:
            raise InputError(f"SingleFactorBatches.names is {names!r}; expected one of {', '.join(data.factor_names)}.")
        self._chances = _probabilities(chances, len(self.columns))

    @property
    def varying_names(self) -> tuple[str, ...]:
        """Names of the factors that vary, in the order of the feed's numbers."""
        return tuple(self.factor_names[column] for column in self.columns)

    def dataset(self, batch_size: int, seed: int, *, first_batch: int = 0) -> tf.data.Dataset:
        """Returns an endless feed, each batch a function of `(seed, batch_size, its number)` alone.

        Returns:
          of dicts: "images", float32 `[batch_size, *observation_shape]`, and "varying", int32 `[batch_size]`, the
          number of the factor that varies in this batch, the same for all images.
        """
        check_positive(batch_size=batch_size)
        check_seed(seed)

        def load(batch: int) -> dict[str, np.ndarray]:
            random_state = np.random.RandomState((seed, batch))
            varying = random_state.choice(len(self.columns), p=self._chances)
            factors = np.repeat(self.sample_factors(1, random_state), batch_size, axis=0)
            column = self.columns[varying]
            factors[:, column] = random_state.randint(self.factor_sizes[column], size=batch_size)
            images = self.sample_observations_from_factors(factors, random_state)
            return {"images": images, "varying": np.full(batch_size, varying, np.int32)}

        spec = {
            "images": tf.TensorSpec((batch_size, *self.observation_shape), tf.float32),
            "varying": tf.TensorSpec((batch_size,), tf.int32),
        }
        return endless(load, spec, first_batch)


def _probabilities(chances: Sequence[float] | None, num: int) -> np.ndarray:
    if chances is None:
        return np.full(num, 1.0 / num)
    usable = isinstance(chances, list | tuple) and len(chances) == num
    if not usable:
        raise InputError(
            f"SingleFactorBatches.chances is {chances!r}; expected {num} numbers, one for each factor that varies."
        )
    values = np.array([check_number("SingleFactorBatches.chances", each, least=0.0) for each in chances])
    if not 0.0 < values.sum() < np.inf:
        raise InputError(f"SingleFactorBatches.chances is {chances!r}; expected finite numbers, one of them above 0.")
    return values / values.sum()
