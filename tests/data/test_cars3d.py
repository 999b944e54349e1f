import io
import pathlib
import tarfile

import gin
import numpy as np
import pytest
import scipy.io
from PIL import Image

from disent_tf.data.cars3d import Cars3D
from disent_tf.errors import InputError

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "cars3d.gin"
SIZES = (2, 3, 3)  # Elevations, azimuths, cars.
NAMES = ("car_010_mesh", "car_002_mesh", "car_001_mesh")  # The archive's list is not in alphabetical order.


def mesh(car):
    """Images in the file's layout, uint8 [128, 128, 3, azimuths, elevations]: flat, of a colour for each view."""
    azimuth, elevation = np.meshgrid(np.arange(3), np.arange(2), indexing="ij")
    colours = np.stack([40 * elevation + 10, 40 * azimuth + 20, np.full((3, 2), 40 * car + 30)])
    return np.broadcast_to(colours, (128, 128, 3, 3, 2)).astype(np.uint8)


def as_mat(**arrays):
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, arrays, do_compression=True)
    return buffer.getvalue()


def members(prefix="data"):
    cars = {f"{prefix}/cars/{name}.mat": as_mat(im=mesh(car), mask=np.zeros((2, 2))) for car, name in enumerate(NAMES)}
    # In another order than the list, which comes last.
    return {**dict(sorted(cars.items())), f"{prefix}/cars/list.txt": "\n".join(NAMES).encode() + b"\n"}


class SmallCars3D(Cars3D):
    factor_sizes = SIZES
    checksum = None


@pytest.fixture
def official(tmp_path):
    """Writes an archive as the official one is, and returns its path."""

    def write(contents, links=()):
        path = tmp_path / "nips2015-analogy-data.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, content in {**contents, "data/shapes48.mat": b"something else"}.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            for name, target in links:
                member = tarfile.TarInfo(name)
                member.type, member.linkname = tarfile.SYMTYPE, target
                archive.addfile(member)
        return path

    return write


def test_describes_the_official_grid():
    assert Cars3D.factor_sizes == (4, 24, 183)
    assert np.prod(Cars3D.factor_sizes) == 17_568


@pytest.mark.parametrize("prefix", ["data", "./data"])
def test_factors_are_those_of_the_file(prefix, official, tmp_path):
    data = SmallCars3D(official(members(prefix)), cache_dir=tmp_path / "cache")
    factors = data.indices_to_factors(np.arange(len(data)))
    assert data.is_full_grid
    colours = 40 * factors + (10, 20, 30)
    images = data[np.arange(len(data))]
    assert images.dtype == np.float32
    np.testing.assert_array_equal(
        images, np.broadcast_to((colours.astype(np.float32) / 255)[:, None, None], (18, 64, 64, 3))
    )


