"""Kernels of the maximum mean discrepancy."""

from collections.abc import Callable

import tensorflow as tf


def rbf(squared_distance: tf.Tensor, dimension: int) -> tf.Tensor:
    """Returns exp(-d² / D), the kernel with bandwidth σ² = D / 2.

    The expected squared distance d² between two draws of N(0, I) is 2 D. The code of Zhao et al. (2017), "InfoVAE", has
    exp(-d² / D²), which is wider by a factor D in the variance.
    """
    return tf.exp(-squared_distance / dimension)


def imq(squared_distance: tf.Tensor, dimension: int) -> tf.Tensor:
    """Returns the sum of inverse multiquadrics C / (C + d²), C = 2 D s for the scales s 0.1, 0.2, 0.5, 1, 2 and 5.

    Tolstikhin et al. (2018), "Wasserstein Auto-Encoders", section 4, for a prior of variance 1; the scales are those of
    Mathieu et al. (2019).
    """
    constants = [2.0 * dimension * scale for scale in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)]
    return tf.add_n([constant / (constant + squared_distance) for constant in constants])


KERNELS: dict[str, Callable[[tf.Tensor, int], tf.Tensor]] = {"rbf": rbf, "imq": imq}


def kernel_means(a: tf.Tensor, b: tf.Tensor, kernel: str) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the mean kernel within `a` and within `b`, no point with itself, and across; `[...]` each.

    Args:
      a: points `[..., num, dimension]`.
      b: points `[..., num, dimension]`.
      kernel: of `KERNELS`.
    """
    similarity = KERNELS[kernel]
    dimension = a.shape[-1]

    def within(points: tf.Tensor) -> tf.Tensor:
        values = similarity(_squared_distances(points, points), dimension)
        num = tf.cast(tf.shape(values)[-1], tf.float32)
        on_diagonal = tf.linalg.trace(values)
        return tf.math.divide_no_nan(tf.reduce_sum(values, axis=(-2, -1)) - on_diagonal, num * (num - 1.0))

    across = tf.reduce_mean(similarity(_squared_distances(a, b), dimension), axis=(-2, -1))
    return within(a), within(b), across


def _squared_distances(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    # By differences: the inner-product form loses what matters, small distances, to rounding.
    return tf.reduce_sum(tf.math.squared_difference(a[..., :, None, :], b[..., None, :, :]), axis=-1)
