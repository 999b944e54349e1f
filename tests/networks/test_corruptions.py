import keras
import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.models import VAE
from disent_tf.networks.corruptions import Erase, SaltAndPepper
from tests import tiny

GREY = np.full((10, 32, 32, 3), 0.4, np.float32)


def test_salt_and_pepper_changes_a_share_of_the_pixels_to_black_and_white():
    noisy = SaltAndPepper(0.2, share=1.0).corrupt(GREY, [0, 1]).numpy()
    changed = noisy != GREY
    assert changed.mean() == pytest.approx(0.2, abs=0.02)
    assert set(np.unique(noisy[changed])) == {0.0, 1.0}
    assert noisy[changed].mean() == pytest.approx(0.5, abs=0.05)
    assert (changed.all(axis=-1) == changed.any(axis=-1)).all()  # A pixel's channels change together.


def test_only_the_first_images_of_a_batch_are_corrupted():
    changed = (SaltAndPepper(0.5, share=0.7).corrupt(GREY, [0, 1]).numpy() != GREY).any(axis=(1, 2, 3))
    np.testing.assert_array_equal(changed, np.arange(10) < 7)


def test_erase_removes_bright_pixels_only():
    image = np.zeros((200, 16, 16, 1), np.float32)
    image[:, :8] = 1.0
    erased = Erase(0.3, share=1.0).corrupt(image, [0, 1]).numpy()
    assert (erased[:, 8:] == 0).all()
    shares = 1 - erased[:, :8].mean(axis=(1, 2, 3))
    assert shares.max() < 0.4  # The largest share is 0.3, up to the luck of the draw.
    assert shares.mean() == pytest.approx(0.15, abs=0.02)
    assert shares.std() > 0.05  # Each image has its own share.


@pytest.mark.parametrize("corruption", [SaltAndPepper, Erase])
def test_one_seed_gives_one_noise_and_zero_none(corruption):
    images = tiny.images(8)
    first, again, other = (corruption(0.5, share=1.0).corrupt(images, [0, seed]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0
    np.testing.assert_array_equal(corruption(0.0).corrupt(images, [0, 1]), images)


class Constant(SaltAndPepper):
    """Shows the encoder nothing."""

    def corrupt_all(self, x, seed):
        return np.zeros_like(x)


def test_only_the_encoders_input_is_corrupted_and_only_in_training():
    model = VAE(**tiny.networks(), corruption=Constant(0.0, share=1.0))
    images = tiny.images()
    nothing = model.encoder(np.zeros_like(images))
    np.testing.assert_allclose(model(images, training=True).posterior_parameters, nothing, atol=1e-6)
    np.testing.assert_allclose(model(images, training=False).posterior_parameters, model.encoder(images), atol=1e-6)
    output = model(images, training=True)
    model.compute_loss(images, y_pred=output)
    clean = -model.likelihood.log_prob(output.likelihood_parameters, images).numpy().mean()
    assert float(model.get_metrics_result()["reconstruction"]) == pytest.approx(clean, rel=1e-6)


def test_survives_serialisation():
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(SaltAndPepper(0.3, share=0.4)))
    assert (type(copy), copy.amount, copy.share) == (SaltAndPepper, 0.3, 0.4)


@pytest.mark.parametrize(("name", "value"), [("amount", -0.1), ("amount", 2), ("share", "all"), ("share", True)])
def test_shares_that_are_none_are_an_error(name, value):
    with pytest.raises(InputError, match=rf"Erase.{name} is {value!r}; expected a number from 0 to 1"):
        Erase(**{"amount": 0.1, name: value})
