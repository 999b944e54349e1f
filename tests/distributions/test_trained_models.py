"""KL and its decomposition for two models that seed 000's authors trained on dSprites; skipped where missing."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.distributions.aggregate_posterior import decompose
from disent_tf.distributions.divergences import kl_divergence
from disent_tf.distributions.priors import StandardNormal

DATA = pathlib.Path(__file__).parents[3] / "shared" / "data"
LOGGED_KL = {"vae": 25.40, "btcvae": 13.60}  # Nats per image, by their authors, at the end of training.


@pytest.fixture(params=LOGGED_KL)
def trained(request):
    """Means and deviations of the posteriors of 92,160 images, and the KL that was logged."""
    path = DATA / f"codes_{request.param}_dsprites.npz"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    with np.load(path) as arrays:
        mean, log_var = (arrays[name].astype(np.float32) for name in ("mean", "log_var"))
    return mean, np.exp(0.5 * log_var), LOGGED_KL[request.param]


def test_kl_is_the_logged_one(trained):
    mean, stddev, logged = trained
    kl = kl_divergence(tfd.Normal(mean, stddev), StandardNormal(10).distribution(), mean)
    # A quarter of the images, after training instead of during its last epoch.
    assert float(tf.reduce_mean(kl.total)) == pytest.approx(logged, rel=0.02)


def test_estimates_of_a_large_batch_against_the_whole_aggregate_posterior(trained):
    mean, stddev, _ = trained
    rng, prior = np.random.default_rng(0), StandardNormal(10).distribution()
    chosen = rng.permutation(len(mean))[:1000]
    batch = tfd.Normal(mean[chosen], stddev[chosen])
    z = batch.sample(seed=(0, 1))
    estimates = [float(tf.reduce_mean(part)) for part in decompose(batch, prior, z, len(mean), "mss")]

    joint, per_dimension = [], []
    for start in range(0, len(mean), 4096):  # log q(z|x) of 200 codes under every posterior.
        block = slice(start, start + 4096)
        log_q = tfd.Normal(mean[block], stddev[block]).log_prob(z[:200, None])
        joint.append(tf.reduce_logsumexp(tf.reduce_sum(log_q, axis=-1), axis=1))
        per_dimension.append(tf.reduce_logsumexp(log_q, axis=1))
    log_q = tf.reduce_logsumexp(joint, axis=0) - np.log(len(mean))
    log_q_product = tf.reduce_sum(tf.reduce_logsumexp(per_dimension, axis=0) - np.log(len(mean)), axis=-1)
    log_p = tf.reduce_sum(prior.log_prob(z[:200]), axis=-1)
    log_q_given_x = tf.reduce_sum(batch.log_prob(z), axis=-1)[:200]
    exact = [log_q_given_x - log_q, log_q - log_q_product, log_q_product - log_p]
    # 200 codes have standard errors up to 0.3 nats, and the batch overrates what its narrow posteriors tell.
    np.testing.assert_allclose(estimates, [float(tf.reduce_mean(part)) for part in exact], atol=1.2)
