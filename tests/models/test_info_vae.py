import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.distributions import divergences
from disent_tf.distributions.priors import StandardNormal
from disent_tf.errors import InputError
from disent_tf.models import VAE, InfoVAE
from tests import tiny


def test_alpha_zero_lambda_one_is_the_vae():
    model, vae = InfoVAE(**tiny.networks(), alpha=0.0, lambda_=1.0), VAE(**tiny.networks())
    vae.set_weights(model.get_weights())
    output = model(tiny.images())
    losses = [float(net.compute_loss(tiny.images(), y_pred=output)) for net in (model, vae)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.parametrize("kernel", ["rbf", "imq"])
def test_loss_weighs_both_terms(kernel):
    model = InfoVAE(**tiny.networks(), alpha=-0.5, lambda_=5.0, kernel=kernel)
    loss = float(model.compute_loss(tiny.images(), y_pred=model(tiny.images())))
    logs = {name: float(value) for name, value in model.get_metrics_result().items()}
    expected = logs["reconstruction"] + 1.5 * logs["kl"] + 3.5 * logs[f"mmd_{kernel}"]
    assert loss == pytest.approx(expected, rel=1e-6)


def test_discrepancy_is_between_the_codes_and_the_prior():
    model = InfoVAE(**tiny.networks(), kernel="rbf")
    model.encoder.layers[-1].bias.assign([3.0] * 3 + [-10.0] * 3)  # All codes near (3, 3, 3).
    output = model(np.repeat(tiny.images(), 32, axis=0))
    model.compute_loss(np.repeat(tiny.images(), 32, axis=0), y_pred=output)
    z_prior = StandardNormal(3).distribution().sample(20_000 // 16, seed=(0, 1))
    expected = float(divergences.mmd(tf.tile(output.z, (5, 1))[:1250], z_prior, "rbf"))
    assert float(model.get_metrics_result()["mmd_rbf"]) == pytest.approx(expected, abs=0.03)


def test_mmd_vae_brings_the_aggregate_posterior_to_the_prior():
    keras.utils.set_random_seed(0)
    model = InfoVAE(**tiny.networks(), alpha=1.0, lambda_=500.0)
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    model.fit(tf.data.Dataset.from_tensors(tiny.images(32)).repeat(150), shuffle=False, verbose=0)
    z = model(np.repeat(tiny.images(32), 50, axis=0)).z.numpy()
    assert np.abs(z.mean(axis=0)).max() < 0.35
    assert np.all(np.abs(np.log(z.std(axis=0))) < 0.5)


def test_weights_out_of_range_are_refused():
    with pytest.raises(InputError, match=r"InfoVAE.alpha is 1.5; expected a number up to 1"):
        InfoVAE(**tiny.networks(), alpha=1.5)
    with pytest.raises(InputError, match=r"InfoVAE.lambda_ is 1.0; expected at least 1 - alpha = 1.5"):
        InfoVAE(**tiny.networks(), alpha=-0.5, lambda_=1.0)
    with pytest.raises(InputError, match=r"InfoVAE.kernel is 'linear'; expected one of 'rbf', 'imq'"):
        InfoVAE(**tiny.networks(), kernel="linear")