def test_images_are_shrunk_as_disentanglement_lib_does(official, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3, 3, 2), dtype=np.uint8)
    contents = members() | {f"data/cars/{NAMES[1]}.mat": as_mat(im=pixels)}
    data = SmallCars3D(official(contents), cache_dir=tmp_path / "cache")
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., 2, 1]))
    picture.thumbnail((64, 64), Image.Resampling.LANCZOS)
    image = data.sample_observations_from_factors(np.array([[1, 2, 1]]), np.random.RandomState(0))[0]
    np.testing.assert_array_equal(image, np.asarray(picture).astype(np.float32) / 255)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data/cars/list.txt": None}, "has no data/cars/list.txt; expected the cars that"),
        (
            {f"data/cars/{NAMES[0]}.mat": None},
            "has no data/cars/car_010_mesh.mat; expected the cars that data/cars/list.txt names; down",
        ),
        ({"data/cars/list.txt": b"car_001_mesh\n"}, "list.txt names 1 cars; expected 3; download nips2015"),
        ({"data/cars/list.txt": "\n".join([*NAMES[:2], NAMES[0]]).encode()}, "list.txt names 2 cars; expected 3"),
        ({"data/cars/list.txt": b"\n".join([b"../../x", b"y", b"z"])}, "has no data/cars/../../x.mat; expected"),
        (
            {f"data/cars/{NAMES[0]}.mat": as_mat(im=mesh(0)[:64])},
            r"im of data/cars/car_010_mesh.mat is uint8 \(64, 128",
        ),
        (
            {f"data/cars/{NAMES[0]}.mat": as_mat(im=mesh(0) / 255)},
            r"is float64 \(128, .*expected uint8 \(128, 128, 3, 3",
        ),
        ({f"data/cars/{NAMES[0]}.mat": as_mat(image=mesh(0))}, r"cannot be read \(KeyError 'im'\)"),
        ({f"data/cars/{NAMES[0]}.mat": as_mat(im=mesh(0))[:-200]}, r"cannot be read \("),
        ({f"data/cars/{NAMES[0]}.mat": as_mat(im=mesh(0))[:100]}, r"cannot be read \(ValueError data/cars/car_010"),
        (
            {f"data/cars/{NAMES[0]}.mat": b""},
            r"cannot be read \(ValueError data/cars/car_010_mesh.mat: Mat file appears",
        ),
        ({"data/cars/../../x": b""}, "the archive has the name 'data/cars/../../x'; expected names inside of it"),
        ({"/etc/x": b""}, "the archive has the name '/etc/x'"),
    ],
    ids=[
        "list",
        "car",
        "number",
        "twice",
        "path",
        "shape",
        "type",
        "key",
        "cut",
        "header",
        "empty",
        "slip",
        "absolute",
    ],
)
def test_other_content_is_an_error(changes, message, official, tmp_path):
    contents = {name: content for name, content in (members() | changes).items() if content is not None}
    with pytest.raises(InputError, match=message) as caught:
        SmallCars3D(official(contents), cache_dir=tmp_path / "cache")
    assert "\n" not in str(caught.value)


def test_the_checksum_behind_the_archive_is_compared(official, tmp_path):
    path = official(members())
    content = bytearray(path.read_bytes())
    content[-6] ^= 1  # gzip ends with the checksum and the length, four bytes each.
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot be read \(BadGzipFile CRC check failed"):
        SmallCars3D(path, cache_dir=tmp_path / "cache")


def test_links_in_the_archive_are_not_followed(official, tmp_path):
    contents = {name: content for name, content in members().items() if not name.endswith("list.txt")}
    with pytest.raises(InputError, match=r"has no data/cars/list.txt"):
        SmallCars3D(official(contents, [("data/cars/list.txt", "/etc/hostname")]), cache_dir=tmp_path / "cache")


@pytest.mark.parametrize(
    "damage", [lambda content: b"", lambda content: b"text", lambda content: content[: len(content) // 2]]
)
def test_damaged_file_is_an_error(damage, official, tmp_path):
    path = official(members())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"cannot be read \((ReadError|EOFError) .*\); expected an intact file; down"):
        SmallCars3D(path, cache_dir=tmp_path / "cache")


def test_checksum_is_compared_unless_told_not_to(official, tmp_path, monkeypatch):
    monkeypatch.setattr(SmallCars3D, "checksum", Cars3D.checksum)
    path = official(members())
    with pytest.raises(InputError, match=r"has the md5 checksum .* expected 4e866a79"):
        SmallCars3D(path, cache_dir=tmp_path / "cache")
    SmallCars3D(path, verify=False, cache_dir=tmp_path / "cache")


def test_gin_file_builds_the_set(official, tmp_path, monkeypatch):
    monkeypatch.setattr(Cars3D, "factor_sizes", SIZES)
    gin.parse_config_file(str(CONFIG))
    assert gin.query_parameter("%num_data") == np.prod(gin.query_parameter("%factor_sizes")) == 17_568
    path = official(members())
    gin.parse_config([f"Cars3D.path = '{path}'", "Cars3D.verify = False", f"Cars3D.cache_dir = '{tmp_path}'"])
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert data[np.array([0])].shape[1:] == gin.query_parameter("%image_shape")
