"""What does not fit together is told in one line; what networks and feeds have to fit is tested with each of them."""

import keras
import pytest

from disent_tf.data.pinwheel import Pinwheel
from disent_tf.distributions.likelihoods import Bernoulli, Categorical, ContinuousBernoulli
from disent_tf.distributions.posteriors import FullCovarianceNormal
from disent_tf.distributions.priors import StandardNormal, StudentT
from disent_tf.errors import InputError
from disent_tf.models import VAE
from disent_tf.networks.fully_connected import fc_decoder, fc_encoder
from tests import tiny


def test_prior_of_another_size():
    with pytest.raises(InputError, match="StudentT is over 4 dimensions, the codes have 3; give the prior the same"):
        VAE(**tiny.networks(), prior=StudentT(4))


@pytest.mark.parametrize("part", ["prior", "posterior", "likelihood", "corruption", "supervision"])
@pytest.mark.parametrize("value", ["normal", StandardNormal, keras.layers.Dense(3)])
def test_what_is_no_part_of_a_model(part, value):
    with pytest.raises(InputError, match=rf"The {part} is .*; expected a {part.title()}, in gin written as @Name\(\)"):
        VAE(**tiny.networks(), **{part: value})


@pytest.mark.parametrize("likelihood", [Bernoulli(), ContinuousBernoulli(), Categorical(4)])
def test_data_where_the_likelihood_has_no_density(likelihood, tmp_path):
    def model():
        decoder = fc_decoder((2,), 2, likelihood.num_parameters, hidden_units=(4,))
        return VAE(fc_encoder((2,), 2, hidden_units=(4,)), decoder, likelihood=likelihood)

    with pytest.raises(InputError, match="is over values from 0 to 1, Pinwheel has values from -"):
        tiny.train_run(tmp_path / "run", model, data=Pinwheel())
    assert not (tmp_path / "run").exists()


def test_encoder_of_another_posterior():
    with pytest.raises(InputError, match=r"gives 6 values .* expected 9, the parameters of FullCovarianceNormal; .* 9"):
        VAE(**tiny.networks(), posterior=FullCovarianceNormal())
    encoder = fc_encoder(tiny.IMAGE_SHAPE, 3, num_parameters=9, hidden_units=(4,))
    assert VAE(encoder, tiny.decoder(), posterior=FullCovarianceNormal()).latent_dim == 3


def test_decoder_of_another_likelihood():
    with pytest.raises(InputError, match=r"expected \(16, 16, 4\) for Categorical; .* num_parameters = 4"):
        VAE(**tiny.networks(), likelihood=Categorical(4))
    decoder = fc_decoder(tiny.IMAGE_SHAPE, 3, num_parameters=4, hidden_units=(4,))
    assert VAE(tiny.encoder(), decoder, likelihood=Categorical(4)).image_shape == tiny.IMAGE_SHAPE
