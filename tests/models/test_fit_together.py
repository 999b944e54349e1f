"""What does not fit together is told in one line; what networks and feeds have to fit is tested with each of them."""

import keras
import pytest

from disent_tf.distributions.likelihoods import Categorical
from disent_tf.distributions.posteriors import FullCovarianceNormal
from disent_tf.distributions.priors import StandardNormal, StudentT
from disent_tf.errors import InputError
from disent_tf.models import VAE
from disent_tf.networks.fully_connected import fc_decoder, fc_encoder
from tests import tiny


def test_prior_of_another_size():
    with pytest.raises(InputError, match="StudentT is over 4 dimensions, the codes have 3; give the prior the same"):
        VAE(**tiny.networks(), prior=StudentT(4))


@pytest.mark.parametrize("prior", ["normal", StandardNormal, keras.layers.Dense(3)])
def test_what_is_no_prior(prior):
    with pytest.raises(InputError, match=r"The prior is .*; expected a Prior, in gin written as @StandardNormal\(\)"):
        VAE(**tiny.networks(), prior=prior)


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
