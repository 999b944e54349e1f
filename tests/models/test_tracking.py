import numpy as np
import pytest

from disent_tf.models.tracking import ActiveUnits, MeanPerDimension


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


def test_active_units_are_the_dimensions_whose_mean_varies_over_all_batches():
    units, rng = ActiveUnits(3), np.random.default_rng(0)
    means = rng.normal([0.0, 5.0, -3.0], [1.0, 0.05, 0.2], size=(1000, 3))  # Variances 1, 0.0025 and 0.04.
    for batch in np.array_split(means.astype(np.float32), 7):
        units.update_state(batch)
    assert float(units.result()) == 2.0
    units.reset_state()
    assert float(units.result()) == 0.0


def test_a_dimension_that_differs_between_batches_only_is_active():
    units = ActiveUnits(1)
    units.update_state(np.zeros((4, 1), np.float32))
    units.update_state(np.ones((4, 1), np.float32))
    assert float(units.result()) == 1.0
