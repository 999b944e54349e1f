import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.data.pairs import ImagePairs
from disent_tf.distributions.posteriors import DiagonalNormal, LaplacePosterior
from disent_tf.errors import InputError
from disent_tf.models import AdaGVAE, AdaMLVAE, BetaVAE, GroupVAE
from disent_tf.models.pairs import Moments, group_average, product_of_experts
from tests import tiny

FIRST = Moments(np.array([[0.0, 1.0, 2.0]]), np.array([[1.0, 0.5, 0.1]]))
SECOND = Moments(np.array([[0.1, 1.0, -2.0]]), np.array([[2.0, 0.5, 0.3]]))


def pairs(num=8, changed=(True, False, False)):
    images = tiny.images(2 * num)
    return {"images": np.stack([images[:num], images[num:]], axis=1), "changed": np.tile([changed], (num, 1))}


def posteriors(model, x):
    """Means and variances of the first and the second images of pairs, before sharing."""
    posterior = model.encode(x["images"].reshape(-1, *tiny.IMAGE_SHAPE))
    return [Moments(posterior.mean().numpy()[i::2], posterior.variance().numpy()[i::2]) for i in range(2)]


def inferred(model, x):
    parameters = model.infer(x, training=True).numpy()
    mean, log_var = np.split(parameters, 2, axis=1)
    return [Moments(mean[i::2], np.exp(log_var[i::2])) for i in range(2)]


def test_group_average_is_of_means_and_variances():
    mean, variance = group_average(FIRST, SECOND)
    np.testing.assert_allclose(mean, [[0.05, 1.0, 0.0]])
    np.testing.assert_allclose(variance, [[1.5, 0.5, 0.2]])


def test_product_of_experts_averages_precisions():
    mean, variance = product_of_experts(FIRST, SECOND)
    precision = 0.5 * (1 / FIRST.variance + 1 / SECOND.variance)
    np.testing.assert_allclose(variance, 1 / precision)
    expected = 0.5 * (FIRST.mean / FIRST.variance + SECOND.mean / SECOND.variance) / precision
    np.testing.assert_allclose(mean, expected, atol=1e-12)
    np.testing.assert_allclose(product_of_experts(FIRST, FIRST), FIRST)


def distances(first, second):
    ratio = first.variance / second.variance
    return 0.5 * (ratio + (second.mean - first.mean) ** 2 / second.variance - 1 - np.log(ratio))


@pytest.mark.parametrize(("model_class", "average"), [(AdaGVAE, group_average), (AdaMLVAE, product_of_experts)])
def test_close_dimensions_are_shared(model_class, average):
    keras.utils.set_random_seed(0)
    model, x = model_class(**tiny.networks()), pairs()
    own = posteriors(model, x)
    kl = distances(*own)
    close = kl < 0.5 * (kl.min(axis=1) + kl.max(axis=1))[:, None]
    assert 0 < close.mean() < 1
    for after, before in zip(inferred(model, x), own, strict=True):
        for ours, common, unshared in zip(after, average(*own), before, strict=True):
            np.testing.assert_allclose(ours, np.where(close, common, unshared), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("averaging", "average"), [("gvae", group_average), ("ml_vae", product_of_experts)])
def test_labels_say_what_is_shared(averaging, average):
    model = GroupVAE(**tiny.networks(), averaging=averaging)
    x = pairs(changed=(False, True))  # Two factors: the third dimension belongs to none.
    own = posteriors(model, x)
    for after, before in zip(inferred(model, x), own, strict=True):
        for ours, common, unshared in zip(after, average(*own), before, strict=True):
            expected = np.stack([common[:, 0], unshared[:, 1], common[:, 2]], axis=1)
            np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)


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
    with pytest.raises(InputError, match="feeds pairs of images, which only AdaGVAE"):
        tiny.train_run(tmp_path / "run", data=ImagePairs(tiny.Squares()))


def test_more_factors_than_dimensions_are_refused(tmp_path):
    networks = {"encoder": tiny.encoder(2), "decoder": tiny.decoder(2)}
    with pytest.raises(InputError, match="GroupVAE ties a dimension to each of 3 factors, the codes have 2"):
        tiny.train_run(tmp_path / "run", lambda: GroupVAE(**networks), data=ImagePairs(tiny.Squares()))


@pytest.mark.parametrize("posterior", [LaplacePosterior(), DiagonalNormal("softplus")])
def test_posteriors_that_cannot_be_averaged_are_refused(posterior):
    with pytest.raises(InputError, match="averages the means and variances of posteriors"):
        AdaGVAE(**tiny.networks(), posterior=posterior)
