import numpy as np
import pytest
from scipy import stats

from disent_tf.distributions.mixtures import GaussianMixture
from disent_tf.errors import InputError
from disent_tf.models import VAE, DecompositionVAE
from tests import tiny

LOCATIONS = [[0.0, -1.0, 0.0], [0.0, 1.0, 0.0]]


def logs_of(model, output):
    loss = float(model.compute_loss(tiny.images(), y_pred=output))
    return loss, {name: float(value) for name, value in model.get_metrics_result().items()}


def test_beta_one_alpha_zero_is_the_vae():
    model, vae = DecompositionVAE(**tiny.networks(), alpha=0.0, beta=1.0), VAE(**tiny.networks())
    vae.set_weights(model.get_weights())
    output = model(tiny.images())
    assert logs_of(model, output)[0] == pytest.approx(logs_of(vae, output)[0], rel=1e-6)


@pytest.mark.parametrize("divergence", ["kl_inclusive", "mmd_per_dimension", "mmd"])
def test_loss_weighs_both_terms(divergence):
    # α · D once per image: iffsid's code would add it once in each of its two modes, and divide by N in one of them.
    model = DecompositionVAE(**tiny.networks(), alpha=3.0, beta=0.5, divergence=divergence)
    loss, logs = logs_of(model, model(tiny.images()))
    expected = logs["reconstruction"] + 0.5 * logs["kl"] + 3.0 * logs[f"divergence_{divergence}"]
    assert loss == pytest.approx(expected, rel=1e-6)


def test_the_mixtures_density_is_counted_once_unless_the_papers_figures_are_wanted():
    prior = GaussianMixture(LOCATIONS, variance=0.3)
    models = [DecompositionVAE(**tiny.networks(), prior=prior, legacy_prior_count=legacy) for legacy in (False, True)]
    models[1].set_weights(models[0].get_weights())
    output = models[0](tiny.images())
    correct, legacy = (logs_of(model, output)[1] for model in models)
    log_p = np.log(np.mean([stats.multivariate_normal(location, 0.3).pdf(output.z) for location in LOCATIONS], axis=0))
    assert correct["regularizer"] == pytest.approx(correct["kl_mc"], rel=1e-6)
    assert legacy["kl_mc"] == pytest.approx(correct["kl_mc"], rel=1e-6)
    assert legacy["regularizer"] == pytest.approx(correct["kl_mc"] - 2 * log_p.mean(), rel=1e-4)


def test_unknown_divergence_is_refused():
    with pytest.raises(InputError, match=r"DecompositionVAE.divergence is 'kld'; expected one of 'kl_inclusive'"):
        DecompositionVAE(**tiny.networks(), divergence="kld")


def test_the_count_of_a_prior_that_factorises_is_refused():
    with pytest.raises(InputError, match="legacy_prior_count is for joint priors, StandardNormal factorises"):
        DecompositionVAE(**tiny.networks(), legacy_prior_count=True)
