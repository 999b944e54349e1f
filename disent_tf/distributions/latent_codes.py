"""The latent codes of a generator, and how a network's output is read as their posterior.

X. Chen, Y. Duan, R. Houthooft, J. Schulman, I. Sutskever and P. Abbeel, "InfoGAN: Interpretable Representation Learning
by Information Maximizing Generative Adversarial Nets" (2016).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import gin
import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.checks import check_count, check_positive_number
from disent_tf.errors import InputError


class CodePosterior(NamedTuple):
    """Q(c|x), one distribution for each part of the code."""

    categorical: list[tfd.OneHotCategorical]
    """Batch shape `[batch]` each, over one-hot vectors."""
    continuous: tfd.Normal | None
    """Batch shape `[batch, num_continuous]`; None without continuous codes."""


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class LatentCodes:
    """Independent codes: one-hot vectors of each categorical one, end to end, then numbers uniform from -1 to 1.

    Args:
      categories: of each categorical code, 2 or more.
      num_continuous: uniform codes.
      scale: standard deviation of Q of a uniform code; None lets the network give its logarithm. With the authors'
        `fix_std` it is 1.

    Raises:
      InputError: an argument cannot be used, or there are no codes.
    """

    def __init__(self, categories: Sequence[int] = (), num_continuous: int = 0, scale: float | None = 1.0) -> None:
        check_count(**{"LatentCodes.num_continuous": num_continuous})
        usable = isinstance(categories, list | tuple) and all(isinstance(each, int) and each > 1 for each in categories)
        if not usable:
            raise InputError(
                f"LatentCodes.categories is {categories!r}; expected a list of the numbers of categories, 2 or more "
                "each: a code of one category says nothing."
            )
        if not categories and not num_continuous:
            raise InputError("LatentCodes has no codes; expected categories or num_continuous above 0.")
        self.categories, self.num_continuous = tuple(categories), num_continuous
        self.scale = None if scale is None else check_positive_number("LatentCodes.scale", scale)

    @property
    def num_dimensions(self) -> int:
        """Numbers in a code."""
        return sum(self.categories) + self.num_continuous

    @property
    def num_parameters(self) -> int:
        """Numbers that a network gives for Q: logits of each categorical code, means of the others, and log scales."""
        return self.num_dimensions + (self.num_continuous if self.scale is None else 0)

    @property
    def entropy(self) -> tf.Tensor:
        """H(c) of the codes in nats, a scalar."""
        categorical, continuous = self._prior()
        parts = [each.entropy() for each in categorical]
        return tf.add_n([*parts, *([tf.reduce_sum(continuous.entropy())] if continuous else [])])

    def sample(self, num: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draws codes, float32 `[num, num_dimensions]`."""
        categorical, continuous = self._prior()
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, len(categorical) + 1))
        parts = [
            tf.cast(each.sample(num, seed=own), tf.float32) for each, own in zip(categorical, seeds[1:], strict=True)
        ]
        return tf.concat([*parts, *([continuous.sample(num, seed=seeds[0])] if continuous else [])], axis=-1)

    def _prior(self) -> tuple[list[tfd.OneHotCategorical], tfd.Uniform | None]:
        uniform = tfd.Uniform(-tf.ones(self.num_continuous), tf.ones(self.num_continuous))
        return [tfd.OneHotCategorical(tf.zeros(num)) for num in self.categories], (
            uniform if self.num_continuous else None
        )

    def posterior(self, parameters: tf.Tensor) -> CodePosterior:
        """Returns Q(c|x) of a network's output, float32 `[batch, num_parameters]`."""
        *logits, rest = tf.split(parameters, [*self.categories, self.num_parameters - sum(self.categories)], axis=-1)
        mean = rest[:, : self.num_continuous]
        scale = tf.exp(rest[:, self.num_continuous :]) if self.scale is None else self.scale
        continuous = tfd.Normal(mean, scale) if self.num_continuous else None
        return CodePosterior([tfd.OneHotCategorical(each) for each in logits], continuous)

    def log_prob(self, parameters: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
        """Returns log Q(c|x) in nats, `[batch]`, of codes `[batch, num_dimensions]`."""
        posterior = self.posterior(parameters)
        *categorical, continuous = tf.split(codes, [*self.categories, self.num_continuous], axis=-1)
        total = tf.zeros(tf.shape(codes)[:1])
        for each, code in zip(posterior.categorical, categorical, strict=True):
            total += each.log_prob(code)
        if posterior.continuous is not None:
            total += tf.reduce_sum(posterior.continuous.log_prob(continuous), axis=-1)
        return total

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        """Returns the mean of Q(c|x), `[batch, num_dimensions]`: probabilities of categories, then means."""
        posterior = self.posterior(parameters)
        parts = [each.probs_parameter() for each in posterior.categorical]
        return tf.concat([*parts, *([] if posterior.continuous is None else [posterior.continuous.mean()])], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"categories": self.categories, "num_continuous": self.num_continuous, "scale": self.scale}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LatentCodes":
        return cls(**config)
