"""Pairs of images for tests of weak supervision, and the posteriors of their images."""

import numpy as np

from disent_tf.models.pairs import Moments
from tests import tiny


def pairs(num=8, changed=(True, False, False)):
    images = tiny.images(2 * num)
    return {"images": np.stack([images[:num], images[num:]], axis=1), "changed": np.tile([changed], (num, 1))}


def posteriors(model, x):
    """Means and log variances of the first and the second images of pairs, before sharing."""
    return _moments(model.encoder(x["images"].reshape(-1, *tiny.IMAGE_SHAPE)).numpy())


def inferred(model, x):
    """As `posteriors`, after sharing."""
    return _moments(model.infer(x, training=True).numpy())


def _moments(parameters):
    mean, log_var = np.split(parameters, 2, axis=1)
    return [Moments(mean[i::2], log_var[i::2]) for i in range(2)]


def distances(first, second):
    variances = np.exp(first.log_var), np.exp(second.log_var)
    ratio = variances[0] / variances[1]
    return 0.5 * (ratio + (second.mean - first.mean) ** 2 / variances[1] - 1 - np.log(ratio))


def assert_shares_close_dimensions(model, average):
    """The dimensions whose KL is below half way between least and largest are averaged, the others kept."""
    x = pairs()
    own = posteriors(model, x)
    kl = distances(*own)
    close = kl < 0.5 * (kl.min(axis=1) + kl.max(axis=1))[:, None]
    assert 0 < close.mean() < 1
    for after, before in zip(inferred(model, x), own, strict=True):
        for ours, common, unshared in zip(after, average(*own), before, strict=True):
            np.testing.assert_allclose(ours, np.where(close, common, unshared), rtol=1e-4, atol=1e-6)
