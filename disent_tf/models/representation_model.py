"""What every model here is: it represents observations by codes, and can be trained, saved, scored and drawn."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.data.observations import Observations
from disent_tf.models.fit_together import check_images
from disent_tf.models.replicas import reducible

Endpoints = dict[str, tuple[Callable[..., Any], Sequence[tf.TensorSpec]]]
"""Of a SavedModel, by name: a function of tensors, and their specifications."""


class RepresentationModel(keras.Model):
    """The base of all models: the names that training, evaluation, pictures and exports ask for.

    A subclass states `encode`, and `decode` where codes have images. One that is trained step by step logs the terms
    of its loss: `add_terms` names them once, `log_terms` adds the values of a batch.

    Args:
      image_shape: of one observation, `(height, width, channels)` or any other.
      latent_dim: numbers in a code.
      name: of the Keras model.
      dtype: Keras dtype policy; None for the global one.
    """

    batches_per_step: ClassVar[int] = 1
    """Independent batches that one training step consumes; the feed delivers them as one batch, end to end."""

    learns_at_once: ClassVar[bool] = False
    """Whether `fit_at_once` is all of its training. Then it takes no steps and has no optimizer."""

    def __init__(
        self, image_shape: tuple[int, ...], latent_dim: int, *, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.image_shape: tuple[int, ...] = tuple(image_shape)
        self.latent_dim = latent_dim
        self.seed_generator = keras.random.SeedGenerator()
        self.term_means: dict[str, keras.metrics.Mean] = {}
        self.headline_terms: list[str] = []

    def add_terms(self, *names: str, headline: bool = False) -> None:
        """Adds terms, in nats per image, to what is logged, and to what the progress bar shows if `headline`."""
        self.term_means.update({name: keras.metrics.Mean(name=name) for name in names})
        self.headline_terms.extend(names if headline else [])

    def log_terms(self, **terms: tf.Tensor) -> None:
        """Adds values, `[batch]` or scalar, to the running means, over images, of terms named to `add_terms`."""
        for name, value in terms.items():
            self.term_means[name].update_state(value)

    def get_metrics_result(self) -> dict[str, tf.Tensor]:
        return reducible(super().get_metrics_result())

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """Every optimizer whose state a resumed run needs."""
        return [self.optimizer] if self.compiled else []

    def next_seed(self, *, shared: bool = False) -> tf.Tensor:
        """Returns a fresh seed for stateless sampling, int32 `[2]`; its state is saved and restored with the model.

        Args:
          shared: whether all replicas get the same one.
        """
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        replica = tf.distribute.get_replica_context()
        if shared or replica is None or replica.num_replicas_in_sync == 1:
            return seed
        apart = _REPLICA_STRIDE * tf.cast(replica.replica_id_in_sync_group, tf.int32)  # Replicas share the generator.
        return seed + tf.stack([0, apart])

    def check_feed(self, spec: Any, data: Observations) -> None:
        """Raises InputError unless the model can be trained on batches of this structure.

        Args:
          spec: `tf.TensorSpec` of a batch, or a tuple or dict of them.
          data: what the batches are of.
        """
        check_images(spec, data, self.image_shape)

    def fit_at_once(self, data: Observations, seed: int) -> None:
        """Learns what takes no steps, before the first one: nothing, for most models.

        Args:
          data: what to learn from.
          seed: of what is drawn.
        """

    def encode(self, x: tf.Tensor) -> tfd.Distribution:
        """Returns q(z|x) of images `[batch, h, w, c]`: batch shape `[batch, latent_dim]`, or `[batch]` if joint.

        Its mean is the representation. A model without a posterior returns a `Deterministic`.
        """
        raise NotImplementedError

    def decode(self, z: tf.Tensor) -> tfd.Distribution:
        """Returns p(x|z) of codes `[batch, latent_dim]`, of which the mean is the image."""
        raise NotImplementedError

    def reconstruct(self, x: tf.Tensor) -> tf.Tensor:
        """Returns E[x|z] at the mean of the code, `[batch, h, w, c]`."""
        return self.decode(self.encode(x).mean()).mean()

    @property
    def part_names(self) -> list[str]:
        """Names of the parts of a code that a traversal varies, one at a time: here its dimensions."""
        return [f"z{dimension}" for dimension in range(self.latent_dim)]

    def varied(self, code: np.ndarray, part: int, positions: np.ndarray) -> np.ndarray:
        """Returns a code `[latent_dim]` with one of its parts at each position, float32 `[num, latent_dim]`.

        Args:
          code: where the traversal starts.
          part: number of the part.
          positions: `[num]`, here the values that the dimension is set to.
        """
        codes = np.tile(np.asarray(code, np.float32), (len(positions), 1))
        codes[:, part] = positions
        return codes

    def endpoints(self) -> Endpoints:
        """Returns what a SavedModel of this model serves; all images are float32 in [0, 1].

        encode: images `[num, h, w, c]` -> {"mean": `[num, latent_dim]`}.
        decode: codes `[num, latent_dim]` -> images.
        reconstruct: images -> images.
        """
        images = tf.TensorSpec((None, *self.image_shape), tf.float32, name="images")
        codes = tf.TensorSpec((None, self.latent_dim), tf.float32, name="codes")
        return {
            "encode": (lambda x: {"mean": self.encode(x).mean()}, [images]),
            "decode": (lambda z: self.decode(z).mean(), [codes]),
            "reconstruct": (self.reconstruct, [images]),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{key: keras.saving.deserialize_keras_object(value) for key, value in config.items()})


_REPLICA_STRIDE = 1_000_003  # Far from the steps of one that Keras' generator takes.
