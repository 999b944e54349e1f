import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.errors import InputError
from disent_tf.models import AnnealedVAE, Code
from tests import tiny


def make(**options):
    model = AnnealedVAE(**tiny.networks(), **options)
    model.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
    return model


def regularizer(model, kl, *, training):
    return float(model.regularizer(Code(None, None, None, kl=tf.constant(kl), training=training)))


@pytest.mark.parametrize(("step", "capacity"), [(0, 0.0), (25, 5.0), (50, 10.0), (100, 20.0), (1000, 20.0)])
def test_capacity_rises_linearly_over_steps(step, capacity):
    model = make(max_capacity=20.0, annealing_steps=100)
    model.optimizer.iterations.assign(step)
    assert float(model.capacity(training=True)) == pytest.approx(capacity)


def test_the_kl_is_averaged_before_the_absolute_value_is_taken():
    # pythae takes |KL - C| of each image: 3 · mean(|1 - 4|, |7 - 4|) = 9.
    model = make(gamma=3.0, max_capacity=4.0)
    assert regularizer(model, [1.0, 7.0], training=False) == pytest.approx(0.0)
    assert regularizer(model, [1.0, 3.0], training=False) == pytest.approx(6.0)
    assert regularizer(model, [9.0, 3.0], training=False) == pytest.approx(6.0)


def test_evaluation_is_at_the_final_capacity():
    model = make(gamma=10.0, max_capacity=20.0)
    assert regularizer(model, [5.0], training=True) == pytest.approx(50.0)
    assert regularizer(model, [5.0], training=False) == pytest.approx(150.0)
    logs = model.evaluate(tiny.images(), batch_size=4, verbose=0, return_dict=True)
    assert logs["capacity"] == 20.0
    assert logs["regularizer"] == pytest.approx(10 * (20.0 - logs["kl"]), rel=1e-3)


def test_one_update_moves_the_capacity_by_one_step():
    # disentanglement_lib counts two, one for each of its optimizers in FactorVAE.
    model = make(max_capacity=20.0, annealing_steps=10)
    model.fit(tiny.images(), batch_size=4, epochs=2, verbose=0)
    assert float(model.capacity(training=True)) == pytest.approx(8.0)


def test_kl_is_driven_to_the_capacity():
    keras.utils.set_random_seed(0)
    model = AnnealedVAE(**tiny.networks(), gamma=100.0, max_capacity=2.0, annealing_steps=1)
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    model.fit(tf.data.Dataset.from_tensors(tiny.images(32)).repeat(150), shuffle=False, verbose=0)
    assert np.isclose(model.evaluate(tiny.images(32), verbose=0, return_dict=True)["kl"], 2.0, atol=0.3)


@pytest.mark.parametrize(("name", "value"), [("gamma", -1.0), ("max_capacity", -1.0), ("annealing_steps", 0)])
def test_parameters_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=f"AnnealedVAE.{name} is {value}"):
        make(**{name: value})


def test_capacity_is_no_schedule():
    with pytest.raises(InputError, match=r"AnnealedVAE.max_capacity is <.*; expected a number of at least 0"):
        make(max_capacity=keras.optimizers.schedules.PolynomialDecay(0.0, 10, 5.0))
