import numpy as np
import pytest
import tensorflow as tf

from disent_tf.data.pinwheel import Pinwheel
from disent_tf.distributions.likelihoods import GaussianLikelihood
from disent_tf.errors import InputError
from disent_tf.models import VAE
from disent_tf.networks.fully_connected import fc_decoder, fc_encoder
from disent_tf.visualization import arrays
from disent_tf.visualization.watched_traversals import TraversalImages
from tests import tiny


def images(folder):
    """Returns the pictures in TensorBoard's files by their step."""
    found = {}
    for file in sorted((folder / "tensorboard").glob("events*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                if value.tag == "traversals":
                    found[event.step] = tf.io.decode_png(value.tensor.string_val[2]).numpy()
    return found


def test_pictures_show_every_dimension_of_one_image(tmp_path):
    watcher = TraversalImages(tiny.Squares(), every=4, row=5, num_values=3)
    model = tiny.train_run(tmp_path / "run", steps=6, callbacks=[watcher])
    found = images(tmp_path / "run")
    assert list(found) == [4, 6]
    assert not np.array_equal(found[4], found[6])
    code = model.encode(tiny.Squares()[np.array([5])]).mean().numpy()[0]
    expected = arrays.grid(arrays.traversals(model, code, np.arange(tiny.LATENT_DIM), np.array([-2.0, 0.0, 2.0])))
    np.testing.assert_array_equal(found[6], expected)


def test_training_does_not_depend_on_being_watched(tmp_path):
    watched = tiny.train_run(tmp_path / "a", steps=4, callbacks=[TraversalImages(tiny.Squares(), every=1)])
    alone = tiny.train_run(tmp_path / "b", steps=4)
    for a, b in zip(watched.variables, alone.variables, strict=True):
        np.testing.assert_array_equal(a, b)


def test_nothing_is_drawn_of_points(tmp_path):
    def model():
        return VAE(fc_encoder((2,), 2), fc_decoder((2,), 2), likelihood=GaussianLikelihood(1.0))

    data = Pinwheel(num_per_class=8)
    tiny.train_run(tmp_path / "run", model, data=data, callbacks=[TraversalImages(data, every=1)])
    assert not images(tmp_path / "run")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"every": 0}, "every is 0"), ({"num_values": 0}, "num_values"), ({"limit": 0}, "limit is 0")],
)
def test_wrong_arguments_are_an_error(options, message):
    with pytest.raises(InputError, match=message):
        TraversalImages(tiny.Squares(), **options)
