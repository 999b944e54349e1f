import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.distributions.aggregate_posterior import decompose
from disent_tf.distributions.mixtures import GaussianMixture
from disent_tf.errors import InputError
from disent_tf.models import VAE, BetaTCVAE
from tests import tiny


def make(**options):
    keras.utils.set_random_seed(0)
    model = BetaTCVAE(**tiny.networks(), num_data=32, **options)
    model.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
    return model


def loss_and_logs(model, output):
    model.reset_metrics()
    loss = float(model.compute_loss(tiny.images(), y_pred=output))
    return loss, {name: float(value) for name, value in model.get_metrics_result().items()}


def dlib_total_correlation(output):
    """disentanglement_lib's `total_correlation`, from its definition: batch sums without constants."""
    mean, log_var = np.split(output.posterior_parameters.numpy().astype(np.float64), 2, axis=1)
    z = output.z.numpy().astype(np.float64)
    log_q = stats.norm.logpdf(z[:, None], mean[None], np.exp(0.5 * log_var)[None])  # [code, image, dimension]
    joint = special.logsumexp(log_q.sum(axis=2), axis=1)
    return (joint - special.logsumexp(log_q, axis=1).sum(axis=1)).mean()


def test_with_dlibs_estimator_the_loss_is_dlibs():
    model = make(alpha=1.0, beta=7.0, gamma=1.0, estimator="dlib")
    output = model(tiny.images())
    loss, logs = loss_and_logs(model, output)
    total_correlation = dlib_total_correlation(output)
    assert logs["tc_dlib"] == pytest.approx(total_correlation, rel=1e-5)
    assert loss == pytest.approx(logs["reconstruction"] + logs["kl"] + 6.0 * total_correlation, rel=1e-6)


def test_weighted_sampling_is_dlibs_form_and_a_constant():
    model = make(beta=7.0, estimator="mws")
    output = model(tiny.images())
    _, logs = loss_and_logs(model, output)
    constant = (tiny.LATENT_DIM - 1) * np.log(32 * 8)
    assert logs["tc_mws"] == pytest.approx(dlib_total_correlation(output) + constant, rel=1e-5)


@pytest.mark.parametrize("estimator", ["mws", "mss", "dlib"])
def test_all_weights_one_is_the_vae(estimator):
    model, vae = make(alpha=1.0, beta=1.0, gamma=1.0, estimator=estimator), VAE(**tiny.networks())
    vae.set_weights(model.get_weights())
    output = model(tiny.images())
    assert loss_and_logs(model, output)[0] == pytest.approx(loss_and_logs(vae, output)[0], rel=1e-6)


def test_weights_weigh_the_three_parts():
    model = make(alpha=2.0, beta=5.0, gamma=3.0, estimator="mss")
    # With the sampled KL in place of the closed form, the loss is α MI + β TC + γ dwKL to the letter.
    images = tiny.images()
    output = model(images)
    code, _ = model._code(output, training=True)
    sampled_kl = tf.reduce_sum(code.posterior.log_prob(code.z) - code.prior.log_prob(code.z), axis=-1)
    regularizer = float(tf.reduce_mean(model.regularizer(code._replace(kl=sampled_kl))))
    logs = model.get_metrics_result()
    expected = 2.0 * logs["mi_mss"] + 5.0 * logs["tc_mss"] + 3.0 * logs["dwkl_mss"]
    assert regularizer == pytest.approx(float(expected), rel=1e-5)


def test_the_loss_has_the_expectation_of_the_papers():
    model = make(alpha=2.0, beta=4.0, gamma=0.5, estimator="mss")
    code, _ = model._code(model(np.repeat(tiny.images(), 400, axis=0)), training=True)
    regularizer = model.regularizer(code)
    parts = decompose(code.posterior, code.prior, code.z, 32, "mss")
    difference = (regularizer - (2.0 * parts.mi + 4.0 * parts.tc + 0.5 * parts.dwkl)).numpy()
    assert difference.std() > 0  # The paper's estimate has the sampled KL, this loss the closed form.
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(len(difference))


def test_a_prior_whose_dimensions_depend_on_each_other_is_refused():
    with pytest.raises(InputError, match="BetaTCVAE cannot have a GaussianMixture: its dimensions depend"):
        make(prior=GaussianMixture(np.eye(3)))


def test_data_of_another_size_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"BetaTCVAE.num_data is 33, the data has 32 images; set num_data = 32"):
        tiny.train_run(tmp_path / "run", lambda: BetaTCVAE(**tiny.networks(), num_data=33))
    with pytest.raises(InputError, match="A batch of 40 is larger than the data, 32 images"):
        tiny.train_run(tmp_path / "run", lambda: BetaTCVAE(**tiny.networks(), num_data=32), batch_size=40)
    assert issubclass(tiny.Squares, GroundTruthData)
    assert not (tmp_path / "run").exists()


def test_parameters_out_of_range_are_refused():
    with pytest.raises(InputError, match=r"BetaTCVAE.estimator is 'mcs'; expected one of 'mws', 'mss', 'dlib'"):
        make(estimator="mcs")
    with pytest.raises(InputError, match=r"BetaTCVAE.alpha is -1.0"):
        make(alpha=-1.0)
