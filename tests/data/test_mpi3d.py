import hashlib
import pathlib

import gin
import numpy as np
import pytest

from disent_tf.data.mpi3d import MPI3D, Variant
from disent_tf.errors import InputError

CONFIGS = pathlib.Path(__file__).parents[2] / "gin_configs" / "data"
SIZES = (2, 1, 2, 1, 1, 3, 2)
IMAGES = np.random.default_rng(0).integers(0, 256, (24, 64, 64, 3), dtype=np.uint8)


class SmallMPI3D(MPI3D):
    variants = {"toy": Variant("toy.npz", SIZES, None), "real": Variant("real.npz", SIZES, "md5:0")}  # noqa: RUF012


@pytest.fixture
def official(tmp_path):
    """Writes a small file as the official ones are and returns its path."""

    def write(images=IMAGES, save=np.savez_compressed):
        save(tmp_path / "mpi3d.npz", images=images)
        return tmp_path / "mpi3d.npz"

    return write


def test_describes_the_official_grids():
    sizes = {name: int(np.prod(variant.factor_sizes)) for name, variant in MPI3D.variants.items()}
    assert sizes == {
        "toy": 1_036_800,
        "realistic": 1_036_800,
        "real": 1_036_800,
        "complex": 460_800,
        "challenge_toy": 460_800,
    }


@pytest.mark.parametrize("shape", [IMAGES.shape, (*SIZES, 64, 64, 3)])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_images_are_the_grid_with_the_last_joint_fastest(shape, save, official, tmp_path):
    data = SmallMPI3D(official(IMAGES.reshape(shape), save), cache_dir=tmp_path / "cache")
    grid = IMAGES.reshape(*SIZES, 64, 64, 3)
    assert data.is_full_grid
    factors = np.array([[1, 0, 1, 0, 0, 2, 1], [0, 0, 0, 0, 0, 1, 0]])
    images = data.sample_observations_from_factors(factors, np.random.RandomState(0))
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images, grid[tuple(factors.T)].astype(np.float32) / 255)
    np.testing.assert_array_equal(data.indices_to_factors(np.array([1])), [[0, 0, 0, 0, 0, 0, 1]])


def test_variants_do_not_share_a_copy(official, tmp_path, monkeypatch):
    path = official()
    for variant in ("toy", "real"):
        SmallMPI3D(path, variant, verify=False, cache_dir=tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 2


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            IMAGES[:12],
            r"images is uint8 \(12, 64, 64, 3\); expected uint8 \(24, 64, 64, 3\) or uint8 \(2, 1, 2, 1, 1, 3",
        ),
        (IMAGES / 255, r"images is float64 \(24, 64, 64, 3\); expected uint8"),
        (np.array(None), r"images is object \(\); expected uint8 .* download toy.npz from github.com/rr-learning"),
    ],
    ids=["number", "type", "pickle"],
)
def test_other_content_is_an_error(images, message, official, tmp_path):
    with pytest.raises(InputError, match=message):
        SmallMPI3D(official(images), cache_dir=tmp_path / "cache")


def test_checksum_is_compared_unless_told_not_to(official, tmp_path, monkeypatch):
    path = official()
    with pytest.raises(InputError, match=r"has the md5 checksum .*; expected 0; download real.npz"):
        SmallMPI3D(path, "real", cache_dir=tmp_path / "cache")
    SmallMPI3D(path, "real", verify=False, cache_dir=tmp_path / "cache")
    checksum = f"md5:{hashlib.md5(path.read_bytes()).hexdigest()}"
    monkeypatch.setattr(SmallMPI3D, "variants", {"real": Variant("real.npz", SIZES, checksum)})
    SmallMPI3D(path, "real", cache_dir=tmp_path / "cache")


def test_unknown_variant_is_an_error(tmp_path):
    with pytest.raises(
        InputError, match=r"MPI3D.variant is 'fake'; expected one of 'toy', 'realistic', 'real', 'complex'"
    ):
        MPI3D(tmp_path / "x.npz", "fake")


@pytest.mark.parametrize("name", ["toy", "realistic", "real", "complex"])
def test_gin_file_builds_the_set(name, official, tmp_path, monkeypatch):
    gin.parse_config_file(str(CONFIGS / f"mpi3d_{name}.gin"))
    assert gin.query_parameter("%factor_sizes") == MPI3D.variants[name].factor_sizes
    assert gin.query_parameter("%num_data") == np.prod(MPI3D.variants[name].factor_sizes)
    monkeypatch.setattr(MPI3D, "variants", {name: Variant("x.npz", SIZES, None)})
    gin.parse_config([f"MPI3D.path = '{official()}'", f"MPI3D.cache_dir = '{tmp_path}'"])
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert data[np.array([0])].shape[1:] == gin.query_parameter("%image_shape")


def test_the_publishers_file_of_another_variant_is_an_error(official, tmp_path):
    path = official().rename(tmp_path / "real.npz")
    with pytest.raises(
        InputError, match=r"variant is 'toy' and real\.npz is the publisher's file of 'real'; expected toy"
    ):
        SmallMPI3D(path, "toy", cache_dir=tmp_path / "cache")


def test_names_and_checksums_are_the_published_ones():
    assert {name: (variant.file_name, variant.checksum) for name, variant in MPI3D.variants.items()} == {
        "toy": ("mpi3d_toy.npz", "md5:55889cb7c7dfc655d6e0277beee88868"),
        "realistic": ("mpi3d_realistic.npz", "md5:59a6225b88b635365f70c91b3e52f70f"),
        "real": ("mpi3d_real.npz", "md5:0f33f609918fb5c97996692f91129802"),
        "complex": ("real3d_complicated_shapes_ordered.npz", None),
        "challenge_toy": ("sim_toy_64x_ordered_without_heldout_factors.npz", None),
    }
