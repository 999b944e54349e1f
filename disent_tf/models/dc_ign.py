"""DC-IGN (Kulkarni, Whitney, Kohli, Tenenbaum 2015, "Deep Convolutional Inverse Graphics Network")."""

from collections.abc import Sequence
from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf

from disent_tf.checks import check_number, check_positive
from disent_tf.data.observations import Observations
from disent_tf.data.single_factor_batches import SingleFactorBatches
from disent_tf.errors import InputError
from disent_tf.models.fit_together import check_image_shape_of, check_support
from disent_tf.models.replicas import gathered
from disent_tf.models.vae import VAE, Code, VAEOutput


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class DCIGN(VAE):
    """A VAE of batches in which one known factor varies: each factor has dimensions of its own, which alone may vary.

    `fit` takes what `SingleFactorBatches` feeds. The dimensions of the other factors are clamped: the decoder gets
    their mean over the batch, and what it would teach the encoder about them is replaced by (z - mean) times
    `invariance_strength` (sections 3.1 and 3.2). That is the gradient of a loss, which is how it is computed and
    logged here, in nats per image:

        -log p(x|z̃) + KL(q(z|x) ‖ p(z)) + strength / 2 Σ_clamped (z - mean)²

    with z̃ = z where a dimension may vary and the batch's mean, as a constant, elsewhere. Codes are clamped as in the
    paper; the authors' code takes those of the first image of a batch. Single images can be evaluated; nothing is
    clamped then.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      dims_per_factor: how many dimensions each factor has that varies, in the order of the data's `varying_names`;
        together all. The paper has one each for azimuth, elevation and light, and all others for shape and texture.
      invariance_strength: the paper's 1 / 100; 0 in the authors' code.
      **options: of `VAE`.

    Raises:
      InputError: an argument cannot be used, or, in training, the data do not feed batches of as many factors.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        dims_per_factor: Sequence[int],
        invariance_strength: float = 0.01,
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        if self.supervision is not None:
            raise InputError("DCIGN is fed batches of one factor, which come without labels; leave out supervision.")
        self.dims_per_factor = _checked_dims(dims_per_factor, self.latent_dim)
        self.invariance_strength = check_number("DCIGN.invariance_strength", invariance_strength, least=0.0)
        self.add_terms("invariance")

    def call(self, x: Any, training: bool = False) -> VAEOutput:
        """Encodes images, samples one code for each, clamps it, decodes it; the output has the codes before that."""
        parameters = self.infer(x, training)
        z = self.posterior.distribution(parameters).sample(seed=self.next_seed())
        free = self._free(x, z)
        clamped = tf.where(free, z, tf.stop_gradient(_batch_mean(z)))
        return VAEOutput(parameters, z, tf.cast(self.decoder(clamped, training=training), tf.float32))

    def regularizer(self, code: Code) -> tf.Tensor:
        difference = code.z - tf.stop_gradient(_batch_mean(code.z))
        squares = tf.where(self._free(code.fed, code.z), 0.0, difference**2)
        invariance = 0.5 * self.invariance_strength * tf.reduce_sum(squares, axis=-1)
        self.log_terms(invariance=invariance)
        return code.kl + invariance

    def _free(self, x: Any, z: tf.Tensor) -> tf.Tensor:
        """Returns which dimensions of each code may vary, bool `[batch, latent_dim]`."""
        if not isinstance(x, dict):
            return tf.ones_like(z, tf.bool)
        owners = np.repeat(np.arange(len(self.dims_per_factor), dtype=np.int32), self.dims_per_factor)
        return tf.equal(owners[None], x["varying"][:, None])

    def images(self, x: Any) -> tf.Tensor:
        return x["images"] if isinstance(x, dict) else x

    def check_feed(self, spec: Any, data: Observations) -> None:
        if not isinstance(data, SingleFactorBatches):
            raise InputError("DCIGN learns from batches of one factor; set train.data = @SingleFactorBatches().")
        check_image_shape_of(data, spec["images"].shape[1:], self.image_shape)
        check_support(data, self.likelihood)
        if len(data.columns) != len(self.dims_per_factor):
            raise InputError(
                f"DCIGN.dims_per_factor has {len(self.dims_per_factor)} numbers, the data varies "
                f"{len(data.columns)} factors ({', '.join(data.varying_names)}); expected a number for each."
            )

    def get_config(self) -> dict[str, Any]:
        own = {"dims_per_factor": self.dims_per_factor, "invariance_strength": self.invariance_strength}
        return super().get_config() | own


def _batch_mean(z: tf.Tensor) -> tf.Tensor:
    """Returns the mean code of the whole batch, `[latent_dim]`, of all replicas."""
    return tf.reduce_mean(gathered(z), axis=0)


def _checked_dims(dims_per_factor: Sequence[int], latent_dim: int) -> tuple[int, ...]:
    if not isinstance(dims_per_factor, list | tuple) or not dims_per_factor:
        raise InputError(f"DCIGN.dims_per_factor is {dims_per_factor!r}; expected a number of dimensions per factor.")
    for dims in dims_per_factor:
        check_positive(**{"A number in DCIGN.dims_per_factor": dims})
    if sum(dims_per_factor) != latent_dim:
        raise InputError(
            f"DCIGN.dims_per_factor is {tuple(dims_per_factor)}, {sum(dims_per_factor)} in all; expected {latent_dim}, "
            "the dimensions of the code."
        )
    return tuple(dims_per_factor)
