"""What the estimators of mutual information, total correlation and dimension-wise KL say of a trained model.

Takes a npz of the posteriors of a whole data set, `mean` and `log_var` `[num, latent_dim]`, and compares minibatch
estimates with the aggregate posterior of all of them:

    python benchmarks/decomposition_estimators.py codes_vae_dsprites.npz
"""

import argparse

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from disent_tf.distributions.aggregate_posterior import Decomposition, decompose
from disent_tf.distributions.priors import StandardNormal

NUM_CODES = 1000
BLOCK = 2048


def exact(mean: np.ndarray, stddev: np.ndarray, rng: np.random.Generator) -> Decomposition:
    """Means over `NUM_CODES` codes, with q(z) the mixture of all posteriors."""
    chosen = rng.permutation(len(mean))[:NUM_CODES]
    z = mean[chosen] + stddev[chosen] * rng.normal(size=(len(chosen), mean.shape[1])).astype(np.float32)
    joint, per_dimension = [], []
    for start in range(0, len(mean), BLOCK):
        block = tfd.Normal(mean[start : start + BLOCK], stddev[start : start + BLOCK])
        log_q = block.log_prob(z[:, None])
        joint.append(tf.reduce_logsumexp(tf.reduce_sum(log_q, axis=-1), axis=1))
        per_dimension.append(tf.reduce_logsumexp(log_q, axis=1))
    log_q = tf.reduce_logsumexp(joint, axis=0) - np.log(len(mean))
    log_q_product = tf.reduce_sum(tf.reduce_logsumexp(per_dimension, axis=0) - np.log(len(mean)), axis=-1)
    log_q_given_x = tf.reduce_sum(tfd.Normal(mean[chosen], stddev[chosen]).log_prob(z), axis=-1)
    log_p = tf.reduce_sum(StandardNormal(mean.shape[1]).distribution().log_prob(z), axis=-1)
    return Decomposition(log_q_given_x - log_q, log_q - log_q_product, log_q_product - log_p)


def estimated(mean: np.ndarray, stddev: np.ndarray, batch_size: int, estimator: str) -> Decomposition:
    """Means over batches that hold 2,000 images in all, at least four."""
    rng, prior, rows = np.random.default_rng(0), StandardNormal(mean.shape[1]).distribution(), []
    for batch in range(max(4, 2000 // batch_size)):
        chosen = rng.permutation(len(mean))[:batch_size]
        posterior = tfd.Normal(mean[chosen], stddev[chosen])
        rows.append(decompose(posterior, prior, posterior.sample(seed=(batch, 1)), len(mean), estimator))
    return Decomposition(*(np.mean([np.mean(part) for part in parts]) for parts in zip(*rows, strict=True)))


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codes")
    file = np.load(parser.parse_args().codes)
    mean, stddev = file["mean"].astype(np.float32), np.exp(0.5 * file["log_var"].astype(np.float32))
    print("| estimator | batch | MI | TC | dwKL |\n|---|---|---|---|---|")
    rows = {("all posteriors", len(mean)): exact(mean, stddev, np.random.default_rng(0))}
    for batch_size in (64, 256, 1000):
        for estimator in ("mss", "mws"):
            rows[estimator, batch_size] = estimated(mean, stddev, batch_size, estimator)
    for (name, size), parts in rows.items():
        print(f"| {name} | {size} | " + " | ".join(f"{np.mean(part):.2f}" for part in parts) + " |")


if __name__ == "__main__":
    main()
