"""Running means of the terms of a loss."""

import keras
import tensorflow as tf


class MeanPerDimension(keras.metrics.Metric):
    """The running mean of a vector, reported as `name_0`, `name_1`, … without aggregating over dimensions."""

    def __init__(self, num_dimensions: int, name: str) -> None:
        super().__init__(name=name)
        self.total = self.add_variable((num_dimensions,), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values: tf.Tensor) -> None:
        """Adds values `[batch, num_dimensions]`."""
        self.total.assign_add(tf.reduce_sum(values, axis=0))
        self.count.assign_add(tf.cast(tf.shape(values)[0], tf.float32))

    def result(self) -> dict[str, tf.Tensor]:
        means = tf.math.divide_no_nan(tf.convert_to_tensor(self.total), tf.convert_to_tensor(self.count))
        return {f"{self.name}_{i}": mean for i, mean in enumerate(tf.unstack(means))}
