"""The variational autoencoder (Kingma & Welling 2013; Rezende et al. 2014), and the template of all its variants."""

from typing import Any, ClassVar, NamedTuple

import gin
import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.data.observations import Observations
from disent_tf.distributions import divergences
from disent_tf.distributions.likelihoods import Bernoulli, Likelihood
from disent_tf.distributions.posteriors import DiagonalNormal, Posterior
from disent_tf.distributions.priors import Prior, StandardNormal
from disent_tf.distributions.structure import is_joint
from disent_tf.models.fit_together import (
    check_factors,
    check_labels,
    check_networks,
    check_part,
    check_prior,
    check_support,
)
from disent_tf.models.replicas import gathered, num_replicas
from disent_tf.models.representation_model import Endpoints, RepresentationModel
from disent_tf.models.supervision import Supervision
from disent_tf.models.tracking import ActiveUnits, MeanPerDimension
from disent_tf.models.weights import Weight, weight_at
from disent_tf.networks.corruptions import Corruption


class VAEOutput(NamedTuple):
    """What a forward pass yields: tensors only, float32; distributions are rebuilt where they are used."""

    posterior_parameters: tf.Tensor
    """`[batch, num_parameters]`: what the posterior reads; for a `DiagonalNormal` means, then log variances."""
    z: tf.Tensor
    """`[batch, latent_dim]`: one sample of q(z|x) per image."""
    likelihood_parameters: tf.Tensor
    """`[batch, h, w, c]`: the decoder's output for z."""


