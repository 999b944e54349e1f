import gzip
import hashlib
import pathlib
import struct

import gin
import numpy as np
import pytest
from PIL import Image

from disent_tf.data.smallnorb import SmallNORB
from disent_tf.errors import InputError

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "smallnorb.gin"
TRAINING, TESTING = "smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing"
GRID = (2, 4, 2, 3, 2)  # Categories, toys, elevations, azimuths, lightings.
MAGIC = {np.dtype(np.uint8): 0x1E3D4C55, np.dtype(np.int32): 0x1E3D4C54, np.dtype(np.float32): 0x1E3D4C51}


def as_mat(array):
    """The publisher's matrix format: a magic number, the number of dimensions, at least three of them, the elements."""
    sizes = [*array.shape, 1, 1][: max(3, array.ndim)]
    return struct.pack(f"<{2 + len(sizes)}i", MAGIC[array.dtype], array.ndim, *sizes) + array.tobytes()


def chunk(instances, seed):
    """Factors [num, 5] of a chunk in an order of its own, and pairs of flat images whose grey tells their row."""
    rows = np.arange(np.prod(GRID))
    factors = np.stack(np.unravel_index(rows, GRID), axis=1)
    mine = np.random.default_rng(seed).permutation(rows[np.isin(factors[:, 1], instances)])
    pairs = np.zeros((len(mine), 2, 96, 96), np.uint8)
    pairs[:, 0] = mine[:, None, None]
    pairs[:, 1] = 255  # The other eye's.
    return factors[mine], pairs


def matrices(name, instances, seed):
    factors, pairs = chunk(instances, seed)
    category, instance, elevation, azimuth, lighting = factors.T
    info = np.stack([instance, elevation, 2 * azimuth, lighting], axis=1)
    return {f"{name}-dat": pairs, f"{name}-cat": category.astype(np.int32), f"{name}-info": info.astype(np.int32)}


def all_matrices():
    return matrices(TRAINING, (1, 3), 0) | matrices(TESTING, (0, 2), 1)


class SmallSmallNORB(SmallNORB):
    factor_sizes = (GRID[0], *GRID[2:])
    num_instances = GRID[1]
    checksums = {}  # noqa: RUF012


@pytest.fixture
def official(tmp_path):
    """Writes six files as the official ones are and returns their folder."""

    def write(files, packed=True):
        folder = tmp_path / "norb"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            content = as_mat(content) if isinstance(content, np.ndarray) else content
            (folder / f"{name}.mat{'.gz' if packed else ''}").write_bytes(gzip.compress(content) if packed else content)
        return folder

    return write


@pytest.fixture
def data(official, tmp_path):
    return SmallSmallNORB(official(all_matrices()), cache_dir=tmp_path / "cache")


def rows_of(images):
    """The row in the grid that each image tells."""
    return np.rint(255 * images[:, 0, 0, 0]).astype(int)


def test_describes_the_official_grid():
    assert SmallNORB.factor_names == ("category", "elevation", "azimuth", "lighting")
    assert SmallNORB.factor_sizes == (5, 9, 18, 6)
    assert np.prod(SmallNORB.factor_sizes) * SmallNORB.num_instances == 48_600


def test_rows_are_the_grid_with_the_toy(data):
    images = data[np.arange(96)]
    assert len(data) == 96
    assert images.dtype == np.float32
    assert images.shape == (96, 64, 64, 1)
    np.testing.assert_array_equal(rows_of(images), np.arange(96))
    assert (images == images[:, :1, :1]).all()  # Of the pair's first image only.


def test_factors_leave_the_toy_out(data):
    full = np.stack(np.unravel_index(np.arange(96), GRID), axis=1)
    factors = data.indices_to_factors(np.arange(96))
    np.testing.assert_array_equal(factors, full[:, [0, 2, 3, 4]])
    first = data.factors_to_indices(factors)
    np.testing.assert_array_equal(data.indices_to_factors(first), factors)
    assert (full[first, 1] == 0).all()


def test_toy_is_drawn_as_in_disentanglement_lib(data):
    factors, images = data.sample(500, np.random.RandomState(3))
    random_state = np.random.RandomState(3)
    category, *others = [random_state.randint(size, size=500) for size in data.factor_sizes]
    instance = random_state.randint(4, size=500)  # Factors first, then what is hidden.
    np.testing.assert_array_equal(factors, np.stack([category, *others], axis=1))
    np.testing.assert_array_equal(rows_of(images), np.ravel_multi_index((category, instance, *others), GRID))
    assert not data.is_full_grid


def test_an_epoch_shows_every_toy(data):
    batch = next(iter(data.dataset(96, seed=0))).numpy()
    assert sorted(rows_of(batch)) == list(range(96))


