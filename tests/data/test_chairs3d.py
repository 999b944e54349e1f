import io
import pathlib
import tarfile

import gin
import numpy as np
import pytest
from PIL import Image

from disent_tf.data.chairs3d import Chairs3D
from disent_tf.errors import InputError

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "chairs3d.gin"
SIZES = (2, 2, 3)
CHAIRS = ("1a2b8749a1756a09932a5c2746cd09a4", "b663f1e4df6c51fe19fb4103277a6b93")
TURNS = (0, 11, 23)


def as_png(grey):
    """600 x 600 pixels, white around a square of one grey."""
    pixels = np.full((600, 600, 3), 255, np.uint8)
    pixels[200:400, 200:400] = grey
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def name_of(chair, elevation, azimuth):
    number = 4 * elevation + azimuth  # As in the official file, a number is left out between the elevations.
    angles = f"p{20 + 10 * elevation:03d}_t{TURNS[azimuth]:03d}_r096"
    return f"rendered_chairs/{CHAIRS[chair]}/renders/image_{number:03d}_{angles}.png"


MEMBERS = {name_of(*view): as_png(20 * row) for row, view in enumerate(np.ndindex(SIZES))}


class SmallChairs3D(Chairs3D):
    factor_sizes = SIZES


@pytest.fixture
def official(tmp_path):
    """Writes an archive as the official one is, its members in an order of their own, and returns its path."""

    def write(contents=MEMBERS):
        path = tmp_path / "rendered_chairs.tar"
        with tarfile.open(path, "w") as archive:
            for name, content in reversed({"rendered_chairs/all_chair_names.mat": b"x", **contents}.items()):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return path

    return write


def test_describes_the_official_grid():
    assert Chairs3D.factor_names == ("chair", "elevation", "azimuth")
    assert Chairs3D.factor_sizes == (1393, 2, 31)
    assert np.prod(Chairs3D.factor_sizes) == 86_366


@pytest.mark.parametrize("prefix", ["", "./"])
def test_factors_are_those_of_the_names(prefix, official, tmp_path):
    contents = {f"{prefix}{name}": content for name, content in MEMBERS.items()}
    data = SmallChairs3D(official(contents), cache_dir=tmp_path / "cache")
    assert data.is_full_grid
    images = data[np.arange(12)]
    assert images.dtype == np.float32
    assert images.shape == (12, 64, 64, 1)
    np.testing.assert_allclose(255 * images[:, 32, 32, 0], 20 * np.arange(12), atol=1e-4)
    np.testing.assert_array_equal(data.indices_to_factors(np.array([1, 3])), [[0, 0, 1], [0, 1, 0]])


@pytest.mark.parametrize(("crop", "side"), [(400, 32), (200, 64), (None, 64 / 3)])
def test_square_is_cut_from_the_middle(crop, side, official, tmp_path):
    data = SmallChairs3D(official(), crop, cache_dir=tmp_path / "cache")
    dark = (data[np.array([0])][0, ..., 0] < 0.5).sum(axis=0)
    assert abs((dark > 0).sum() - side) <= 2
    assert abs(dark.max() - side) <= 2


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (
            dict(list(MEMBERS.items())[1:]),
            r"has 11 images of 2 chairs, 2 elevations and 3 azimuths; expected one of each",
        ),
        ({}, r"has 0 images of 0 chairs, 0 elevations and 0 azimuths; expected one of each combination of \(2, 2, 3\)"),
        (
            {name.replace("p020_t000", "p040_t000"): MEMBERS[name] for name in MEMBERS},
            "has 12 images of 2 chairs, 3 elev",
        ),
        (MEMBERS | {name_of(0, 0, 0): b"x"}, r"cannot be read \(UnidentifiedImageError .*; expected an intact file"),
        (MEMBERS | {"rendered_chairs/../../x": b""}, "the archive has the name 'rendered_chairs/../../x'"),
        (
            MEMBERS | {"/x": b""},
            "the archive has the name '/x'; expected names inside of it; download rendered_chairs.tar",
        ),
    ],
    ids=["missing", "none", "elevation", "no image", "slip", "absolute"],
)
def test_other_content_is_an_error(contents, message, official, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        SmallChairs3D(official(contents), cache_dir=tmp_path / "cache")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: b"text", lambda content: content[:5000]])
def test_damaged_file_is_an_error(damage, official, tmp_path):
    path = official()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        InputError, match=r"cannot be read \(ReadError .*\); expected an intact file; download rendered"
    ):
        SmallChairs3D(path, cache_dir=tmp_path / "cache")


def test_picture_smaller_than_the_square_is_an_error(official, tmp_path):
    with pytest.raises(InputError, match="a picture has 600 x 600 pixels, less than the 601 to be cut from it"):
        SmallChairs3D(official(), crop=601, cache_dir=tmp_path / "cache")
    with pytest.raises(InputError, match=r"Chairs3D.crop is 0.5; expected an integer of at least 1"):
        SmallChairs3D(official(), crop=0.5, cache_dir=tmp_path / "cache")


def test_gin_file_builds_the_set(official, tmp_path, monkeypatch):
    gin.parse_config_file(str(CONFIG))
    assert gin.query_parameter("%factor_sizes") == Chairs3D.factor_sizes
    assert gin.query_parameter("%num_data") == np.prod(Chairs3D.factor_sizes)
    monkeypatch.setattr(Chairs3D, "factor_sizes", SIZES)
    gin.parse_config([f"Chairs3D.path = '{official()}'", f"Chairs3D.cache_dir = '{tmp_path}'"])
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert data[np.array([0])].shape[1:] == gin.query_parameter("%image_shape")
