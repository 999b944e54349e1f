"""The table of docs/objectives.md, cell by cell, against the code."""

import pathlib
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf import models
from disent_tf.distributions.aggregate_posterior import decompose
from disent_tf.models import Code
from tests import tiny

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "objectives.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if re.match(r"\| `[A-Z]\w+`(.*\|){7}", line)
]
OPTIONS = {
    "BetaVAE": {"beta": 3.0},
    "AnnealedVAE": {"gamma": 30.0, "max_capacity": 0.01},
    "FactorVAE": {"gamma": 5.0, "discriminator": tiny.discriminator()},
    "BetaTCVAE": {"num_data": 32, "alpha": 2.0, "beta": 5.0, "gamma": 3.0, "estimator": "mss"},
    "DIPVAE": {"dip_type": "ii", "lambda_od": 2.0, "lambda_d": 3.0},
    "InfoVAE": {"alpha": -0.5, "lambda_": 7.0, "kernel": "imq"},
    "DecompositionVAE": {"alpha": 4.0, "beta": 0.5},
    "AdaGVAE": {"beta": 3.0},
    "AdaMLVAE": {"beta": 3.0},
    "GroupVAE": {"beta": 3.0},
    "DCIGN": {"dims_per_factor": (1, 1, 1)},
}


def test_the_table_has_every_vae():
    names = {name for name, value in vars(models).items() if isinstance(value, type) and issubclass(value, models.VAE)}
    assert {re.search(r"`(\w+)`", row[0])[1] for row in ROWS} == names


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_loss_has_the_weights_of_the_table(row):
    name = re.search(r"`(\w+)`", row[0])[1]
    model = getattr(models, name)(**tiny.networks(), **OPTIONS.get(name, {}))
    model.compile(keras.optimizers.SGD())
    output = model(tiny.images())
    whole = float(model.compute_loss(tiny.images(), y_pred=output, training=False))
    logs = {key: float(value) for key, value in model.get_metrics_result().items()}
    code, _ = model._code(output, training=False)
    model.reset_metrics()
    parts = decompose(code.posterior, code.prior, code.z, 32, "mss")
    code = Code(code.z, code.posterior, code.prior, kl=sum(parts), training=False)  # The KL that the parts make up.
    if name == "FactorVAE":  # A discriminator that knows the total correlation.
        model.discriminate = lambda z: tf.stack([parts.tc, tf.zeros_like(parts.tc)], axis=1)
    loss = float(tf.reduce_mean(model.regularizer(code)))

    parameters = {key: value for key, value in OPTIONS.get(name, {}).items() if isinstance(value, float)}
    reconstruction, *weights, d_weight = (eval(cell.strip("`"), {}, parameters) for cell in row[1:6])
    logged = [key for key in re.findall(r"`(\w+)`", row[6]) if key in model.term_means and key != "tc_discriminator"]
    d = float(model.get_metrics_result()[logged[0]]) if d_weight else 0.0
    negative_log_likelihood = -float(tf.reduce_mean(model.decode(code.z).log_prob(tiny.images())))
    assert whole == pytest.approx(reconstruction * negative_log_likelihood + logs["regularizer"], rel=1e-5)
    expected = sum(weight * float(tf.reduce_mean(part)) for weight, part in zip(weights, parts, strict=True))
    np.testing.assert_allclose(loss, expected + d_weight * d, rtol=1e-4, atol=1e-5)
