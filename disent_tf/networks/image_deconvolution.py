"""The transposed convolution that gives an image: its few channels make TensorFlow's own slow on a CPU."""

from typing import Any

import keras
import tensorflow as tf

_KERNEL, _STRIDE = 4, 2
_FEW = 8  # Channels up to which this form was faster.


@keras.saving.register_keras_serializable("disent_tf")
class ImageDeconvolution(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose` with kernel 4, stride 2 and "same" padding, computed another way.

    Each position of the input adds a 4×4 patch to the output. TensorFlow's kernel for CPUs takes as long for one
    channel as for thirty-two; here one matrix product gives the patches' pixels as 16 planes, and shifted planes are
    added up. Gradients are TensorFlow's, which are fast. The results are those of the Keras layer to rounding. On a
    GPU, and for more than eight channels, the layer is Keras' own.

    Args:
      filters: channels of the image.
      **options: of `keras.layers.Conv2DTranspose`; kernel, strides, padding, activation and data format are fixed.
    """

    def __init__(self, filters: int, **options: Any) -> None:
        super().__init__(filters, _KERNEL, _STRIDE, "same", data_format="channels_last", **options)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if self.filters > _FEW or tf.config.list_physical_devices("GPU"):
            return super().call(inputs)
        image = deconvolve(inputs, tf.convert_to_tensor(self.kernel))
        return tf.nn.bias_add(image, tf.convert_to_tensor(self.bias)) if self.use_bias else image

    def get_config(self) -> dict[str, Any]:
        fixed = {"kernel_size", "strides", "padding", "data_format"}
        return {key: value for key, value in super().get_config().items() if key not in fixed}


@tf.custom_gradient
def deconvolve(x: tf.Tensor, kernel: tf.Tensor) -> Any:
    """Returns the transposed convolution `[batch, 2h, 2w, c]` of x `[batch, h, w, k]` and kernel `[4, 4, c, k]`."""
    channels = kernel.shape[2]
    taps = tf.reshape(kernel, (_KERNEL**2 * channels, -1))
    planes = tf.matmul(taps, tf.reshape(x, (-1, x.shape[3])), transpose_b=True)
    image = _added_up(tf.reshape(planes, (_KERNEL, _KERNEL, channels, -1, *x.shape[1:3])))

    def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        of_x = tf.nn.conv2d(upstream, kernel, _STRIDE, "SAME")
        of_kernel = tf.raw_ops.Conv2DBackpropFilter(
            input=upstream,
            filter_sizes=kernel.shape,
            out_backprop=x,
            strides=[1, _STRIDE, _STRIDE, 1],
            padding="SAME",
        )
        return of_x, of_kernel

    return image, gradients


def _added_up(planes: tf.Tensor) -> tf.Tensor:
    """Adds the pixels of patches, `[4, 4, c, batch, h, w]`, up where they overlap: `[batch, 2h, 2w, c]`."""
    # Pixel 2m of a row gets tap 1 of the patch at m and tap 3 of the one before, pixel 2m + 1 taps 2 and, after it, 0.
    even = planes[1] + _shifted(planes[3], -2, 1)
    odd = planes[2] + _shifted(planes[0], -2, -1)
    rows = [[row[1] + _shifted(row[3], -1, 1), row[2] + _shifted(row[0], -1, -1)] for row in (even, odd)]
    image = tf.stack([tf.stack(phases, axis=-1) for phases in rows], axis=-3)  # [c, batch, h, 2, w, 2]
    _, _, height, _, width, _ = image.shape
    image = tf.reshape(image, (image.shape[0], -1, 2 * height, 2 * width))
    return tf.transpose(image, (1, 2, 3, 0))


def _shifted(x: tf.Tensor, axis: int, by: int) -> tf.Tensor:
    """Returns x moved by one along an axis, zeros coming in."""
    size, rank = x.shape[axis], len(x.shape)
    begin, end = [0] * rank, [[0, 0] for _ in range(rank)]
    begin[axis], end[axis] = max(-by, 0), [max(by, 0), max(-by, 0)]
    sizes = [-1] * rank
    sizes[axis] = size - 1
    return tf.pad(tf.slice(x, begin, sizes), end)
