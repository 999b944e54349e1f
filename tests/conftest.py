"""What every test starts from: no gin bindings, one random seed, a quiet TensorFlow."""

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import gin
import keras
import pytest
import tensorflow as tf

# Two devices, for tests of replicas; the second does nothing in all the others.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(autouse=True)
def fresh_state():
    gin.clear_config()
    keras.utils.set_random_seed(0)
    yield
    gin.clear_config()
    keras.config.set_dtype_policy("float32")
