"""The evidence lower bound of a model, its parts and its own objective: columns of Table 1 of Dubois et al.

Y. Dubois, A. Kastanos, D. Lines and B. Melman, "Understanding Disentangling in VAE".
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import gin
import keras
import numpy as np
import tensorflow as tf

from disent_tf.checks import check_positive
from disent_tf.data.observations import Observations
from disent_tf.models.vae import VAEOutput

_ENCODED_AT_ONCE = 1024
_TABLE_UNIT = 1000.0  # Nats; the table's authors divided a sum over batches of 1000 by the number of images.


@gin.register
def compute_elbo(
    model: keras.Model,
    ground_truth_data: Observations,
    random_state: np.random.RandomState,
    num_images: int = 10_000,
    batch_size: int = 64,
) -> dict[str, Any]:
    """Returns KL, log likelihood, their bound and the model's own loss, means over images in nats per image.

    With one sample of z for each image, the same whatever `batch_size` is. So is every result but the total loss of an
    objective that looks at a whole batch, as an estimate of total correlation does. A weight that follows a schedule
    has the value of the optimizer's step: of step 0 in a model that was loaded from a run.

    Args:
      model: a VAE.
      ground_truth_data: where the images are drawn from.
      random_state: of the images and samples.
      num_images: images drawn.
      batch_size: of the model's own objective.

    Returns:
      "kl" ("kl_mc" where it has no closed form), "log_likelihood" of an image given its code, "elbo", "total_loss" by
      the model's own objective, "kl_variance", the variance (n in the denominator) of the KLs of the dimensions, each
      first averaged over images. Those but the bound also in the units of the table, thousands of nats and their
      squares: "table_kl" and so on. And num_images and batch_size.

    Raises:
      InputError: a number is not positive.
    """
    check_positive(num_images=num_images, batch_size=batch_size)
    images = ground_truth_data.sample_observations(num_images, random_state)
    with _as_it_was(model, seed=int(random_state.randint(2**31 - 1))):
        terms = _evaluate(model, images, batch_size)
        per_dimension = np.array([float(value) for value in model.kl_means.result().values()])
    kl = terms[model.kl_name]
    nats = {model.kl_name: kl, "log_likelihood": -terms["reconstruction"], "total_loss": terms["loss"]}
    variance = float(per_dimension.var())
    table = {f"table_{name}": value / _TABLE_UNIT for name, value in nats.items()}
    table["table_kl_variance"] = variance / _TABLE_UNIT**2
    bound = {"elbo": nats["log_likelihood"] - kl, "kl_variance": variance}
    return {**nats, **bound, **table, "num_images": num_images, "batch_size": batch_size}


def _evaluate(model: keras.Model, images: np.ndarray, batch_size: int) -> dict[str, float]:
    """Returns the means over all images of what the model logs; every image counts once, also of a last small batch."""
    image = tf.TensorSpec((None, *model.image_shape), tf.float32)
    infer = tf.function(lambda x: model.infer(x, training=False), input_signature=[image], jit_compile=False)
    parameters = np.concatenate([infer(chunk) for chunk in _chunks(images, _ENCODED_AT_ONCE)])
    z = model.posterior.distribution(tf.constant(parameters)).sample(seed=model.next_seed()).numpy()
    codes = [tf.TensorSpec((None, array.shape[1]), tf.float32) for array in (parameters, z)]

    @tf.function(input_signature=[image, *codes], jit_compile=False)
    def log(x: tf.Tensor, parameters: tf.Tensor, z: tf.Tensor) -> None:
        decoded = tf.cast(model.decoder(z, training=False), tf.float32)
        model.compute_loss(x=x, y_pred=VAEOutput(parameters, z, decoded), training=False)

    for batch in zip(*(_chunks(array, batch_size) for array in (images, parameters, z)), strict=True):
        log(*batch)
    return {name: float(mean.result()) for name, mean in model.term_means.items()}


def _chunks(array: np.ndarray, size: int) -> list[np.ndarray]:
    return [array[start : start + size] for start in range(0, len(array), size)]


@contextlib.contextmanager
def _as_it_was(model: keras.Model, seed: int) -> Iterator[None]:
    """Starts random numbers from `seed` and running means from zero, and gives the model its own back at the end."""
    state = model.seed_generator.state
    variables = [state, *model.metrics_variables]
    values = [variable.numpy() for variable in variables]
    try:
        model.reset_metrics()
        state.assign(np.array([seed, 0], dtype=values[0].dtype))
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
