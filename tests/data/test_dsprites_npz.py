import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from disent_tf.data import npz_rows
from disent_tf.data.dsprites import DSprites
from disent_tf.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 2, (6, 64, 64), dtype=np.uint8)
CLASSES = np.stack(np.unravel_index(np.arange(6), (1, 2, 3)), axis=1)


def as_npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


class Bomb:
    """Unpickling this is an error."""

    def __reduce__(self):
        return pickle.loads, (b"",)


@pytest.fixture
def official(tmp_path, monkeypatch):
    """Writes a small file as the official one is, with some arrays replaced, and returns its path."""
    monkeypatch.setattr(DSprites, "factor_sizes", (2, 3))  # A grid of 2 x 3.
    monkeypatch.setattr(npz_rows, "_BLOCK_BYTES", 4 * 64 * 64)  # Two blocks of images, of which the last is not full.

    def write(save=np.savez_compressed, **arrays):
        contents = {"metadata": np.array(Bomb()), "imgs": IMAGES, "latents_classes": CLASSES, **arrays}
        save(tmp_path / "official.npz", **{key: array for key, array in contents.items() if array is not None})
        return tmp_path / "official.npz"

    return write


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_official_file_is_read_without_its_pickle(official, save):
    images = DSprites(path=str(official(save)))[np.array([5, 0, 3])]
    np.testing.assert_array_equal(images[..., 0], IMAGES[[5, 0, 3]])


def test_official_file_is_read_again_only_when_it_changes(official):
    path = official()
    first = DSprites(path=path)
    assert DSprites(path=path)._packed is first._packed
    os.utime(official(imgs=1 - IMAGES), (1, 1))  # Another time, whatever the clock's resolution.
    np.testing.assert_array_equal(DSprites(path=path)[np.array([2])][0, ..., 0], 1 - IMAGES[2])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"imgs": None}, r"has \['metadata.npy', 'latents_classes.npy'\]; expected imgs.npy among them; download"),
        ({"latents_classes": None}, r"expected latents_classes.npy among them; download"),
        ({"imgs": IMAGES[:5]}, r"imgs is uint8 \(5, 64, 64\); expected uint8 \(6, 64, 64\); download"),
        ({"imgs": IMAGES.astype(bool)}, r"imgs is bool \(6, 64, 64\); expected uint8 \(6, 64, 64\); download"),
        ({"imgs": np.array(Bomb())}, r"imgs is object \(\); expected uint8 \(6, 64, 64\); download"),
        ({"imgs": 255 * IMAGES}, r"imgs has the value 255; expected 0 and 1 only; download"),
        ({"latents_classes": CLASSES[:, 1:]}, r"latents_classes is int64 \(6, 2\); expected int64 \(6, 3\); download"),
        (
            {"latents_classes": CLASSES[[0, 1, 2, 3, 5, 4]]},
            r"row 4 of latents_classes is \[0, 1, 2\]; expected \[0, 1, 1\], .*; download",
        ),
        ({"imgs": np.asfortranarray(IMAGES)}, r"cannot be read \(.* Fortran order\); expected .*; download"),
    ],
    ids=["no images", "no classes", "shape", "type", "pickle", "values", "columns", "order", "layout"],
)
def test_official_file_with_other_content_is_an_error(arrays, message, official):
    path = official(**arrays)
    with pytest.raises(InputError, match=message) as caught:
        DSprites(path=path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def damage_image(content):
    position = content.index(IMAGES.tobytes()) + 1234
    return content[:position] + bytes([1 - content[position]]) + content[position + 1 :]


@pytest.mark.parametrize(
    "damage",
    [lambda content: b"", lambda content: b"text", lambda content: content[:-1000], damage_image],
    ids=["empty", "text", "truncated", "one pixel"],
)
def test_damaged_official_file_is_an_error(damage, official):
    path = official(np.savez)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"cannot be read \(BadZipFile .*\); expected an intact file; download"):
        DSprites(path=path)


def test_official_array_that_goes_on_is_an_error(official):
    path = official(imgs=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("imgs.npy", as_npy(IMAGES) + b"\0")
    with pytest.raises(InputError, match="imgs goes on after its last row"):
        DSprites(path=path)


def test_missing_official_file_is_an_error(tmp_path):
    with pytest.raises(
        InputError, match=r"none\.npz cannot be opened: No such file or directory; expected dsprites_ndarray"
    ):
        DSprites(path=tmp_path / "none.npz")


def test_official_file_of_the_wrong_size_is_an_error(official, monkeypatch):
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"latents_classes is int64 \(6, 3\); expected int64 \(737280, 6\)"):
        DSprites(path=official())


# Parameters.
