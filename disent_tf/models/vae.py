"""The variational autoencoder (Kingma & Welling 2013; Rezende et al. 2014), and the template of all its variants."""

from typing import Any, ClassVar, NamedTuple, Self

import gin
import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.distributions.likelihoods import Bernoulli, Likelihood
from disent_tf.distributions.priors import Prior, StandardNormal
from disent_tf.errors import InputError
from disent_tf.models.tracking import MeanPerDimension
from disent_tf.models.weights import Weight, weight_at


class VAEOutput(NamedTuple):
    """What a forward pass yields: tensors only, float32; distributions are rebuilt where they are used."""

    posterior_parameters: tf.Tensor
    """`[batch, 2 * latent_dim]`: means, then log variances."""
    z: tf.Tensor
    """`[batch, latent_dim]`: one sample of q(z|x) per image."""
    likelihood_parameters: tf.Tensor
    """`[batch, h, w, c]`: the decoder's output for z."""


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class VAE(keras.Model):
    """A VAE with a diagonal normal posterior, trained by `fit` on batches of images in [0, 1].

    Loss, nats per image: the mean over the batch of -log p(x|z), summed over pixels, plus `regularizer`, here
    KL(q(z|x) ‖ p(z)) summed over dimensions.

    A variant overrides `regularizer`, and names in `loss_terms` what else it logs.

    Args:
      encoder: images `[batch, h, w, c]` -> posterior parameters `[batch, 2 * latent_dim]`: means, then log variances.
      decoder: codes `[batch, latent_dim]` -> likelihood parameters `[batch, h, w, c]`.
      prior: p(z); N(0, I) if None.
      likelihood: p(x|z); Bernoulli, the decoder giving logits, if None.
      name: of the Keras model.
      dtype: Keras dtype policy; None for the global one. Probabilities are computed in float32 under every policy.

    Raises:
      InputError: encoder and decoder do not fit together.
    """

    loss_terms: ClassVar[tuple[str, ...]] = ("loss", "reconstruction", "regularizer", "kl")
    """Names of the logged scalars, each in nats per image."""

    headline_terms: ClassVar[tuple[str, ...]] = ("loss", "reconstruction", "kl")
    """Terms that the progress bar shows."""

    batches_per_step: ClassVar[int] = 1
    """Independent batches that one training step consumes; the feed delivers them as one batch, end to end."""

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        prior: Prior | None = None,
        likelihood: Likelihood | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        _check_fit(encoder, decoder)
        self.encoder = encoder
        self.decoder = decoder
        self.latent_dim: int = decoder.input_shape[-1]
        self.image_shape: tuple[int, int, int] = encoder.input_shape[1:]
        self.prior = prior or StandardNormal(self.latent_dim)
        self.likelihood = likelihood or Bernoulli()
        self.seed_generator = keras.random.SeedGenerator()
        self.term_means = {term: keras.metrics.Mean(name=term) for term in self.loss_terms}
        self.kl_means = MeanPerDimension(self.latent_dim, name="kl")
        self.built = True  # As its networks are: there is nothing left to build on the first call.

    def posterior(self, parameters: tf.Tensor) -> tfd.Normal:
        """Returns q(z|x) of the encoder's output, batch shape `[batch, latent_dim]`, scalar events."""
        mean, log_var = tf.split(tf.cast(parameters, tf.float32), 2, axis=-1)
        return tfd.Normal(mean, tf.exp(0.5 * log_var))

    def call(self, x: tf.Tensor, training: bool = False) -> VAEOutput:
        """Encodes images `[batch, h, w, c]`, samples one code for each, decodes it."""
        parameters = tf.cast(self.encoder(x, training=training), tf.float32)
        z = self.posterior(parameters).sample(seed=self.next_seed())
        return VAEOutput(parameters, z, tf.cast(self.decoder(z, training=training), tf.float32))

    def compute_loss(
        self,
        x: tf.Tensor = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """Returns the loss, nats per image (scalar), and logs its terms. Images are their own target: y is not read."""
        del y, sample_weight, training
        reconstruction = -self.likelihood.log_prob(y_pred.likelihood_parameters, tf.cast(x, tf.float32))
        kl_per_dimension = tfd.kl_divergence(self.posterior(y_pred.posterior_parameters), self.prior.distribution())
        kl = tf.reduce_sum(kl_per_dimension, axis=-1)
        regularizer = tf.broadcast_to(self.regularizer(y_pred, kl), tf.shape(kl))
        loss = reconstruction + regularizer
        self.kl_means.update_state(kl_per_dimension)
        self.log_terms(loss=loss, reconstruction=reconstruction, regularizer=regularizer, kl=kl)
        return tf.reduce_mean(loss)

    def regularizer(self, output: VAEOutput, kl: tf.Tensor) -> tf.Tensor:
        """The hook: what a variant adds to the reconstruction loss.

        Args:
          output: of the forward pass.
          kl: KL(q(z|x) ‖ p(z)), nats per image, `[batch]`.

        Returns:
          nats per image, `[batch]`, or already averaged over the batch, scalar.
        """
        del output
        return kl

    def log_terms(self, **terms: tf.Tensor) -> None:
        """Adds values `[batch]` to the running means, over images, of terms named in `loss_terms`."""
        for name, value in terms.items():
            self.term_means[name].update_state(value)

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """Every optimizer whose state a resumed run needs."""
        return [self.optimizer]

    def weight_now(self, weight: Weight) -> tf.Tensor:
        """Returns the value of a loss weight at the current training step, float32 scalar."""
        return weight_at(weight, self.optimizer.iterations if self.compiled else 0)

    def next_seed(self) -> tf.Tensor:
        """Returns a fresh seed for stateless sampling, int32 `[2]`; its state is saved and restored with the model."""
        return tf.cast(self.seed_generator.next(), tf.int32)

    def encode(self, x: tf.Tensor) -> tfd.Normal:
        """Returns q(z|x) of images `[batch, h, w, c]`: batch shape `[batch, latent_dim]`."""
        return self.posterior(self.encoder(x, training=False))

    def decode(self, z: tf.Tensor) -> tfd.Distribution:
        """Returns p(x|z) of codes `[batch, latent_dim]`: batch shape `[batch]`, event shape `[h, w, c]`."""
        return self.likelihood.distribution(tf.cast(self.decoder(z, training=False), tf.float32))

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """Returns E[x|z] at the posterior's mean, `[batch, h, w, c]`."""
        return self.decode(self.encode(x).mean()).mean()

    def sample(self, num: int) -> tf.Tensor:
        """Returns E[x|z] of `num` codes drawn from the prior, `[num, h, w, c]`."""
        return self.decode(self.prior.distribution().sample(num, seed=self.next_seed())).mean()

    def get_config(self) -> dict[str, Any]:
        parts = {"encoder": self.encoder, "decoder": self.decoder, "prior": self.prior, "likelihood": self.likelihood}
        config = {key: keras.saving.serialize_keras_object(part) for key, part in parts.items()}
        return config | {"name": self.name, "dtype": keras.dtype_policies.serialize(self.dtype_policy)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{key: keras.saving.deserialize_keras_object(value) for key, value in config.items()})


def _check_fit(encoder: keras.Model, decoder: keras.Model) -> None:
    for name, network in {"encoder": encoder, "decoder": decoder}.items():
        if not isinstance(network, keras.Model):
            raise InputError(f"The {name} is {network!r}; expected a keras.Model, in gin written as @{name}().")
        if network.losses:
            raise InputError(
                f"The {name} has losses of its own, such as a kernel_regularizer; the VAE would not see them."
            )
    latent_dim = decoder.input_shape[-1]
    if encoder.output_shape[-1] != 2 * latent_dim:
        raise InputError(
            f"The encoder gives {encoder.output_shape[-1]} values for codes of {latent_dim} dimensions; expected "
            f"{2 * latent_dim}, means and log variances; give encoder and decoder the same latent_dim."
        )
    if encoder.input_shape[1:] != decoder.output_shape[1:]:
        raise InputError(
            f"The encoder reads images of shape {encoder.input_shape[1:]}, the decoder writes "
            f"{decoder.output_shape[1:]}; give both the same image_shape."
        )
