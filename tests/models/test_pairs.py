import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.data.pairs import ImagePairs
from disent_tf.distributions.posteriors import DiagonalNormal, LaplacePosterior
from disent_tf.errors import InputError
from disent_tf.models import AdaGVAE, AdaMLVAE, BetaVAE
from disent_tf.models.pairs import Moments, divergence, group_average, product_of_experts
from disent_tf.models.supervision import L2Supervision
from tests import tiny
from tests.models.image_pairs import inferred, pairs, posteriors

VARIANCES = np.array([[1.0, 0.5, 0.1]]), np.array([[2.0, 0.5, 0.3]])
FIRST = Moments(np.array([[0.0, 1.0, 2.0]]), np.log(VARIANCES[0]))
SECOND = Moments(np.array([[0.1, 1.0, -2.0]]), np.log(VARIANCES[1]))


def test_group_average_is_of_means_and_variances():
    mean, log_var = group_average(FIRST, SECOND)
    np.testing.assert_allclose(mean, [[0.05, 1.0, 0.0]])
    np.testing.assert_allclose(np.exp(log_var), [[1.5, 0.5, 0.2]])


def test_product_of_experts_averages_precisions():
    mean, log_var = product_of_experts(FIRST, SECOND)
    precision = 0.5 * (1 / VARIANCES[0] + 1 / VARIANCES[1])
    np.testing.assert_allclose(np.exp(log_var), 1 / precision)
    # disentanglement_lib's form: (m1 / v1 + m2 / v2) · v / 2 with v = 2 v1 v2 / (v1 + v2).
    expected = 0.5 * (FIRST.mean / VARIANCES[0] + SECOND.mean / VARIANCES[1]) / precision
    np.testing.assert_allclose(mean, expected, atol=1e-12)
    np.testing.assert_allclose(product_of_experts(FIRST, FIRST), FIRST)


def test_distance_is_the_divergence_of_normals():
    expected = tfd.kl_divergence(*(tfd.Normal(m.mean, np.exp(0.5 * m.log_var)) for m in (FIRST, SECOND)))
    np.testing.assert_allclose(divergence(FIRST, SECOND), expected)


@pytest.mark.parametrize("model_class", [AdaGVAE, AdaMLVAE])
def test_posteriors_that_are_sure_of_themselves_stay_finite(model_class):
    model = model_class(**tiny.networks())
    model.encoder.layers[-1].bias.assign([0.0] * 3 + [-110.0] * 3)  # A variance of 0 in float32.
    output = model(pairs(), training=True)
    assert np.isfinite(output.posterior_parameters).all()
    assert np.isfinite(model.compute_loss(pairs(), y_pred=output))


def test_loss_is_that_of_both_images_with_the_shared_posteriors():
    model, x = AdaGVAE(**tiny.networks(), beta=3.0), pairs()
    output = model(x, training=True)
    loss = float(model.compute_loss(x, y_pred=output))
    mean, log_var = np.split(output.posterior_parameters.numpy(), 2, axis=1)
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    reconstruction = -model.likelihood.log_prob(
        output.likelihood_parameters, x["images"].reshape(-1, *tiny.IMAGE_SHAPE)
    )
    assert loss == pytest.approx(float(tf.reduce_mean(reconstruction)) + 3.0 * kl.mean(), rel=1e-5)


def test_equal_images_keep_their_posterior():
    model, x = AdaMLVAE(**tiny.networks()), pairs()
    x["images"][:, 1] = x["images"][:, 0]
    for after, before in zip(inferred(model, x), posteriors(model, x), strict=True):
        for ours, own in zip(after, before, strict=True):
            np.testing.assert_allclose(ours, own, rtol=1e-5)


def test_single_images_are_evaluated_as_by_a_beta_vae():
    model = AdaGVAE(**tiny.networks(), beta=2.0)
    plain = BetaVAE(**tiny.networks(), beta=2.0)
    plain.set_weights(model.get_weights())
    output = plain(tiny.images())
    losses = [float(net.compute_loss(tiny.images(), y_pred=output)) for net in (model, plain)]
    assert losses[0] == losses[1]


def test_trains_on_the_pairs_of_a_data_set(tmp_path):
    data = ImagePairs(tiny.Squares())
    model = tiny.train_run(tmp_path / "run", lambda: AdaGVAE(**tiny.networks()), data=data, steps=2)
    assert int(model.optimizer.iterations) == 2


def test_data_without_pairs_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"learns from pairs of images; set train.data = @ImagePairs\(\)"):
        tiny.train_run(tmp_path / "run", lambda: AdaGVAE(**tiny.networks()))
    with pytest.raises(InputError, match="learns from pairs of images"):
        AdaGVAE(**tiny.networks())(tiny.images(), training=True)
    with pytest.raises(InputError, match=r"feeds pairs of images, which only AdaGVAE.*; set train.data = %train_data"):
        tiny.train_run(tmp_path / "run", data=ImagePairs(tiny.Squares()))


@pytest.mark.parametrize("posterior", [LaplacePosterior(), DiagonalNormal("softplus")])
def test_posteriors_that_cannot_be_averaged_are_refused(posterior):
    with pytest.raises(InputError, match="averages the means and variances of posteriors"):
        AdaGVAE(**tiny.networks(), posterior=posterior)


def test_supervision_is_refused():
    with pytest.raises(InputError, match="AdaGVAE is fed pairs, which come without labels; leave out supervision"):
        AdaGVAE(**tiny.networks(), supervision=L2Supervision((2, 4, 4)))
