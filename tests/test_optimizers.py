import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.optimizers import FusedAdam, fused


def trained(optimizer, steps=20, *, compiled=False):
    """Weights after some steps on gradients that differ from step to step."""
    weights = [keras.Variable(np.linspace(-1, 1, num).astype(np.float32)) for num in (7, 3)]
    optimizer.build(weights)
    apply = tf.function(lambda gradients: optimizer.apply(gradients, weights), jit_compile=compiled)
    for step in range(steps):
        apply([tf.random.stateless_normal(weight.shape, (step, 0)) for weight in weights])
    return [weight.numpy() for weight in weights], [variable.numpy() for variable in optimizer.variables]


OPTIONS = [
    {"learning_rate": 0.1},
    {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5), "beta_1": 0.5, "beta_2": 0.9},
    {"weight_decay": 0.1, "clipnorm": 0.5, "epsilon": 1e-3},
    {"amsgrad": True},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("compiled", [False, True])
def test_steps_are_those_of_adam(options, compiled):
    own, plain = (trained(kind(**options), compiled=compiled) for kind in (FusedAdam, keras.optimizers.Adam))
    for a, b in zip([*own[0], *own[1]], [*plain[0], *plain[1]], strict=True):
        # 1 - beta_2 is rounded to float32 here, a relative 1e-5 for 0.999: of the way of 20 steps of up to 0.1.
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5)


def test_only_a_new_adam_is_replaced():
    adam = keras.optimizers.Adam(0.3, beta_1=0.5, clipnorm=1.0)
    found = fused(adam)
    assert type(found) is FusedAdam
    assert found.get_config() == adam.get_config()
    assert fused(found) is found
    built = keras.optimizers.Adam()
    built.build([keras.Variable(1.0)])
    for other in (built, keras.optimizers.SGD(0.1), keras.optimizers.AdamW()):
        assert fused(other) is other