class Code(NamedTuple):
    """What a regularizer looks at: the codes of a batch and the distributions around them."""

    z: tf.Tensor
    """`[batch, latent_dim]`: one sample of q(z|x) per image."""
    posterior: tfd.Distribution
    """q(z|x), factorised `[batch, latent_dim]` or joint `[batch]` (see `distributions.structure`)."""
    prior: tfd.Distribution
    """p(z), factorised `[latent_dim]` or joint `[]`."""
    kl: tf.Tensor
    """KL(q(z|x) ‖ p(z)), nats per image, `[batch]`."""
    training: bool
    """Whether this is a step of training, not an evaluation."""
    fed: Any = None
    """What `fit` was fed, where codes and images are of one replica."""


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class VAE(RepresentationModel):
    """A VAE, trained by `fit` on batches of images in [0, 1].

    Loss, nats per image: the mean over the batch of -log p(x|z), summed over pixels, plus `regularizer`, here
    KL(q(z|x) ‖ p(z)) summed over dimensions: the negative evidence lower bound, equation 7 of Kingma & Welling.

    A variant overrides `regularizer`, and adds by `add_terms` what else it logs. Every variant logs, per image, loss,
    reconstruction, regularizer, KL and the KL of each dimension, and the number of active units.

    Args:
      encoder: images `[batch, h, w, c]` -> parameters of the posterior, `[batch, 2 * latent_dim]` by default: means,
        then log variances.
      decoder: codes `[batch, latent_dim]` -> parameters of the likelihood, `[batch, h, w, c]` by default.
      prior: p(z); N(0, I) if None.
      posterior: how the encoder's output is read; a `DiagonalNormal` if None.
      likelihood: how the decoder's output is read; `Bernoulli`, the decoder giving logits, if None.
      corruption: what is done to the encoder's input, in training only; the clean image remains the target.
      supervision: a loss on labelled images, which the data then has to feed (`PartlyLabelled`).
      name: of the Keras model.
      dtype: Keras dtype policy; None for the global one. Probabilities are computed in float32 under every policy.

    Raises:
      InputError: the parts do not fit together.
    """

    regularizes_batches: ClassVar[bool] = False
    """Whether `regularizer` is no mean over images. Then it gets the codes of all replicas, where there are several."""

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        prior: Prior | None = None,
        posterior: Posterior | None = None,
        likelihood: Likelihood | None = None,
        corruption: Corruption | None = None,
        supervision: Supervision | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        posterior, likelihood = posterior or DiagonalNormal(), likelihood or Bernoulli()
        check_part("posterior", posterior, Posterior)
        check_part("likelihood", likelihood, Likelihood)
        check_networks(encoder, decoder, posterior, likelihood)
        super().__init__(encoder.input_shape[1:], decoder.input_shape[-1], name=name, dtype=dtype)
        self.posterior, self.likelihood = posterior, likelihood
        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior or StandardNormal(self.latent_dim)
        check_prior(self.prior, self.latent_dim)
        self.prior.connect(self.encode, self.image_shape)
        if corruption is not None:
            check_part("corruption", corruption, Corruption)
        self.corruption = corruption
        if supervision is not None:
            check_part("supervision", supervision, Supervision)
            check_factors(supervision, self.latent_dim)
        self.supervision = supervision

        any_posterior = self.posterior.distribution(tf.zeros((1, encoder.output_shape[-1])))
        names = divergences.kl_names(any_posterior, self.prior.distribution())
        self.kl_name = names.total
        self.add_terms("loss", "reconstruction", self.kl_name, headline=True)
        self.add_terms("regularizer", *(["supervised"] if supervision else []))
        self.kl_means = MeanPerDimension(self.latent_dim, name=names.per_dimension)
        self.active_units = ActiveUnits(self.latent_dim)
        self.built = True  # As its networks are: there is nothing left to build on the first call.

    def call(self, x: Any, training: bool = False) -> VAEOutput:
        """Encodes images `[batch, h, w, c]`, samples one code for each, decodes it."""
        parameters = self.infer(x, training)
        z = self.posterior.distribution(parameters).sample(seed=self.next_seed())
        return VAEOutput(parameters, z, tf.cast(self.decoder(z, training=training), tf.float32))

    def infer(self, x: Any, training: bool) -> tf.Tensor:
        """Returns the parameters of q(z|x), float32 `[batch, num_parameters]`, of what `fit` is fed."""
        images = self.images(x)
        if training and self.corruption is not None:
            images = self.corruption.corrupt(images, self.next_seed())
        return tf.cast(self.encoder(images, training=training), tf.float32)

    def images(self, x: Any) -> tf.Tensor:
        """Returns the images `[batch, h, w, c]` in what `fit` is fed: what the decoder has to restore."""
        return x

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tf.Tensor:
        """Returns the loss, nats per image (scalar), and logs its terms. Images are their own target.

        Only `supervision` reads y, labelled images as `PartlyLabelled` feeds them; without it y may be anything.
        """
        del sample_weight
        code, kl_per_dimension = self._code(y_pred, training)
        code = code._replace(fed=x)
        images = tf.cast(self.images(x), tf.float32)
        reconstruction = -self.likelihood.log_prob(y_pred.likelihood_parameters, images)
        regularizer = tf.broadcast_to(self._regularizer(code, y_pred), tf.shape(code.kl))
        loss = reconstruction + regularizer
        if self.supervision is not None and y is not None:
            parameters = tf.cast(self.encoder(y["images"], training=training), tf.float32)
            means = self.posterior.distribution(parameters).mean()
            supervised = self.supervision.weighted(gathered(means), gathered(y["factors"]), self._step())
            self.log_terms(supervised=supervised)
            loss += supervised
        self.kl_means.update_state(kl_per_dimension)
        self.active_units.update_state(code.posterior.mean())
        terms = {"loss": loss, "reconstruction": reconstruction, "regularizer": regularizer, self.kl_name: code.kl}
        self.log_terms(**terms)
        return tf.reduce_mean(loss) / num_replicas()

    def _regularizer(self, code: Code, output: VAEOutput) -> tf.Tensor:
        if not self.regularizes_batches or num_replicas() == 1:
            return self.regularizer(code)
        parameters, z = gathered(output.posterior_parameters), gathered(output.z)
        whole, _ = self._code(output._replace(posterior_parameters=parameters, z=z), code.training)
        return tf.reduce_mean(self.regularizer(whole))

    def _code(self, output: VAEOutput, training: bool) -> tuple[Code, tf.Tensor]:
        posterior, prior = self.posterior.distribution(output.posterior_parameters), self.prior.distribution()
        kl = divergences.kl_divergence(posterior, prior, output.z)
        return Code(output.z, posterior, prior, kl.total, training), kl.per_dimension

    def regularizer(self, code: Code) -> tf.Tensor:
        """The hook: what a variant adds to the reconstruction loss.

        Returns:
          nats per image, `[batch]`, or already averaged over the batch, scalar.
        """
        return code.kl

    def weight_now(self, weight: Weight) -> tf.Tensor:
        """Returns the value of a loss weight at the current training step, float32 scalar."""
        return weight_at(weight, self._step())

    def _step(self) -> tf.Tensor:
        return tf.convert_to_tensor(self.optimizer.iterations if self.compiled else 0)

    def encode(self, x: tf.Tensor) -> tfd.Distribution:
        """Returns q(z|x) of images `[batch, h, w, c]`: batch shape `[batch, latent_dim]`, or `[batch]` if joint."""
        return self.posterior.distribution(tf.cast(self.encoder(x, training=False), tf.float32))

    def decode(self, z: tf.Tensor) -> tfd.Distribution:
        """Returns p(x|z) of codes `[batch, latent_dim]`: batch shape `[batch]`, event shape `[h, w, c]`."""
        return self.likelihood.distribution(tf.cast(self.decoder(z, training=False), tf.float32))

    def sample(self, num: int) -> tf.Tensor:
        """Returns E[x|z] of `num` codes drawn from the prior, `[num, h, w, c]`."""
        return self.decode(self.prior.distribution().sample(num, seed=self.next_seed())).mean()

    def check_feed(self, spec: Any, data: Observations) -> None:
        super().check_feed(spec, data)
        check_support(data, self.likelihood)
        if self.supervision is not None:
            check_labels(spec, data, self.supervision)

    def endpoints(self) -> Endpoints:
        """Returns what a SavedModel of this model serves; all images are float32 in [0, 1].

        encode: images `[num, h, w, c]` -> {"mean", "log_var"}, each `[num, latent_dim]`, of the posterior's marginals,
          and its "covariance" `[num, latent_dim, latent_dim]` if it is joint.
        decode: codes `[num, latent_dim]` -> images.
        reconstruct: images -> images, through the posterior's mean.
        sample: num, an int32 scalar -> images, decoded from draws of the prior.
        """

        def encode(x: tf.Tensor) -> dict[str, tf.Tensor]:
            posterior = self.encode(x)
            moments = {"mean": posterior.mean(), "log_var": 2.0 * tf.math.log(posterior.stddev())}
            return moments | ({"covariance": posterior.covariance()} if is_joint(posterior) else {})

        def sample(num: tf.Tensor) -> tf.Tensor:
            # TensorFlow's global generator: an export has no state of its own to keep.
            return self.decode(self.prior.distribution().sample(num)).mean()

        inherited = super().endpoints()
        num = tf.TensorSpec((), tf.int32, name="num")
        return {**inherited, "encode": (encode, inherited["encode"][1]), "sample": (sample, [num])}

    def get_config(self) -> dict[str, Any]:
        parts = {
            "encoder": self.encoder,
            "decoder": self.decoder,
            "prior": self.prior,
            "posterior": self.posterior,
            "likelihood": self.likelihood,
            "corruption": self.corruption,
            "supervision": self.supervision,
        }
        config = {key: keras.saving.serialize_keras_object(part) for key, part in parts.items()}
        return config | {"name": self.name, "dtype": keras.dtype_policies.serialize(self.dtype_policy)}