def test_images_are_shrunk_as_disentanglement_lib_does_and_clipped(official, tmp_path):
    files = all_matrices()
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    files[f"{TRAINING}-dat"][0, 0] = pixels
    data = SmallSmallNORB(official(files), cache_dir=tmp_path / "cache")
    # There, the file's bytes are said to be signed, which makes them 32-bit integers to Pillow.
    expected = np.asarray(Image.fromarray(pixels.view(np.int8)).resize((64, 64), Image.Resampling.LANCZOS)) / 255
    category, instance, *others = chunk((1, 3), 0)[0][0]
    image = data[data._rows([[category, *others]], np.array([instance]))][0, ..., 0]
    np.testing.assert_allclose(image, expected.clip(0, 1), atol=1e-6)
    assert expected.min() < 0


def test_unpacked_files_will_do(official, data, tmp_path):
    folder = official(all_matrices(), packed=False)
    for file in folder.glob("*.gz"):
        file.unlink()
    again = SmallSmallNORB(folder, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(again[np.arange(96)], data[np.arange(96)])


FILES = all_matrices()
INFO, CAT, DAT = FILES[f"{TRAINING}-info"], FILES[f"{TRAINING}-cat"], FILES[f"{TRAINING}-dat"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("info", INFO[:, :3].copy(), r"training-info.mat.gz: the matrix is int32 \(48, 3\); expected int32 \(48, 4\)"),
        (
            "cat",
            CAT.astype(np.float32),
            r"the matrix is 0x1e3d4c51 \(48,\); expected int32 \(48,\); download smallnorb",
        ),
        ("dat", DAT[:47], r"the matrix is uint8 \(47, 2, 96, 96\); expected uint8 \(48, 2, 96, 96\)"),
        ("dat", as_mat(DAT)[:-9], r"training-dat.mat.gz cannot be read \(ValueError .*\); expected an intact file"),
        ("dat", as_mat(DAT) + b"0", r"cannot be read \(ValueError it goes on after its last image\)"),
        ("cat", as_mat(CAT) + b"0000", r"training-cat.mat.gz cannot be read \(ValueError cannot reshape"),
        ("cat", b"", r"training-cat.mat.gz cannot be read \(ValueError"),
        ("info", INFO[[0, *range(47)]], r"does not hold each of \(2, 4, 2, 3, 2\) toys once"),
        ("info", INFO + 9, r"training-info.mat.gz cannot be read \(ValueError invalid entry in coordinates array\)"),
    ],
    ids=["columns", "type", "number", "cut", "long", "long labels", "empty", "twice", "range"],
)
def test_other_content_is_an_error(name, content, message, official, tmp_path):
    folder = official(all_matrices() | {f"{TRAINING}-{name}": content})
    with pytest.raises(InputError, match=message) as caught:
        SmallSmallNORB(folder, cache_dir=tmp_path / "cache")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: b"text", lambda content: b""])
@pytest.mark.parametrize("kind", ["dat", "info"])
def test_damaged_file_is_an_error(damage, kind, official, tmp_path):
    folder = official(all_matrices())
    path = folder / f"{TESTING}-{kind}.mat.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=rf"testing-{kind}.mat.gz cannot be read \(.*\); expected an intact file"):
        SmallSmallNORB(folder, cache_dir=tmp_path / "cache")


def test_missing_file_is_an_error(official, tmp_path):
    folder = official(all_matrices())
    (folder / f"{TESTING}-cat.mat.gz").unlink()
    with pytest.raises(InputError, match=rf"{TESTING}-cat.mat.gz cannot be opened: No such file .* from cs.nyu.edu"):
        SmallSmallNORB(folder, cache_dir=tmp_path / "cache")


def test_checksums_are_compared_unless_told_not_to(official, tmp_path, monkeypatch):
    folder = official(all_matrices())
    assert set(SmallNORB.checksums) == {path.name for path in folder.iterdir()}
    name = f"{TESTING}-info.mat.gz"
    monkeypatch.setattr(SmallSmallNORB, "checksums", {name: SmallNORB.checksums[name]})
    with pytest.raises(InputError, match=rf"{name} has the sha256 checksum .* expected 16adf314"):
        SmallSmallNORB(folder, cache_dir=tmp_path / "cache")
    SmallSmallNORB(folder, verify=False, cache_dir=tmp_path / "cache")
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(SmallSmallNORB, "checksums", {name: f"sha256:{digest}"})
    SmallSmallNORB(folder, cache_dir=tmp_path / "cache")


def test_gin_file_builds_the_set(official, tmp_path, monkeypatch):
    gin.parse_config_file(str(CONFIG))
    assert gin.query_parameter("%factor_sizes") == SmallNORB.factor_sizes
    assert gin.query_parameter("%num_data") == 48_600
    for name in ("factor_sizes", "num_instances"):
        monkeypatch.setattr(SmallNORB, name, getattr(SmallSmallNORB, name))
    folder = official(all_matrices())
    gin.parse_config(
        [f"SmallNORB.path = '{folder}'", "SmallNORB.verify = False", f"SmallNORB.cache_dir = '{tmp_path}'"]
    )
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert data[np.array([0])].shape[1:] == gin.query_parameter("%image_shape")
