import numpy as np
import pytest

from disent_tf.models.tracking import MeanPerDimension


def test_mean_over_examples_of_batches_of_different_sizes():
    mean, values = MeanPerDimension(2, name="kl"), np.arange(10, dtype=np.float32).reshape(5, 2)
    mean.update_state(values[:4])
    mean.update_state(values[4:])
    assert {name: float(value) for name, value in mean.result().items()} == {"kl_0": 4.0, "kl_1": 5.0}
    mean.reset_state()
    assert float(mean.result()["kl_1"]) == 0.0


def test_dimensions_are_not_mixed():
    mean = MeanPerDimension(3, name="kl")
    mean.update_state(np.array([[1.0, -1.0, np.nan]], np.float32))
    result = mean.result()
    assert float(result["kl_0"]) == pytest.approx(1.0)
    assert np.isnan(result["kl_2"])
