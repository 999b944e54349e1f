import gzip
import pathlib
import struct

import gin
import numpy as np
import pytest

from disent_tf.data.mnist import MNIST

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "mnist.gin"
REAL = pathlib.Path(__file__).parents[3] / "shared" / "data"


def write_idx(path, array):
    header = bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=1))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The real images and digits of both sets, and a folder of files in the official layout that hold them."""
    folder, arrays = tmp_path_factory.mktemp("mnist"), {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        file = REAL / f"mnist_{split}.npz"
        if not file.exists():
            pytest.skip("no real MNIST images at hand")
        with np.load(file) as archive:
            arrays[split] = archive["x"], archive["y"]
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", arrays[split][0])
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", arrays[split][1])
    yield arrays, folder
    for file in folder.iterdir():
        file.unlink()


@pytest.mark.parametrize(("split", "num"), [("train", 60_000), ("test", 10_000)])
def test_real_images(split, num, real):
    arrays, folder = real
    data = MNIST(folder, split, verify=False)  # The images are the official ones, their compression is not.
    assert len(data) == num
    rows = np.arange(0, num, 7)
    np.testing.assert_array_equal(data[rows][..., 0], arrays[split][0][rows].astype(np.float32) / 255)
    np.testing.assert_array_equal(data.indices_to_factors(rows)[:, 0], arrays[split][1][rows])


def test_real_digits_are_told_apart_by_their_means(real):
    _, folder = real
    train, test = (MNIST(folder, split, verify=False) for split in ("train", "test"))
    random_state = np.random.RandomState(0)
    means = [train.sample_observations_from_factors(np.full((200, 1), digit), random_state) for digit in range(10)]
    means = np.stack([images.mean(axis=0).ravel() for images in means])
    factors, images = test.sample(1000, random_state)
    distances = np.square(images.reshape(1000, 1, -1) - means).sum(axis=2)
    assert (distances.argmin(axis=1) == factors[:, 0]).mean() > 0.7  # Labels out of step would give 0.1.


def test_gin_file_builds_the_set(real):
    _, folder = real
    gin.parse_config_file(str(CONFIG))
    gin.parse_config([f"MNIST.path = '{folder}'", "MNIST.verify = False"])
    gin.finalize()
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert data.observation_shape == gin.query_parameter("%image_shape")
    assert data.factor_sizes == gin.query_parameter("%factor_sizes")
    assert len(data) == gin.query_parameter("%num_data")
