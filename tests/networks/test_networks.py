"""Every network: the shapes it maps, its size, and what it refuses."""

import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.networks.burgess import burgess_decoder, burgess_encoder
from disent_tf.networks.discriminators import mlp_discriminator
from disent_tf.networks.fully_connected import fc_decoder, fc_encoder
from disent_tf.networks.info_gan import info_gan_discriminator, info_gan_generator
from disent_tf.networks.kulkarni import kulkarni_decoder, kulkarni_encoder
from disent_tf.networks.locatello import locatello_decoder, locatello_encoder

FAMILIES = [
    (burgess_encoder, burgess_decoder),
    (locatello_encoder, locatello_decoder),
    (fc_encoder, fc_decoder),
    (kulkarni_encoder, kulkarni_decoder),
]
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
    kulkarni = (25 + 1) * 96 + (25 * 96 + 1) * 48 + (25 * 48 + 1) * 24 + (8 * 8 * 24 + 1) * 20
    assert kulkarni_encoder(shape, 10).count_params() == kulkarni
    decoder = 11 * 8 * 8 * 24 + (49 * 24 + 1) * 48 + (49 * 48 + 1) * 96 + 49 * 96 + 1
    assert kulkarni_decoder(shape, 10).count_params() == decoder
    assert fc_encoder(shape, 10).count_params() == 4097 * 1200 + 1201 * 1200 + 1201 * 20
    assert mlp_discriminator(10).count_params() == 11 * 1000 + 5 * 1001 * 1000 + 1001 * 2


def test_locatello_defaults_have_the_small_kernels_of_the_code():
    kernels = [layer.kernel_size[0] for layer in locatello_encoder((64, 64, 1), 10).layers if "conv" in layer.name]
    assert kernels == [4, 4, 2, 2]


def test_info_gan_has_the_sizes_of_its_recipe():
    # InfoGAN-CR's dSprites: dense 128 and 4 * 4 * 64, deconvolutions 64, 32, 32, 1; four numbers to normalise each.
    shape = (64, 64, 1)
    dense = 11 * 128 + 4 * 128 + 129 * 1024 + 4 * 1024
    deconvolutions = (16 * 64 + 1) * 64 + (16 * 64 + 1) * 32 + (16 * 32 + 1) * 32 + 16 * 32 + 1
    normalised = 4 * (64 + 32 + 32)
    assert info_gan_generator(shape, 10).count_params() == dense + deconvolutions + normalised
    trunk = (16 + 1) * 32 + (512 + 1) * 32 + (512 + 1) * 64 + (1024 + 1) * 64 + 1025 * 128
    heads = 129 + 129 * 128 + 129 * 5
    assert info_gan_discriminator(shape, 5, spectral_norm=False).count_params() == trunk + heads


def test_info_gan_maps_codes_to_images_and_images_to_codes():
    made = info_gan_generator((32, 48, 3), 7)(np.zeros((2, 7), np.float32))
    assert made.shape == (2, 32, 48, 3)
    is_real, parameters = info_gan_discriminator((32, 48, 3), 6)(made)
    assert (is_real.shape, parameters.shape) == ((2, 1), (2, 6))


def test_spectral_norm_bounds_a_layers_gain():
    # Of a matrix divided by its largest singular value no output is longer than the input.
    network = info_gan_discriminator((16, 16, 1), 2)
    layer = network.get_layer("q_hidden_sn")
    x = np.random.default_rng(0).normal(size=(64, 128)).astype(np.float32)
    for _ in range(50):  # The power iteration takes one step at a time.
        y = layer(x, training=True)
    gains = np.linalg.norm(y, axis=1) / np.linalg.norm(x, axis=1)
    assert np.linalg.norm(layer.layer.kernel, 2) == pytest.approx(1.0, rel=0.05)
    assert gains.max() <= 1.05


def test_discriminator_gives_two_logits():
    assert mlp_discriminator(4, num_layers=1, units=8)(np.zeros((5, 4), np.float32)).shape == (5, 2)


@pytest.mark.parametrize(
    "network",
    [burgess_encoder, burgess_decoder, locatello_encoder, locatello_decoder, kulkarni_encoder, kulkarni_decoder],
)
@pytest.mark.parametrize("shape", [(30, 32, 1), (64, 64), (64, 0, 1), "64"], ids=str)
def test_images_of_another_shape_are_refused(network, shape):
    with pytest.raises(InputError, match="expected \\(height, width, channels\\)"):
        network(shape, 10)
