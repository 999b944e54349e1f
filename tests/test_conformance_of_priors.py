"""Every gin file's model with every prior: by default a short list of checks for each objective that meets the prior in
its own way, with -m full the short list for all and the whole list for every class of model."""

import gin
import pytest

from disent_tf.errors import InputError
from tests import conformance
from tests.test_conformance import FIRSTS, MODELS, each

PRIORS = {
    "AnisotropicNormal": ["AnisotropicNormal.variances = (3., 1., 0.5)", "AnisotropicNormal.learned = True"],
    "StudentT": ["StudentT.df = 5."],
    "LaplacePrior": ["LaplacePrior.scale = 0.7"],
    "SpikeAndSlab": ["SpikeAndSlab.gamma = 0.6"],
    "GaussianMixture": ["GaussianMixture.locations = [(0., -1., 0.), (0., 1., 1.)]", "GaussianMixture.learned = True"],
    "VampPrior": [],
}
VARIANTS = each(sorted(FIRSTS))  # A gin file for each class of model.
JOINT = {"GaussianMixture", "VampPrior"}


@pytest.fixture(params=PRIORS)
def prior(request):
    return request.param


def load(gin_file, prior, *bindings):
    """Configures the model of a gin file with a prior; skips a pair that is refused, once it has been."""
    conformance.load(gin_file)
    model_class = gin.query_parameter("train.model").selector.rpartition(".")[2]
    conformance.load(gin_file, f"{model_class}.prior = @{prior}()", *PRIORS[prior], *bindings)
    if model_class == "BetaTCVAE" and prior in JOINT:
        with pytest.raises(InputError, match=f"BetaTCVAE cannot have a {prior}"):
            conformance.build()
        return False
    return True


MEETINGS = {"vae.gin", "factor_vae.gin", "beta_tc_vae.gin", "info_vae.gin", "decomposition_vae.gin", "ada_gvae.gin"}


@pytest.mark.parametrize("name", each(sorted(MEETINGS)) + each(sorted(set(MODELS) - MEETINGS), pytest.mark.full))
def test_takes_a_step_and_keeps_its_configuration(name, prior, tmp_path):
    if load(name, prior):
        model = conformance.build()
        assert type(model.prior).__name__ == prior
        conformance.check_steps(model, run_eagerly=True)
        conformance.check_config(model)
        conformance.check_saves(model, tmp_path / "model.keras")


@pytest.mark.full
@pytest.mark.parametrize("name", VARIANTS)
def test_exports(name, prior, tmp_path):
    if load(name, prior):
        conformance.check_exports(conformance.build(), tmp_path / "export")


@pytest.mark.full
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", VARIANTS)
def test_trains_in_mixed_precision(name, prior, precision):
    if load(name, prior):
        conformance.check_mixed_precision(precision)


@pytest.mark.full
@pytest.mark.parametrize("name", VARIANTS)
def test_compiled_step_equals_the_plain_one(name, prior):
    if load(name, prior, "SaltAndPepper.amount = 0."):
        conformance.check_compiled()


@pytest.mark.full
@pytest.mark.parametrize("name", VARIANTS)
def test_trains_on_two_replicas(name, prior):
    if load(name, prior):
        conformance.check_replicas()
