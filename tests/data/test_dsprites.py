import hashlib
import io
import os
import pathlib

import gin
import numpy as np
import pytest

from disent_tf.data import dsprites as module
from disent_tf.data import dsprites_geometry
from disent_tf.data.dsprites import DSprites
from disent_tf.errors import InputError

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "dsprites.gin"


@pytest.fixture
def clean_gin():
    yield
    gin.clear_config()


# The drawn set.


def test_describes_the_grid(dsprites):
    assert dsprites.factor_names == ("shape", "scale", "orientation", "position_x", "position_y")
    assert dsprites.factor_sizes == (3, 6, 40, 32, 32)
    assert len(dsprites) == 737_280


def test_images_are_binary_floats(dsprites):
    images = dsprites[np.array([0, 123_456, 737_279])]
    assert images.shape == (3, *dsprites.observation_shape) == (3, 64, 64, 1)
    assert images.dtype == np.float32
    assert np.unique(images).tolist() == [0.0, 1.0]


def test_rows_are_those_of_the_official_file(dsprites, golden):
    images, classes, rows = golden
    np.testing.assert_array_equal(dsprites.factors_to_indices(classes), rows)
    wrong_pixels = (dsprites[rows][..., 0] != images).sum(axis=(1, 2))
    assert np.bincount(wrong_pixels).tolist() == [594, 9]


def test_whole_set_agrees_with_single_images(dsprites):
    factors, images = dsprites.sample(40, np.random.RandomState(0))
    np.testing.assert_array_equal(images[..., 0], dsprites_geometry.render(factors))


def test_is_drawn_once_and_then_read_from_the_cache(dsprites, dsprites_folder, monkeypatch):
    def never():
        raise AssertionError("drawn again")

    monkeypatch.setattr(dsprites_geometry, "render_all", never)
    module._drawn.cache_clear()  # As in a new process.
    again = DSprites(cache_dir=dsprites_folder)
    np.testing.assert_array_equal(again[np.arange(0, 737_280, 9_999)], dsprites[np.arange(0, 737_280, 9_999)])
    assert DSprites(cache_dir=dsprites_folder)._packed is again._packed


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"DISENT_TF_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/disent_tf"),
        ({"HOME": "/c"}, "/c/.cache/disent_tf"),
    ],
)
def test_cache_folder_comes_from_the_environment(variables, folder, monkeypatch):
    for name in ("DISENT_TF_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module, "_drawn", lambda file: file)
    assert DSprites()._packed.parent == pathlib.Path(folder)


# Its cache, with a small array.

SMALL = np.arange(24, dtype=np.uint8).reshape(4, 6)


class Maker:
    """Makes SMALL and counts how often."""

    calls = 0

    def __call__(self):
        self.calls += 1
        return SMALL


def cached(file, make):
    return module._cached(file, SMALL.shape, hashlib.sha256(SMALL.tobytes()).hexdigest(), make)


def as_npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_cache_is_made_once(tmp_path, caplog):
    make = Maker()
    for _ in range(2):
        np.testing.assert_array_equal(cached(tmp_path / "new" / "x.npy", make), SMALL)
    assert make.calls == 1
    assert not caplog.records
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["x.npy"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an array",
        as_npy(SMALL)[:-1],
        as_npy(SMALL)[:-1] + b"\xff",
        as_npy(SMALL.reshape(6, 4)),
        as_npy(SMALL.view(np.int8)),
        as_npy(np.asfortranarray(SMALL)),
    ],
    ids=["empty", "text", "truncated", "one byte", "shape", "type", "order"],
)
def test_damaged_cache_is_made_anew_with_a_warning(content, tmp_path, caplog):
    file, make = tmp_path / "x.npy", Maker()
    file.write_bytes(content)
    np.testing.assert_array_equal(cached(file, make), SMALL)
    assert (make.calls, len(caplog.records)) == (1, 1)
    assert "drawing it anew" in caplog.text
    assert file.read_bytes() == as_npy(SMALL)


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path):
    old, new = (tmp_path / f".x.npy.{name}.npy" for name in ("old", "new"))
    for partial in (old, new):
        partial.touch()
    os.utime(old, (1, 1))
    cached(tmp_path / "x.npy", Maker())
    assert sorted(tmp_path.iterdir()) == [new, tmp_path / "x.npy"]


def test_cache_that_cannot_be_written_leaves_the_set_in_memory(tmp_path, caplog):
    (tmp_path / "file").touch()
    np.testing.assert_array_equal(cached(tmp_path / "file" / "x.npy", Maker()), SMALL)
    assert "stays in memory" in caplog.text


@pytest.mark.parametrize("name", ["path", "cache_dir"])
def test_parameter_that_is_no_path_is_an_error(name, clean_gin):
    gin.parse_config(f"DSprites.{name} = 3\ndata = @DSprites()")
    with pytest.raises(InputError, match=f"{name} is 3; expected a path, as a string in quotes"):
        gin.query_parameter("%data").scoped_configurable_fn()


def test_home_folder_that_is_not_known_is_an_error():
    with pytest.raises(InputError, match="no home folder is known; expected a path without ~"):
        DSprites(path="~no_such_user_at_all/x.npz")


def test_gin_file_names_the_set_and_its_shape(clean_gin, monkeypatch):
    monkeypatch.setattr(module, "_drawn", lambda file: None)
    gin.parse_config_file(str(CONFIG))
    assert isinstance(gin.query_parameter("%data").scoped_configurable_fn(), DSprites)
    assert gin.query_parameter("%image_shape") == DSprites.observation_shape
