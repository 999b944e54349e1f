import resource

import keras
import pytest

from disent_tf.training.checkpointing import Checkpoints


@pytest.fixture
def model():
    net = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(100)])
    net.optimizers = []
    return net


def test_a_full_disk_is_told_and_earlier_checkpoints_are_kept(model, tmp_path):
    checkpoints = Checkpoints(model, tmp_path)
    checkpoints.save(1)
    before = model.weights[0].numpy()
    model.weights[0].assign_add(model.weights[0] + 1.0)
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, allowed[1]))  # Bytes; the weights take 400,000.
    try:
        with pytest.raises(
            OSError, match=r"The checkpoint of step 2 cannot be written into '.*': .*File too large\. Those"
        ) as error:
            checkpoints.save(2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert "\n" not in str(error.value)
    assert Checkpoints(model, tmp_path).restore() == 1
    assert (model.weights[0].numpy() == before).all()
