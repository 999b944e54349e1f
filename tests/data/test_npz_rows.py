import io
import pickle
import zipfile

import numpy as np
import pytest

from disent_tf.data import npz_rows as module
from disent_tf.data.npz_rows import npz_rows
from disent_tf.data.official_file import OfficialFile
from disent_tf.errors import InputError

ROWS = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)


class Bomb:
    """Unpickling this is an error."""

    def __reduce__(self):
        return pickle.loads, (b"",)


@pytest.fixture
def file(tmp_path):
    return OfficialFile(tmp_path / "x.npz", "x.npz from example.org")


def read(file):
    return list(npz_rows(file, "images", ((6, 4, 5), (2, 3, 4, 5)), (4, 5)))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("shape", [(6, 4, 5), (2, 3, 4, 5)])
def test_rows_come_in_blocks_whatever_the_leading_dimensions(save, shape, file, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_BYTES", 80)  # Four rows: the last block is not full.
    save(file.path, images=ROWS.reshape(shape), other=np.array(Bomb()))
    blocks = read(file)
    assert [start for start, _ in blocks] == [0, 4]
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), ROWS)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"imgs": ROWS}, r"has \['imgs.npy'\]; expected images.npy among them; download"),
        (
            {"images": ROWS[1:]},
            r"images is uint8 \(5, 4, 5\); expected uint8 \(6, 4, 5\) or uint8 \(2, 3, 4, 5\); down",
        ),
        ({"images": ROWS.astype(np.float32)}, r"images is float32 \(6, 4, 5\); expected uint8"),
        ({"images": np.array(Bomb())}, r"images is object \(\); expected uint8"),
        ({"images": np.asfortranarray(ROWS)}, r"cannot be read \(ValueError an array is in Fortran order\)"),
    ],
    ids=["name", "shape", "type", "pickle", "layout"],
)
def test_other_content_is_an_error(arrays, message, file):
    np.savez(file.path, **arrays)
    with pytest.raises(InputError, match=message):
        read(file)


def flip(content):
    position = content.index(ROWS.tobytes()) + 50
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-60], flip])
def test_damaged_file_is_an_error(damage, file):
    np.savez(file.path, images=ROWS)
    file.path.write_bytes(damage(file.path.read_bytes()))
    with pytest.raises(InputError, match=r"cannot be read \(BadZipFile .*\); expected an intact file; download x.npz"):
        read(file)


def write_member(file, content, name="images.npy"):
    with zipfile.ZipFile(file.path, "w") as archive:
        archive.writestr(name, content)


def as_npy():
    buffer = io.BytesIO()
    np.save(buffer, ROWS)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [as_npy() + b"\0", as_npy()[:-1], b"", b"\x93NUMPY\x01\x00"])
def test_array_of_another_length_is_an_error(content, file):
    write_member(file, content)
    with pytest.raises(InputError, match=r"cannot be read \(ValueError .*\); expected an intact file"):
        read(file)


def test_name_that_leads_out_of_the_archive_is_an_error(file):
    write_member(file, as_npy(), "../images.npy")
    with pytest.raises(InputError, match=r"the archive has the name '../images.npy'"):
        read(file)
