import gzip
import pathlib
import struct

import gin
import numpy as np
import pytest

from disent_tf.data.fashion_mnist import FashionMNIST

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "fashion_mnist.gin"
REAL = pathlib.Path(__file__).parents[3] / "shared" / "data" / "fashion_mnist_sprite_900.npz"


def write_idx(path, array):
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes()))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """900 real images, their classes, and a folder of files in the official layout that hold them."""
    if not REAL.exists():
        pytest.skip("no real Fashion-MNIST images at hand")
    folder = tmp_path_factory.mktemp("fashion")
    with np.load(REAL) as archive:
        images, labels = archive["x"], archive["y"]
    write_idx(folder / "train-images-idx3-ubyte.gz", images)
    write_idx(folder / "train-labels-idx1-ubyte.gz", labels)
    return images, labels, folder


def test_real_images(real):
    images, labels, folder = real
    data = FashionMNIST(folder, verify=False)
    assert len(data) == 900
    np.testing.assert_array_equal(data[np.arange(900)][..., 0], images.astype(np.float32) / 255)
    np.testing.assert_array_equal(data.indices_to_factors(np.arange(900))[:, 0], labels)


def test_names_are_those_of_the_classes(real):
    data = FashionMNIST(real[2], verify=False)
    assert len(FashionMNIST.class_names) == data.factor_sizes[0] == 10
    boot, trouser = (
        data.sample_observations_from_factors(
            np.full((90, 1), FashionMNIST.class_names.index(name)), np.random.RandomState(0)
        ).mean(axis=(0, 3))
        for name in ("Ankle boot", "Trouser")
    )
    # A boot's weight is at the bottom; trousers are a narrow upright pair.
    assert boot[14:].sum() > 1.3 * boot[:14].sum()
    assert trouser[:, 8:20].sum() > 0.9 * trouser.sum()


def test_gin_file_builds_the_set(real):
    gin.parse_config_file(str(CONFIG))
    gin.parse_config([f"FashionMNIST.path = '{real[2]}'", "FashionMNIST.verify = False"])
    gin.finalize()
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert data.observation_shape == gin.query_parameter("%image_shape")
    assert data.factor_sizes == gin.query_parameter("%factor_sizes")
    assert gin.query_parameter("%num_data") == 60_000
