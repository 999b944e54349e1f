import io
import pickle
import zipfile

import gin
import numpy as np
import pytest

from disent_tf import config
from disent_tf.data.given_images import GivenGrid, GivenImages
from disent_tf.data.npz_images import npz_images
from disent_tf.errors import InputError

IMAGES = np.arange(6 * 16, dtype=np.uint8).reshape(6, 4, 4)
FACTORS = np.stack(np.unravel_index(np.arange(6), (2, 3)), axis=1)


class Bomb:
    """Unpickling this is an error."""

    def __reduce__(self):
        return pickle.loads, (b"",)


@pytest.fixture
def file(tmp_path):
    np.savez_compressed(tmp_path / "own.npz", pictures=IMAGES, labels=FACTORS, bomb=np.array(Bomb()))
    return tmp_path / "own.npz"


def test_images_are_read_without_what_is_pickled(file):
    data = npz_images(file, "pictures")
    assert type(data) is GivenImages
    np.testing.assert_allclose(data[np.array([4])][0, ..., 0], IMAGES[4] / 255, rtol=1e-6)


def test_factors_are_read_and_named(file):
    data = npz_images(str(file), "pictures", "labels", ["a", "b"])
    assert type(data) is GivenGrid
    assert (data.factor_names, data.factor_sizes) == (("a", "b"), (2, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("images",), r"has \['pictures', 'labels', 'bomb'\]; expected 'images' among them"),
        (("pictures", "factors"), "expected 'factors' among them"),
        (("bomb",), "cannot be read .*allow_pickle"),
        (("pictures", "bomb"), "cannot be read .*allow_pickle"),
        (("pictures", None, ["a", "b"]), r"factor_names is \['a', 'b'\] without factors; expected both"),
        (("pictures", "labels", "ab"), "factor_names is 'ab'; expected a list of names"),
    ],
)
def test_arrays_that_cannot_be_used_are_an_error(file, arguments, message):
    with pytest.raises(InputError, match=message) as error:
        npz_images(file, *arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_a_damaged_file_is_an_error(tmp_path, content):
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        npz_images(path)


def test_a_truncated_file_is_an_error(file):
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(InputError, match="cannot be read"):
        npz_images(file, "pictures")


def test_a_name_that_leads_out_of_the_archive_is_an_error(file):
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../evil.npy", b"")
    with pytest.raises(InputError, match=r"\.\./evil\.npy"):
        npz_images(file, "pictures")


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="cannot be opened"):
        npz_images(tmp_path / "none.npz")


def test_the_gin_file_reads_a_file(tmp_path):
    np.savez(tmp_path / "own.npz", images=np.zeros((3, 64, 64), bool))
    config.load(["base.gin", "data/npz_images.gin"], [f"npz_images.path = '{tmp_path / 'own.npz'}'", "num_data = 3"])
    data = gin.get_bindings("train")["data"]
    assert (len(data), data.observation_shape) == (3, gin.query_parameter("%image_shape"))


def test_a_header_that_claims_more_than_the_memory_is_an_error(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (2**45, 4, 4)})
    with zipfile.ZipFile(tmp_path / "own.npz", "w") as archive:
        archive.writestr("images.npy", header.getvalue() + b"few")
    with pytest.raises(InputError, match="cannot be read"):
        npz_images(tmp_path / "own.npz")
