import hashlib
import pathlib

import gin
import h5py
import numpy as np
import pytest

from disent_tf.data.shapes3d import Shapes3D
from disent_tf.errors import InputError

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "shapes3d.gin"
SIZES = (2, 2, 2, 2, 3, 2)
NUM = int(np.prod(SIZES))
CLASSES = np.stack(np.unravel_index(np.arange(NUM), SIZES), axis=1)
VALUES = [[0.0, 0.1], [0.0, 0.1], [0.0, 0.1], [0.75, 1.25], [0.0, 1.0, 2.0], [-30.0, 30.0]]
LABELS = np.stack([np.array(values)[column] for values, column in zip(VALUES, CLASSES.T, strict=True)], axis=1)


def room(floor, wall, thing, scale, shape, orientation):
    """A room in the manner of the set: a floor, a wall and a thing on it, each with a colour of its own."""
    image = np.zeros((64, 64, 3), np.uint8)
    image[:32], image[32:] = (20 + 100 * wall, 10, 0), (0, 20 + 100 * floor, 10)
    side, left = 8 + 8 * scale, 24 + 8 * orientation
    image[40 - side : 40, left : left + side - shape] = (10, 0, 20 + 100 * thing)
    return image


IMAGES = np.stack([room(*factors) for factors in CLASSES])


class SmallShapes3D(Shapes3D):
    factor_sizes = SIZES
    checksum = None


@pytest.fixture
def official(tmp_path):
    """Writes a small file as the official one is, with some arrays replaced, and returns its path."""

    def write(**arrays):
        path = tmp_path / "3dshapes.h5"
        with h5py.File(path, "w") as archive:
            for key, array in {"images": IMAGES, "labels": LABELS, **arrays}.items():
                if array is not None:  # Chunked over all dimensions and compressed.
                    chunks = (20, *np.maximum(1, np.array(array.shape[1:]) // 2))
                    archive.create_dataset(key, data=array, chunks=chunks, compression="gzip")
        return path

    return write


@pytest.fixture
def data(official, tmp_path):
    return SmallShapes3D(official(), cache_dir=tmp_path / "cache")


def test_describes_the_official_grid():
    assert Shapes3D.factor_sizes == (10, 10, 10, 8, 4, 15)
    assert np.prod(Shapes3D.factor_sizes) == 480_000


def test_images_are_those_of_the_file(data):
    images = data[np.arange(NUM)]
    assert images.dtype == np.float32
    assert data.is_full_grid
    np.testing.assert_array_equal(images, IMAGES.astype(np.float32) / 255)


@pytest.mark.parametrize(("factor", "channel"), [(0, 1), (1, 0), (2, 2)])
def test_hue_changes_one_colour_only(factor, channel, data):
    factors = np.zeros((2, 6), int)
    factors[1, factor] = 1
    first, second = data.sample_observations_from_factors(factors, np.random.RandomState(0))
    different = (first != second).any(axis=(0, 1))
    assert different.tolist() == [other == channel for other in range(3)]


def test_orientation_changes_fastest(data):
    np.testing.assert_array_equal(data.indices_to_factors(np.array([1])), [[0, 0, 0, 0, 0, 1]])
    first, second = data[np.array([0, 1])]
    np.testing.assert_array_equal(second[32:, 8:], first[32:, :-8])


def test_array_that_is_not_chunked_is_read(official, tmp_path):
    path = official(images=None)
    with h5py.File(path, "a") as archive:
        archive["images"] = IMAGES
    data = SmallShapes3D(path, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(data[np.array([7])][0], IMAGES[7].astype(np.float32) / 255)


def test_file_is_read_once(data, official, tmp_path, monkeypatch):
    monkeypatch.setattr(h5py, "File", None)
    again = SmallShapes3D(tmp_path / "3dshapes.h5", cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(again[np.arange(3)], data[np.arange(3)])


def nan_labels():
    labels = LABELS.copy()
    labels[5, 2] = np.nan
    return labels


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": None}, r"has \['labels'\]; expected the array images among them; download 3dshapes.h5"),
        ({"labels": None}, "expected the array labels among them"),
        ({"images": IMAGES[1:]}, r"images is uint8 \(95, 64, 64, 3\); expected uint8 \(96, 64, 64, 3\)"),
        ({"images": IMAGES / 255.0}, r"images is float64 \(96, 64, 64, 3\); expected uint8"),
        ({"labels": LABELS[:, 1:]}, r"labels is float64 \(96, 5\); expected float64 \(96, 6\)"),
        (
            {"labels": LABELS[::-1]},
            r"row 0 of labels has the factors \[1, 1, 1, 1, 2, 1\]; expected \[0, 0, 0, 0, 0, 0\]",
        ),
        ({"labels": nan_labels()}, "labels has NaN or infinite values; expected numbers"),
    ],
    ids=["no images", "no labels", "number", "type", "columns", "order", "NaN"],
)
def test_other_content_is_an_error(arrays, message, official, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        SmallShapes3D(official(**arrays), cache_dir=tmp_path / "cache")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: b"text", lambda content: content[:-5000]])
def test_damaged_file_is_an_error(damage, official, tmp_path):
    path = official()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"cannot be read \(OSError .*\); expected an intact file; download 3dshapes"):
        SmallShapes3D(path, cache_dir=tmp_path / "cache")


def test_checksum_is_compared_unless_told_not_to(official, tmp_path, monkeypatch):
    path = official()
    monkeypatch.setattr(SmallShapes3D, "checksum", Shapes3D.checksum)
    with pytest.raises(InputError, match=r"has the sha256 checksum .* expected 0a0f6ed9.*, set verify = False"):
        SmallShapes3D(path, cache_dir=tmp_path / "cache")
    SmallShapes3D(path, verify=False, cache_dir=tmp_path / "cache")
    monkeypatch.setattr(SmallShapes3D, "checksum", f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}")
    SmallShapes3D(path, cache_dir=tmp_path / "cache")


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"none.h5 cannot be opened: No such file or directory; expected 3dshapes.h5"):
        Shapes3D(tmp_path / "none.h5", cache_dir=tmp_path)


def test_gin_file_builds_the_set(official, tmp_path, monkeypatch):
    monkeypatch.setattr(Shapes3D, "factor_sizes", SIZES)
    gin.parse_config_file(str(CONFIG))
    assert gin.query_parameter("%num_data") == np.prod(gin.query_parameter("%factor_sizes")) == 480_000
    gin.parse_config(
        [f"Shapes3D.path = '{official()}'", "Shapes3D.verify = False", f"Shapes3D.cache_dir = '{tmp_path}'"]
    )
    gin.finalize()
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert data[np.array([0])].shape[1:] == gin.query_parameter("%image_shape")


def test_gin_file_asks_for_the_path():
    gin.parse_config_file(str(CONFIG))
    with pytest.raises(ValueError, match=r"Shapes3D.path set to `%gin.REQUIRED` but not subsequently overridden"):
        gin.finalize()
