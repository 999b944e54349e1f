import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.distributions.posteriors import FullCovarianceNormal
from disent_tf.errors import InputError
from disent_tf.models import DIPVAE
from disent_tf.networks.fully_connected import fc_encoder
from tests import tiny


def penalty_of(covariance, lambda_od, lambda_d):
    diagonal = np.diag(covariance)
    off_diagonal = (covariance**2).sum() - (diagonal**2).sum()
    return lambda_od * off_diagonal + lambda_d * ((diagonal - 1) ** 2).sum()


def logged_penalty(model):
    output = model(tiny.images())
    loss = float(model.compute_loss(tiny.images(), y_pred=output))
    logs = {name: float(value) for name, value in model.get_metrics_result().items()}
    assert loss == pytest.approx(logs["reconstruction"] + logs["kl"] + logs["covariance_penalty"], rel=1e-6)
    return logs["covariance_penalty"], model.posterior.distribution(output.posterior_parameters)


@pytest.mark.parametrize("dip_type", ["i", "ii"])
def test_penalty_against_numpy(dip_type):
    keras.utils.set_random_seed(0)
    penalty, posterior = logged_penalty(DIPVAE(**tiny.networks(), dip_type=dip_type, lambda_od=3.0, lambda_d=7.0))
    covariance = np.cov(posterior.mean().numpy().T, bias=True)
    if dip_type == "ii":
        # disent adds the scalar trace of the whole batch to every entry instead.
        covariance = covariance + np.diag(posterior.variance().numpy().mean(axis=0))
    assert penalty == pytest.approx(penalty_of(covariance, 3.0, 7.0), rel=1e-4)


def test_samples_of_the_posterior_have_the_covariance_that_ii_penalises():
    model = DIPVAE(**tiny.networks(), dip_type="ii", lambda_od=0.0, lambda_d=1.0)
    _, posterior = logged_penalty(model)
    z = posterior.sample(20_000, seed=(0, 1)).numpy().reshape(-1, 3)
    ours = np.cov(posterior.mean().numpy().T, bias=True) + np.diag(posterior.variance().numpy().mean(axis=0))
    np.testing.assert_allclose(np.cov(z.T), ours, atol=0.03)


def test_a_full_covariance_posterior_brings_its_correlations():
    encoder = fc_encoder(tiny.IMAGE_SHAPE, 3, num_parameters=9, hidden_units=(16,))
    model = DIPVAE(
        encoder, tiny.decoder(), dip_type="ii", posterior=FullCovarianceNormal(), lambda_od=2.0, lambda_d=1.0
    )
    penalty, posterior = logged_penalty(model)
    covariance = np.cov(posterior.mean().numpy().T, bias=True) + tf.reduce_mean(posterior.covariance(), axis=0)
    assert penalty == pytest.approx(penalty_of(np.array(covariance), 2.0, 1.0), rel=1e-4)


def test_parameters_out_of_range_are_refused():
    with pytest.raises(InputError, match=r"DIPVAE.dip_type is 'iii'; expected one of 'i', 'ii'"):
        DIPVAE(**tiny.networks(), dip_type="iii")
    with pytest.raises(InputError, match=r"DIPVAE.lambda_od is -1"):
        DIPVAE(**tiny.networks(), dip_type="i", lambda_od=-1)
