"""What a training step needs to know of its replicas: one model on several devices, each with a share of the batch.

Keras adds up the gradients of replicas, and TensorFlow's `all_gather` passes gradients back to the replica that a row
came from. So a loss of the whole batch that every replica computes, divided by their number, has the gradients that
one device would have.
"""

import tensorflow as tf


def num_replicas() -> int:
    """Returns how many replicas compute this step; 1 outside of a strategy."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def reducible(logs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns scalars as vectors `[1]` where Keras averages them over several workers, which it does along an axis."""
    strategy = tf.distribute.get_strategy()
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) or tf.distribute.in_cross_replica_context():
        return logs
    return {name: tf.reshape(value, [1]) for name, value in logs.items()}


def gathered(tensor: tf.Tensor) -> tf.Tensor:
    """Returns the rows of all replicas, `[global batch, ...]`, of one replica's `[batch, ...]`."""
    if num_replicas() == 1:
        return tensor
    return tf.distribute.get_replica_context().all_gather(tensor, axis=0)


def own_rows(rows: tf.Tensor) -> tf.Tensor:
    """Returns this replica's share, `[batch, ...]`, of rows that all replicas have alike, `[global batch, ...]`."""
    if num_replicas() == 1:
        return rows
    replica = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int32)
    share = tf.shape(rows)[0] // num_replicas()
    return rows[replica * share : (replica + 1) * share]
