"""Every network: the shapes it maps, its size, and what it refuses."""

import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.networks.burgess import burgess_decoder, burgess_encoder
from disent_tf.networks.discriminators import mlp_discriminator
from disent_tf.networks.fully_connected import fc_decoder, fc_encoder
from disent_tf.networks.locatello import locatello_decoder, locatello_encoder

FAMILIES = [(burgess_encoder, burgess_decoder), (locatello_encoder, locatello_decoder), (fc_encoder, fc_decoder)]
SHAPES = [(64, 64, 1), (64, 64, 3), (32, 32, 3)]


@pytest.mark.parametrize("encoder, decoder", FAMILIES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_decoder_undoes_the_shape_of_the_encoder(encoder, decoder, shape):
    parameters = encoder(shape, 7)(np.zeros((2, *shape), np.float32))
    assert parameters.shape == (2, 14)
    assert decoder(shape, 7)(parameters[:, :7]).shape == (2, *shape)


@pytest.mark.parametrize("encoder, decoder", FAMILIES)
def test_outputs_are_linear(encoder, decoder):
    noise = np.random.default_rng(0).normal(size=(64, 10)).astype(np.float32)
    assert decoder((32, 32, 1), 10)(noise).numpy().min() < 0
    assert encoder((32, 32, 1), 10)(np.random.default_rng(0).random((64, 32, 32, 1), np.float32)).numpy().min() < 0


def test_sizes_are_those_of_the_papers():
    # Counted by hand: sum over layers of (inputs per output + 1) * outputs.
    shape = (64, 64, 1)
    burgess = (16 + 1) * 32 + 3 * (512 + 1) * 32 + (512 + 1) * 256 + 257 * 256 + 257 * 20
    assert burgess_encoder(shape, 10).count_params() == burgess
    kim_mnih = (16 + 1) * 32 + (512 + 1) * 32 + (512 + 1) * 64 + (1024 + 1) * 64 + (1024 + 1) * 128 + 129 * 20
    encoder = locatello_encoder(shape, 10, kernel_sizes=(4, 4, 4, 4), hidden_units=128)
    assert encoder.count_params() == kim_mnih
    assert fc_encoder(shape, 10).count_params() == 4097 * 1200 + 1201 * 1200 + 1201 * 20
    assert mlp_discriminator(10).count_params() == 11 * 1000 + 5 * 1001 * 1000 + 1001 * 2


def test_locatello_defaults_have_the_small_kernels_of_the_code():
    kernels = [layer.kernel_size[0] for layer in locatello_encoder((64, 64, 1), 10).layers if "conv" in layer.name]
    assert kernels == [4, 4, 2, 2]


def test_discriminator_gives_two_logits():
    assert mlp_discriminator(4, num_layers=1, units=8)(np.zeros((5, 4), np.float32)).shape == (5, 2)


@pytest.mark.parametrize("network", [burgess_encoder, burgess_decoder, locatello_encoder, locatello_decoder])
@pytest.mark.parametrize("shape", [(30, 32, 1), (64, 64), (64, 0, 1), "64"], ids=str)
def test_images_of_another_shape_are_refused(network, shape):
    with pytest.raises(InputError, match="expected \\(height, width, channels\\)"):
        network(shape, 10)
