"""InfoGAN (Chen et al. 2016, "InfoGAN: Interpretable Representation Learning by Information Maximizing GANs")."""

from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.checks import check_count, check_number
from disent_tf.data.observations import Observations
from disent_tf.distributions.latent_codes import LatentCodes
from disent_tf.errors import InputError
from disent_tf.models.fit_together import check_part, check_unit_interval
from disent_tf.models.replicas import num_replicas
from disent_tf.models.representation_model import Endpoints, RepresentationModel
from disent_tf.optimizers import own_optimizer, without_loss_scale


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class InfoGAN(RepresentationModel):
    """A generative adversarial network whose images tell the codes that they were made of.

    The generator makes images of codes c and noise; the discriminator has two heads on one trunk: whether an image is
    real, and Q(c|x). Losses, in nats per image, equation 6 of the paper with the generator's loss that does not
    saturate, as in the authors' code:

        discriminator and Q:  -log D(x) - log(1 - D(G(c))) - weight · L_I
        generator:            -log D(G(c)) - weight · L_I,     L_I = E[log Q(c|G(c))] + H(c) ≤ I(c; G(c))

    A step trains first the discriminator and then the generator, on images made anew. The representation of an image
    is the mean of Q(c|x): probabilities of categories, then means of the continuous codes.

    Args:
      generator: codes and noise `[batch, codes.num_dimensions + num_noise]` -> logits of pixels `[batch, h, w, c]`.
      discriminator: images -> logits `[batch, 1]` of "real", and parameters of Q `[batch, codes.num_parameters]`.
      codes: what c is.
      num_noise: numbers uniform from -1 to 1 that go to the generator besides.
      information_weight: of L_I in both losses; 1 in the paper, 0.05 in InfoGAN-CR on dSprites.
      generator_optimizer: Adam(1e-3, β₁ 0.5), that of InfoGAN-CR, if None. `compile` gives the discriminator's.
      name: of the Keras model.
      dtype: Keras dtype policy; None for the global one. Losses are computed in float32 under every policy.

    Raises:
      InputError: the parts do not fit together.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        codes: LatentCodes,
        num_noise: int = 5,
        information_weight: float = 0.05,
        generator_optimizer: keras.optimizers.Optimizer | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        check_part("codes", codes, LatentCodes)
        check_count(**{"InfoGAN.num_noise": num_noise})
        _check_networks(generator, discriminator, codes, num_noise)
        super().__init__(discriminator.input_shape[1:], codes.num_dimensions, name=name, dtype=dtype)
        self.generator, self.discriminator, self.codes, self.num_noise = generator, discriminator, codes, num_noise
        self.information_weight = check_number("InfoGAN.information_weight", information_weight, least=0.0)
        self.add_terms("discriminator_loss", "generator_loss", "mutual_information", headline=True)
        self.add_terms("real_as_real", "fake_as_real")
        self.generator_optimizer = own_optimizer(
            self, generator_optimizer or keras.optimizers.Adam(1e-3, beta_1=0.5), generator
        )
        self.built = True

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """What `compile`'s optimizer trains: the discriminator with Q."""
        return self.discriminator.trainable_variables

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        """Equal to `trainable_variables`."""
        return self.trainable_variables

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        return [*super().optimizers, self.generator_optimizer]

    def call(self, x: Any, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns logits of "real", float32 `[batch]`, and parameters of Q(c|x), `[batch, num_parameters]`."""
        is_real, parameters = self.discriminator(x, training=training)
        return tf.cast(is_real, tf.float32)[:, 0], tf.cast(parameters, tf.float32)

    def generate(self, codes: tf.Tensor, noise: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns images, float32 `[batch, h, w, c]` in [0, 1].

        Args:
          codes: `[batch, latent_dim]`.
          noise: `[batch, num_noise]`.
          training: whether batches are normalised by their own moments.
        """
        logits = self.generator(tf.concat([codes, noise], axis=-1), training=training)
        return tf.sigmoid(tf.cast(logits, tf.float32))

    def draw(self, num: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Draws codes `[num, latent_dim]` and noise `[num, num_noise]`."""
        codes = self.codes.sample(num, self.next_seed())
        return codes, tf.random.stateless_uniform((num, self.num_noise), self.next_seed(), -1.0, 1.0)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Trains the discriminator on real images and others, then the generator on images made anew."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        num = tf.shape(images)[0]
        codes, noise = self.draw(num)
        with tf.GradientTape() as tape:
            losses = self._discriminator_losses(images, codes, noise, training=True)
            loss = self.optimizer.scale_loss(tf.reduce_mean(losses) / num_replicas())
        variables = self.discriminator.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        codes, noise = self.draw(num)
        with tf.GradientTape() as tape:
            losses = self._generator_losses(codes, noise, training=True)
            loss = self.generator_optimizer.scale_loss(tf.reduce_mean(losses) / num_replicas())
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(loss, variables), variables)
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Evaluates both losses."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        codes, noise = self.draw(tf.shape(images)[0])
        self._discriminator_losses(images, codes, noise, training=False)
        self._generator_losses(codes, noise, training=False)
        return self.get_metrics_result()

    def _discriminator_losses(
        self, images: tf.Tensor, codes: tf.Tensor, noise: tf.Tensor, *, training: bool
    ) -> tf.Tensor:
        """Returns the loss of the discriminator and Q, `[batch]`."""
        made = tf.stop_gradient(self.generate(codes, noise, training))
        real, _ = self(images, training=training)
        fake, parameters = self(made, training=training)
        information = self._information(parameters, codes)
        losses = tf.nn.softplus(-real) + tf.nn.softplus(fake) - self.information_weight * information
        self.log_terms(discriminator_loss=losses, real_as_real=tf.sigmoid(real), fake_as_real=tf.sigmoid(fake))
        return losses

    def _generator_losses(self, codes: tf.Tensor, noise: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Returns the loss of the generator, `[batch]`."""
        # The discriminator's power iteration is a part of its own step.
        fake, parameters = self(self.generate(codes, noise, training), training=False)
        information = self._information(parameters, codes)
        losses = tf.nn.softplus(-fake) - self.information_weight * information
        self.log_terms(generator_loss=losses, mutual_information=information)
        return losses

    def _information(self, parameters: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
        """Returns what L_I is the mean of, nats `[batch]`."""
        return self.codes.log_prob(parameters, codes) + self.codes.entropy

    def check_feed(self, spec: Any, data: Observations) -> None:
        super().check_feed(spec, data)
        check_unit_interval(data, "InfoGAN")

    def encode(self, x: tf.Tensor) -> tfd.Distribution:
        """Returns the means of Q(c|x) of images, without spread: batch shape `[batch, latent_dim]`."""
        return tfd.Deterministic(self.codes.mean(self(x)[1]))

    def decode(self, z: tf.Tensor) -> tfd.Distribution:
        """Returns the images of codes, with noise at its mean, 0: batch shape `[batch, h, w, c]`."""
        return tfd.Deterministic(self.generate(tf.cast(z, tf.float32), tf.zeros((tf.shape(z)[0], self.num_noise))))

    def sample(self, num: int) -> tf.Tensor:
        """Returns `num` images, float32 `[num, h, w, c]`."""
        return self.generate(*self.draw(num))

    @property
    def part_names(self) -> list[str]:
        """One for each categorical code, then one for each continuous one."""
        categorical = [f"c{part}: {num} categories" for part, num in enumerate(self.codes.categories)]
        return categorical + [f"c{len(categorical) + part}" for part in range(self.codes.num_continuous)]

    def varied(self, code: np.ndarray, part: int, positions: np.ndarray) -> np.ndarray:
        """Returns a code with one of its parts at each position, float32 `[num, latent_dim]`.

        A continuous code is set to the positions; a categorical one goes through its categories, as many positions
        each, from the lowest to the highest. The other categorical codes are the likeliest ones of `code`.
        """
        code, categories = self._certain(np.asarray(code, np.float32)), self.codes.categories
        start = sum(categories[:part])
        if part >= len(categories):
            return super().varied(code, sum(categories) + part - len(categories), positions)
        codes = np.tile(code, (len(positions), 1))
        span = float(np.abs(positions).max()) or 1.0
        shares = (np.asarray(positions) + span) / (2.0 * span)  # From 0 to 1.
        chosen = np.minimum((shares * categories[part]).astype(int), categories[part] - 1)
        codes[:, start : start + categories[part]] = np.eye(categories[part], dtype=np.float32)[chosen]
        return codes

    def _certain(self, code: np.ndarray) -> np.ndarray:
        """Returns a code `[latent_dim]` whose probabilities of categories are one-hot, as the generator knows them."""
        certain, start = code.copy(), 0
        for num in self.codes.categories:
            certain[start : start + num] = np.eye(num, dtype=np.float32)[np.argmax(code[start : start + num])]
            start += num
        return certain

    def endpoints(self) -> Endpoints:
        """Returns what a SavedModel of this model serves; all images are float32 in [0, 1].

        Besides those of `RepresentationModel`:
        generate: codes `[num, latent_dim]` and noise `[num, num_noise]` -> images.
        infer: images -> {"mean": of Q, "parameters": of Q, "is_real": the discriminator's probability}.
        sample: num, an int32 scalar -> images.
        """

        def infer(x: tf.Tensor) -> dict[str, tf.Tensor]:
            logits, parameters = self(x)
            return {"mean": self.codes.mean(parameters), "parameters": parameters, "is_real": tf.sigmoid(logits)}

        def sample(num: tf.Tensor) -> tf.Tensor:
            # TensorFlow's global generator: an export has no state of its own to keep.
            seed = tf.random.uniform((2,), maxval=tf.int32.max, dtype=tf.int32)
            return self.generate(self.codes.sample(num, seed), tf.random.uniform((num, self.num_noise), -1.0, 1.0))

        inherited = super().endpoints()
        codes = inherited["decode"][1][0]
        noise = tf.TensorSpec((None, self.num_noise), tf.float32, name="noise")
        return {
            **inherited,
            "generate": (lambda codes, noise: self.generate(codes, noise), [codes, noise]),
            "infer": (infer, inherited["encode"][1]),
            "sample": (sample, [tf.TensorSpec((), tf.int32, name="num")]),
        }

    def get_config(self) -> dict[str, Any]:
        parts = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "codes": self.codes,
            "generator_optimizer": without_loss_scale(self.generator_optimizer),
        }
        config = {key: keras.saving.serialize_keras_object(part) for key, part in parts.items()}
        own = {"num_noise": self.num_noise, "information_weight": self.information_weight}
        return config | own | {"name": self.name, "dtype": keras.dtype_policies.serialize(self.dtype_policy)}


def _check_networks(generator: keras.Model, discriminator: keras.Model, codes: LatentCodes, num_noise: int) -> None:
    for name, network in {"generator": generator, "discriminator": discriminator}.items():
        if not isinstance(network, keras.Model):
            raise InputError(f"The {name} is {network!r}; expected a keras.Model, in gin @info_gan_{name}().")
    inputs, expected = generator.input_shape[-1], codes.num_dimensions + num_noise
    if inputs != expected:
        raise InputError(
            f"The generator reads {inputs} numbers; expected {expected}: codes of {codes.num_dimensions} and "
            f"{num_noise} of noise; set info_gan_generator.num_inputs = {expected}."
        )
    shapes = discriminator.output_shape
    wanted = [(None, 1), (None, codes.num_parameters)]
    if not isinstance(shapes, list | tuple) or [tuple(shape) for shape in shapes if shape is not None] != wanted:
        raise InputError(
            f"The discriminator gives {shapes}; expected logits (None, 1) and parameters of Q "
            f"(None, {codes.num_parameters}); set info_gan_discriminator.num_parameters = {codes.num_parameters}."
        )
    if generator.output_shape[1:] != discriminator.input_shape[1:]:
        raise InputError(
            f"The generator makes images of shape {generator.output_shape[1:]}, the discriminator reads "
            f"{discriminator.input_shape[1:]}; give both the same image_shape."
        )
