"""Priors that are mixtures: for clusters, for sparse codes, and the mixture of posteriors of VampPrior."""

from collections.abc import Sequence
from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.checks import check_number, check_positive, check_positive_number
from disent_tf.distributions.priors import Encode, Prior, check_row, constant
from disent_tf.distributions.structure import is_joint
from disent_tf.errors import InputError


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class GaussianMixture(Prior):
    """p(z) = Σ_k w_k N(m_k, v I), a joint distribution, for codes that fall into clusters.

    Mathieu et al. (2019), the experiment on clustering.

    Args:
      locations: the means m_k, `[num_components, latent_dim]`.
      variance: v.
      weights: w_k, in proportion; equal if None.
      learned: train means, variances (one for each component and dimension) and weights.
      name: of the layer.

    Raises:
      InputError: `locations` are no matrix, `variance` is not positive, or the weights do not fit.
    """

    def __init__(
        self,
        locations: Sequence[Sequence[float]],
        variance: float = 1.0,
        weights: Sequence[float] | None = None,
        *,
        learned: bool = False,
        name: str | None = None,
    ) -> None:
        means = _matrix(locations)
        super().__init__(latent_dim=means.shape[1], name=name)
        self.locations = means.tolist()
        self.variance = check_positive_number("GaussianMixture.variance", variance)
        self.weights_of_components = check_row("GaussianMixture.weights", weights, len(means), "component")
        self.learned = learned
        log_weights = np.log(self.weights_of_components or np.ones(len(means)))
        initial = {"means": means, "log_variances": np.full_like(means, np.log(variance)), "logits": log_weights}
        self.means, self.log_variances, self.logits = (
            self.add_weight(name=key, shape=value.shape, initializer=constant(value), trainable=learned)
            for key, value in initial.items()
        )

    def distribution(self) -> tfd.MixtureSameFamily:
        means, scales = tf.convert_to_tensor(self.means), tf.exp(0.5 * tf.convert_to_tensor(self.log_variances))
        return tfd.MixtureSameFamily(
            tfd.Categorical(logits=tf.convert_to_tensor(self.logits)),
            tfd.Independent(tfd.Normal(means, scales), reinterpreted_batch_ndims=1),
            reparameterize=self.learned,  # Samples of the prior then carry gradients to its parameters.
        )

    def get_config(self) -> dict[str, Any]:
        own = {"locations": self.locations, "variance": self.variance, "weights": self.weights_of_components}
        return {"name": self.name, "learned": self.learned} | own


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class SpikeAndSlab(Prior):
    """p(z) = Π_d (1 - γ) N(z_d; 0, 1) + γ N(z_d; 0, σ₀²), for codes with few active dimensions at a time.

    Mathieu et al. (2019), the experiment on sparsity.

    Args:
      latent_dim: number of latent dimensions.
      gamma: γ from 0 to 0.999, the share of dimensions that are off.
      spike_scale: σ₀, hard-coded as 0.05 in the paper's code.
      name: of the layer.

    Raises:
      InputError: `gamma` is outside its range or `spike_scale` is not positive.
    """

    def __init__(self, latent_dim: int, gamma: float = 0.8, spike_scale: float = 0.05, name: str | None = None) -> None:
        super().__init__(latent_dim, name)
        self.gamma = check_number("SpikeAndSlab.gamma", gamma, least=0, most=0.999)  # At 1 there is no slab.
        self.spike_scale = check_positive_number("SpikeAndSlab.spike_scale", spike_scale)

    def distribution(self) -> tfd.MixtureSameFamily:
        scales = tf.tile([[1.0, self.spike_scale]], [self.latent_dim, 1])  # [latent_dim, component]
        return tfd.MixtureSameFamily(
            tfd.Categorical(probs=[1.0 - self.gamma, self.gamma]), tfd.Normal(tf.zeros_like(scales), scales)
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"gamma": self.gamma, "spike_scale": self.spike_scale}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class VampPrior(Prior):
    """p(z) = 1/K Σ_k q(z|u_k), the mixture of the posteriors of K trained pseudo-inputs, a joint distribution.

    Tomczak & Welling (2018), "VAE with a VampPrior", equation 9. The encoder sees them as in evaluation: without
    corruption, dropout and the like.

    Args:
      latent_dim: number of latent dimensions.
      num_pseudo_inputs: K, 500 in the paper.
      bounds: range that the pseudo-inputs are kept in, and drawn from at first: that of the images.
      name: of the layer.

    Raises:
      InputError: `num_pseudo_inputs` is not positive, or `bounds` are not two ascending numbers.
    """

    def __init__(
        self,
        latent_dim: int,
        num_pseudo_inputs: int = 500,
        bounds: tuple[float, float] = (0.0, 1.0),
        name: str | None = None,
    ) -> None:
        super().__init__(latent_dim, name)
        check_positive(**{"VampPrior.num_pseudo_inputs": num_pseudo_inputs})
        if not isinstance(bounds, (tuple, list)) or len(bounds) != 2 or not bounds[0] < bounds[1]:
            raise InputError(f"VampPrior.bounds is {bounds!r}; expected the least and the largest value of an image.")
        self.num_pseudo_inputs = num_pseudo_inputs
        self.bounds = tuple(bounds)
        self._encode: Encode | None = None

    def connect(self, encode: Encode, image_shape: tuple[int, ...]) -> None:
        self._encode = encode
        self.pseudo_inputs = self.add_weight(
            name="pseudo_inputs",
            shape=(self.num_pseudo_inputs, *image_shape),
            initializer=keras.initializers.RandomUniform(*self.bounds),
            constraint=lambda pseudo_inputs: keras.ops.clip(pseudo_inputs, *self.bounds),
        )

    def distribution(self) -> tfd.MixtureSameFamily:
        if self._encode is None:
            raise InputError(
                "This VampPrior has no encoder yet; give it to a model, as in VAE(..., prior=VampPrior())."
            )
        components = self._encode(tf.convert_to_tensor(self.pseudo_inputs))
        if not is_joint(components):
            components = tfd.Independent(components, reinterpreted_batch_ndims=1)
        return tfd.MixtureSameFamily(tfd.Categorical(logits=tf.zeros(self.num_pseudo_inputs)), components)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_pseudo_inputs": self.num_pseudo_inputs, "bounds": self.bounds}


def _matrix(locations: Sequence[Sequence[float]]) -> np.ndarray:
    try:
        means = np.asarray(locations, np.float64)
    except ValueError:  # Rows of different lengths.
        means = np.empty(0)
    if means.ndim != 2 or not means.size or not np.all(np.isfinite(means)):
        raise InputError(
            f"GaussianMixture.locations is {locations!r}; expected a row of latent_dim numbers for each component."
        )
    return means
