"""FactorVAE (Kim & Mnih 2018, "Disentangling by Factorising")."""

from typing import Any

import gin
import keras
import tensorflow as tf

from disent_tf.errors import InputError
from disent_tf.models.replicas import gathered, num_replicas, own_rows
from disent_tf.models.vae import VAE, Code
from disent_tf.models.weights import Weight, check_weight
from disent_tf.optimizers import own_optimizer, without_loss_scale


def permute_dims(z: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns codes `[batch, latent_dim]` with each dimension shuffled over the batch on its own (algorithm 1).

    An argsort of uniforms rather than `tf.random.shuffle`, which has no seed to save and does not compile under XLA.
    """
    order = tf.argsort(tf.random.stateless_uniform(tf.shape(z), seed), axis=0)
    return tf.transpose(tf.gather(tf.transpose(z), tf.transpose(order), batch_dims=1))


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class FactorVAE(VAE):
    """Loss = -log p(x|z) + KL(q(z|x) ‖ p(z)) + γ TC(z), equation 2 of the paper.

    The total correlation TC = KL(q(z) ‖ Π_j q(z_j)) is estimated by a discriminator between codes and codes whose
    dimensions were permuted over the batch, as a density ratio: TC ≈ E[log D(z) - log(1 - D(z))], the mean difference
    of its two logits. The estimate may be negative and is not clamped.

    A step (algorithm 2) takes two independent batches: the first trains the VAE and gives the discriminator its codes,
    the second gives the permuted ones. `fit` therefore splits each batch that it is fed into two halves.

    Args:
      encoder: see `VAE`.
      decoder: see `VAE`.
      discriminator: codes `[batch, latent_dim]` -> logits `[batch, 2]`: of "from q(z)", of "permuted".
      gamma: γ, a number >= 0 or a Keras schedule over steps.
      discriminator_optimizer: Adam(1e-4, β₁ 0.5, β₂ 0.9), the paper's, if None.
      **options: of `VAE`.

    Raises:
      InputError: the discriminator does not fit the codes.
    """

    batches_per_step = 2

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        discriminator: keras.Model,
        gamma: Weight = 35.0,
        discriminator_optimizer: keras.optimizers.Optimizer | None = None,
        **options: Any,
    ) -> None:
        super().__init__(encoder, decoder, **options)
        _check_discriminator(discriminator, self.latent_dim)
        self.add_terms("tc_discriminator", "discriminator", headline=True)
        self.gamma = check_weight("FactorVAE.gamma", gamma)
        self.discriminator = discriminator
        self.discriminator_optimizer = own_optimizer(
            self, discriminator_optimizer or keras.optimizers.Adam(1e-4, beta_1=0.5, beta_2=0.9), discriminator
        )

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """What the VAE's loss trains: all but the discriminator."""
        adversary = {id(variable) for variable in self.discriminator.variables}
        return [variable for variable in super().trainable_variables if id(variable) not in adversary]

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        """Equal to `trainable_variables`."""
        return self.trainable_variables

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        return [*super().optimizers, self.discriminator_optimizer]

    def regularizer(self, code: Code) -> tf.Tensor:
        logits = self.discriminate(code.z)
        log_ratio = logits[:, 0] - logits[:, 1]  # Its mean over the batch is the estimate of TC.
        self.log_terms(tc_discriminator=log_ratio)
        return code.kl + self.weight_now(self.gamma) * log_ratio

    def discriminate(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the discriminator's logits for codes `[batch, latent_dim]`, float32 `[batch, 2]`."""
        return tf.cast(self.discriminator(z, training=True), tf.float32)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Trains the VAE on the first half of the batch, then the discriminator on codes of both halves."""
        images, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        x, x_permuted = _halves(images)
        with tf.GradientTape() as tape:
            output = self(x, training=True)
            loss = self.optimizer.scale_loss(self.compute_loss(x=x, y=y, y_pred=output))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        others = self.posterior.distribution(self.infer(x_permuted, training=True))
        self._train_discriminator(output.z, others.sample(seed=self.next_seed()))
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Evaluates the VAE's loss; the discriminator's loss belongs to training."""
        logs = super().test_step(data)
        del logs["discriminator"]
        return logs

    def _train_discriminator(self, z: tf.Tensor, z_other: tf.Tensor) -> None:
        # Over the codes of all replicas: a permutation within one would leave those of another apart.
        permuted = own_rows(permute_dims(gathered(z_other), self.next_seed(shared=True)))
        # stop_gradient: the encoder never learns from the discriminator's loss, whatever variables a tape watches.
        codes = tf.stop_gradient(tf.concat([z, permuted], axis=0))
        labels = tf.repeat([0, 1], tf.shape(z)[0])
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, self.discriminate(codes))
            loss = self.discriminator_optimizer.scale_loss(tf.reduce_mean(losses) / num_replicas())
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
        self.log_terms(discriminator=losses)

    def get_config(self) -> dict[str, Any]:
        own = {
            "gamma": self.gamma,
            "discriminator": self.discriminator,
            "discriminator_optimizer": without_loss_scale(self.discriminator_optimizer),
        }
        return super().get_config() | {key: keras.saving.serialize_keras_object(value) for key, value in own.items()}


def _halves(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    half = tf.shape(x)[0] // 2  # An odd batch leaves one image out.
    return x[:half], x[half : 2 * half]


def _check_discriminator(discriminator: keras.Model, latent_dim: int) -> None:
    if not isinstance(discriminator, keras.Model):
        raise InputError(f"The discriminator is {discriminator!r}; expected a keras.Model, as @mlp_discriminator().")
    if discriminator.input_shape[-1] != latent_dim or discriminator.output_shape[-1] != 2:
        raise InputError(
            f"The discriminator maps {discriminator.input_shape[-1]} values to {discriminator.output_shape[-1]}; "
            f"expected {latent_dim}, the latent_dim, to 2 logits; give it the same latent_dim as the encoder."
        )
