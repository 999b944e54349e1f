"""AAM, MMIG and MIG of a model by its posteriors: what a sample of a code tells of a factor, over the full grid."""

from typing import Any, Literal

import gin
import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.checks import check_choice, check_positive
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.distributions.structure import marginals
from disent_tf.errors import InputError
from disent_tf.metrics.axis_alignment import axis_alignment
from disent_tf.metrics.posterior_information import quadrature_information, sampled_information


@gin.register
def compute_posterior_information(
    model: keras.Model,
    ground_truth_data: GroundTruthData,
    random_state: np.random.RandomState,
    estimator: Literal["quadrature", "samples"] = "quadrature",
    num_samples: int = 10_000,
    batch_size: int = 1024,
    *,
    legacy: bool = False,
) -> dict[str, Any]:
    """Returns AAM and MMIG (Dubois et al., equations 2 and 3) and MIG (Chen et al. 2018) of the posteriors.

    Chen et al. leave the shape of dSprites out; here every factor that varies counts. The factors of a full grid are
    independent, so that MMIG equals MIG.

    Args:
      model: a VAE whose posterior is normal.
      ground_truth_data: a full grid of factors, all of which is encoded.
      random_state: of the samples; the quadrature draws nothing.
      estimator: "quadrature", about a second per 100,000 images; or "samples", the papers', hours for dSprites.
      num_samples: of each code, for each entropy, by "samples".
      batch_size: images encoded at once, which does not change the scores.
      legacy: as `sampled_information`; the keys then end in "_samples_legacy".

    Returns:
      aam, mmig and mig, each with the name of the estimator after it, as in aam_quadrature; and what they depend on:
      num_images and, by samples, num_samples.

    Raises:
      InputError: an argument cannot be used, the data is no full grid, or the posterior is not normal.
    """
    check_choice("compute_posterior_information.estimator", estimator, ("quadrature", "samples"))
    check_positive(num_samples=num_samples, batch_size=batch_size)
    if legacy and estimator != "samples":
        raise InputError('legacy mixes up samples, and the quadrature has none; set estimator="samples" or leave it.')
    if not getattr(ground_truth_data, "is_full_grid", False):
        message = "the data do not say is_full_grid, and the entropies are over every combination of factor values; "
        raise InputError(message + "expected a full grid: use compute_aam_mmig, which draws points.")
    means, log_vars = _posteriors(model, ground_truth_data, batch_size)
    sizes = tuple(ground_truth_data.factor_sizes)
    depends: dict[str, int] = {"num_images": len(means)}
    if estimator == "samples":
        information = sampled_information(means, log_vars, sizes, random_state, num_samples, legacy=legacy)
        depends["num_samples"] = num_samples
    else:
        information = quadrature_information(means, log_vars, sizes)
    scores = axis_alignment(information.mutual_information, information.entropy)
    name = estimator + ("_legacy" if legacy else "")
    return {f"aam_{name}": scores.aam, f"mmig_{name}": scores.mmig, f"mig_{name}": scores.mig, **depends}


def _posteriors(model: keras.Model, data: GroundTruthData, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns means and log variances, float32 `[num_rows, latent_dim]`, of the posteriors of the whole grid."""

    @tf.function(
        input_signature=[tf.TensorSpec((None, *model.image_shape), tf.float32)], jit_compile=False, autograph=False
    )
    def encode(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        posterior = marginals(model.encode(images))
        if not isinstance(posterior, tfd.Normal):
            message = f"the posterior is a {type(posterior).__name__}; its entropies are known here only if it is "
            raise InputError(message + "normal: use compute_aam_mmig, which reads means only.")
        return posterior.loc, 2.0 * tf.math.log(posterior.scale)

    starts = range(0, len(data), batch_size)
    batches = [encode(data[np.arange(start, min(start + batch_size, len(data)))]) for start in starts]
    return np.concatenate([mean for mean, _ in batches]), np.concatenate([log_var for _, log_var in batches])
