"""Running statistics of a batch's terms, over the images since they were last reset."""

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


class ActiveUnits(keras.metrics.Metric):
    """The number of dimensions whose posterior mean varies over images: by a variance above `threshold`.

    Burda et al. (2016), "Importance Weighted Autoencoders", with its threshold of 0.01.
    """

    def __init__(self, num_dimensions: int, threshold: float = 0.01, name: str = "active_units") -> None:
        super().__init__(name=name)
        self.threshold = threshold
        self.count = self.add_variable((), "zeros", name="count")
        self.sum = self.add_variable((num_dimensions,), "zeros", name="sum")
        self.sum_of_squares = self.add_variable((num_dimensions,), "zeros", name="sum_of_squares")

    def update_state(self, means: tf.Tensor) -> None:
        """Adds posterior means `[batch, num_dimensions]`."""
        self.count.assign_add(tf.cast(tf.shape(means)[0], tf.float32))
        self.sum.assign_add(tf.reduce_sum(means, axis=0))
        self.sum_of_squares.assign_add(tf.reduce_sum(means**2, axis=0))

    def result(self) -> tf.Tensor:
        count = tf.convert_to_tensor(self.count)
        mean = tf.math.divide_no_nan(tf.convert_to_tensor(self.sum), count)
        variance = tf.math.divide_no_nan(tf.convert_to_tensor(self.sum_of_squares), count) - mean**2
        return tf.reduce_sum(tf.cast(variance > self.threshold, tf.float32))
