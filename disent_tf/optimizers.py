"""Adam in one operation a variable, as the weights of a discriminator are many, and optimizers that a model owns."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("disent_tf")
class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, whose update TensorFlow computes in one pass over the weights instead of nine.

    The same formula, variables and arguments: steps are equal to the rounding of 1 - beta_2 in float32 (1e-5 of a step;
    that of TensorFlow 1, too), and checkpoints are those of Adam.
    """

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor) -> None:
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        index, dtype = self._get_variable_index(variable), variable.dtype
        step = tf.cast(tf.convert_to_tensor(self.iterations) + 1, dtype)
        beta_1, beta_2 = tf.cast(self.beta_1, dtype), tf.cast(self.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[index]),
            v=_handle(self._velocities[index]),
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )


def fused(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns a `FusedAdam` of the same configuration for an Adam, and any other optimizer as it is."""
    is_adam = type(optimizer) is keras.optimizers.Adam and not optimizer.built
    return FusedAdam.from_config(optimizer.get_config()) if is_adam else optimizer


def own_optimizer(model: keras.Model, optimizer: keras.optimizers.Optimizer, network: keras.Model) -> Any:
    """Returns an optimizer that a model has beside that of `compile`, ready to train one of its networks.

    Adam is fused, losses are scaled where the model is in mixed_float16 (`compile` does that for its own optimizer
    only), and its variables are there: those of one built later would not be restored with the model.
    """
    ready = fused(optimizer)
    if model.dtype_policy.name == "mixed_float16":
        ready = keras.optimizers.LossScaleOptimizer(ready)
    ready.build(network.trainable_variables)
    return ready


def without_loss_scale(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns the optimizer that a `LossScaleOptimizer` steps, and any other one as it is."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _handle(variable: keras.Variable | tf.Variable) -> tf.Tensor:
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
