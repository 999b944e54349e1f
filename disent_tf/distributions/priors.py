"""Priors p(z): layers, so that their parameters can be trained, that hand out TFP distributions."""

import abc
from collections.abc import Callable, Sequence
from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.checks import check_positive_number
from disent_tf.errors import InputError

Encode = Callable[[tf.Tensor], tfd.Distribution]


class Prior(keras.layers.Layer, abc.ABC):
    """A distribution over codes z `[latent_dim]`, always in float32."""

    def __init__(self, latent_dim: int, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float32")
        self.latent_dim = latent_dim
        self.built = True

    @abc.abstractmethod
    def distribution(self) -> tfd.Distribution:
        """Returns p(z): factorised, batch shape `[latent_dim]`, or joint, batch shape `[]` (see `structure`)."""

    def connect(self, encode: Encode, image_shape: tuple[int, ...]) -> None:
        """Is told by the model how images `[num, *image_shape]` become posteriors, for a prior that is made of them."""

    def get_config(self) -> dict[str, Any]:
        return {"latent_dim": self.latent_dim, "name": self.name}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class StandardNormal(Prior):
    """p(z) = N(0, I), the prior of Kingma & Welling (2013)."""

    def distribution(self) -> tfd.Normal:
        zeros = keras.ops.zeros(self.latent_dim, "float32")
        return tfd.Normal(zeros, keras.ops.ones_like(zeros))


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class LaplacePrior(Prior):
    """Independent Laplace distributions around 0.

    Args:
      latent_dim: number of latent dimensions.
      scale: b; the variance is 2 b².
      name: of the layer.

    Raises:
      InputError: `scale` is not positive.
    """

    def __init__(self, latent_dim: int, scale: float = 1.0, name: str | None = None) -> None:
        super().__init__(latent_dim, name)
        self.scale = check_positive_number("LaplacePrior.scale", scale)

    def distribution(self) -> tfd.Laplace:
        zeros = keras.ops.zeros(self.latent_dim, "float32")
        return tfd.Laplace(zeros, self.scale * keras.ops.ones_like(zeros))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale}


class _WithVariances(Prior):
    """A family around 0 whose variances share a fixed total; see `AnisotropicNormal`."""

    def __init__(
        self,
        latent_dim: int,
        variances: Sequence[float] | None = None,
        *,
        variance: float = 1.0,
        learned: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(latent_dim, name)
        self.variances = check_row(f"{type(self).__name__}.variances", variances, latent_dim)
        self.variance = check_positive_number(f"{type(self).__name__}.variance", variance)
        self.learned = learned
        logits = np.log(self.variances or np.ones(latent_dim))
        self.logits = self.add_weight(
            name="logits", shape=(latent_dim,), initializer=constant(logits), trainable=learned
        )

    def scales(self) -> tf.Tensor:
        """Returns σ `[latent_dim]`."""
        shares = tf.nn.softmax(tf.convert_to_tensor(self.logits))
        return tf.sqrt(self.variance * self.latent_dim * shares)

    def get_config(self) -> dict[str, Any]:
        own = {"variances": self.variances, "variance": self.variance, "learned": self.learned}
        return super().get_config() | own


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class AnisotropicNormal(_WithVariances):
    """p(z) = N(0, diag σ²) with σ_d² = variance · latent_dim · softmax(ℓ)_d, so that the total variance is fixed.

    Mathieu et al. (2019), the experiment on independence: with ℓ = log of PCA's eigenvalues, rotations of the code have
    their price.

    Args:
      latent_dim: number of latent dimensions.
      variances: exp(ℓ), relative variances as `pca_variances` gives them; isotropic if None.
      variance: the mean of σ_d² over dimensions.
      learned: train ℓ; the total stays fixed.
      name: of the layer.

    Raises:
      InputError: `variances` are not `latent_dim` positive numbers, or `variance` is not positive.
    """

    def distribution(self) -> tfd.Normal:
        return tfd.Normal(tf.zeros(self.latent_dim), self.scales())


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class StudentT(_WithVariances):
    """Independent Student t distributions, whose joint density is not a sphere: axes are told from their rotations.

    Mathieu et al. (2019), as above. The scales are those of `AnisotropicNormal`; the variance is σ² df / (df - 2).

    Args:
      latent_dim: number of latent dimensions.
      variances: as for `AnisotropicNormal`.
      df: degrees of freedom, 9 in the paper's experiments.
      **options: variance, learned and name, as for `AnisotropicNormal`.

    Raises:
      InputError: as `AnisotropicNormal`, or `df` is not positive.
    """

    def __init__(
        self, latent_dim: int, variances: Sequence[float] | None = None, *, df: float = 9.0, **options: Any
    ) -> None:
        super().__init__(latent_dim, variances, **options)
        self.df = check_positive_number("StudentT.df", df)

    def distribution(self) -> tfd.StudentT:
        return tfd.StudentT(self.df, tf.zeros(self.latent_dim), self.scales())

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"df": self.df}


def check_row(
    name: str, values: Sequence[float] | None, length: int, each: str = "latent dimension"
) -> list[float] | None:
    """Returns `values` as floats; InputError unless they are `length` positive numbers or None."""
    if values is None:
        return None
    try:
        row = np.asarray(values, np.float64)
    except (TypeError, ValueError):  # No numbers at all.
        row = np.empty(0)
    if row.shape != (length,) or not np.all(np.isfinite(row)) or row.min() <= 0:
        raise InputError(f"{name} is {values!r}; expected {length} positive numbers, one for each {each}.")
    return [float(value) for value in row]


def constant(values: Any) -> keras.initializers.Initializer:
    """Returns an initializer that gives these values."""
    return keras.initializers.Constant(np.asarray(values, np.float32))
