import keras
import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.models import VAE, BetaVAE
from tests import tiny


def trained(model_class, *, run_eagerly=False, **options):
    keras.utils.set_random_seed(0)
    model = model_class(**tiny.networks(), **options)
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False, run_eagerly=run_eagerly)
    model.fit(tiny.images(), batch_size=4, epochs=3, verbose=0)
    return model


def test_beta_one_is_the_vae_exactly():
    # Eagerly: TensorFlow's graph optimizer fuses the two graphs differently, which moves the last bit of some weights.
    ours, vaes = trained(BetaVAE, beta=1.0, run_eagerly=True), trained(VAE, run_eagerly=True)
    for our, theirs in zip(ours.get_weights(), vaes.get_weights(), strict=True):
        np.testing.assert_array_equal(our, theirs)


def test_beta_one_is_the_vae_in_a_graph():
    for our, theirs in zip(trained(BetaVAE, beta=1.0).get_weights(), trained(VAE).get_weights(), strict=True):
        np.testing.assert_allclose(our, theirs, atol=1e-6)


def test_loss_weighs_the_kl():
    model = BetaVAE(**tiny.networks(), beta=7.0)
    loss = float(model.compute_loss(tiny.images(), y_pred=model(tiny.images())))
    logs = model.get_metrics_result()
    assert loss == pytest.approx(float(logs["reconstruction"] + 7 * logs["kl"]), rel=1e-6)


def test_a_larger_beta_leaves_less_information_in_the_code():
    assert trained(BetaVAE, beta=100.0).kl_means.result()["kl_0"] < trained(BetaVAE, beta=0.0).kl_means.result()["kl_0"]


def test_beta_may_be_a_schedule_over_steps():
    schedule = keras.optimizers.schedules.PolynomialDecay(0.0, decay_steps=4, end_learning_rate=8.0)
    model = trained(BetaVAE, beta=schedule)  # Six steps: past the end of the schedule.
    assert float(model.weight_now(model.beta)) == 8.0
    model.optimizer.iterations.assign(1)
    assert float(model.weight_now(model.beta)) == 2.0
    copy = BetaVAE.from_config(model.get_config())
    assert copy.beta.get_config() == schedule.get_config()


@pytest.mark.parametrize("beta", ["4", -1.0, None, float("nan"), True])
def test_beta_that_is_no_weight_is_refused(beta):
    with pytest.raises(InputError, match=r"BetaVAE.beta is .*; expected a number >= 0"):
        BetaVAE(**tiny.networks(), beta=beta)
