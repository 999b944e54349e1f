"""Weights of loss terms: numbers, or Keras schedules over training steps."""

from typing import TypeAlias

import keras
import tensorflow as tf

from disent_tf.errors import InputError

Weight: TypeAlias = float | keras.optimizers.schedules.LearningRateSchedule


def check_weight(name: str, weight: Weight) -> Weight:
    """Returns `weight`; InputError unless it is a number >= 0 or a Keras schedule."""
    if isinstance(weight, keras.optimizers.schedules.LearningRateSchedule):
        return weight
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not weight >= 0:
        raise InputError(
            f"{name} is {weight!r}; expected a number >= 0 or a keras.optimizers.schedules object; "
            f"set it as in '{name} = 4.0'."
        )
    return weight


def weight_at(weight: Weight, step: tf.Tensor) -> tf.Tensor:
    """Returns the float32 value of `weight` at training step `step`."""
    return tf.cast(weight(step) if callable(weight) else weight, tf.float32)
