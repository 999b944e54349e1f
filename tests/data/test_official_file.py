import gzip
import hashlib
import pathlib
import zipfile

import numpy as np
import pytest

from disent_tf.data import official_file
from disent_tf.data.official_file import OfficialFile, as_path, perhaps_unpacked
from disent_tf.errors import InputError

CONTENT = b"what the publisher gives"
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def file(tmp_path):
    (tmp_path / "x.bin").write_bytes(CONTENT)
    return OfficialFile(tmp_path / "x.bin", "x.bin from example.org")


def with_checksum(file, checksum):
    return OfficialFile(file.path, file.source, checksum)


@pytest.mark.parametrize("checksum", [None, f"sha256:{SHA256}", f"md5:{MD5}"])
def test_file_with_its_checksum_is_accepted(checksum, file):
    with_checksum(file, checksum).verify()


@pytest.mark.parametrize("checksum", [f"sha256:{SHA256}", f"md5:{MD5}"])
def test_file_with_another_checksum_is_an_error(checksum, file):
    file.path.write_bytes(CONTENT + b"!")
    expected = checksum.partition(":")[2]
    with pytest.raises(InputError, match=rf"checksum .*; expected {expected}; download x.bin from .* verify = False"):
        with_checksum(file, checksum).verify()


@pytest.mark.parametrize("use", [lambda file: file.version, lambda file: file.verify()])
def test_missing_file_is_an_error_that_tells_where_to_get_it(use, file):
    file.path.unlink()
    with pytest.raises(InputError, match=r"cannot be opened: No such file or directory; expected x.bin from example"):
        use(file)


def test_a_name_of_two_lines_is_told_in_one(tmp_path):
    there, missing = (OfficialFile(tmp_path / name, "a source", "md5:0") for name in ("two\nlines", "none\nat all"))
    there.path.touch()
    for use in (there.verify, missing.verify, lambda: there.check_names([".."]), lambda: with_reading(there)):
        with pytest.raises(InputError, match=r"(two\\nlines|none\\nat all)(:| has| cannot)") as error:
            use()
        assert "\n" not in str(error.value)


def with_reading(file):
    with file.reading():
        raise ValueError


def test_version_tells_contents_and_checksums_apart(file):
    first = file.version
    assert first == file.version != with_checksum(file, "md5:0").version
    file.path.write_bytes(CONTENT + b"!")
    assert first != file.version


def test_gz_file_is_decompressed(tmp_path, file):
    packed = tmp_path / "x.bin.gz"
    packed.write_bytes(gzip.compress(CONTENT))
    for path in (packed, file.path):
        with OfficialFile(path, "").open() as stream:
            assert stream.read() == CONTENT


def test_unpacked_file_is_taken_only_where_the_packed_one_is_missing(tmp_path, file):
    packed = tmp_path / "x.bin.gz"
    assert official_file.perhaps_unpacked(packed) == file.path
    packed.touch()
    assert official_file.perhaps_unpacked(packed) == packed
    missing = tmp_path / "y.bin.gz"
    assert official_file.perhaps_unpacked(missing) == missing


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "..\\x"])
def test_name_that_leads_out_of_the_archive_is_an_error(name, file):
    file.check_names(["a/b..jpg", "./c"])
    with pytest.raises(InputError, match=r"the archive has the name .* expected names inside of it; download x.bin"):
        file.check_names(["a/b.jpg", name])


def test_array_of_another_shape_or_type_is_an_error(file):
    array = np.zeros((2, 3), np.uint8)
    file.check_array("a", array, (2, 3), np.uint8)
    with pytest.raises(InputError, match=r"a is uint8 \(2, 3\); expected uint8 \(3, 2\); download x.bin"):
        file.check_array("a", array, (3, 2), np.uint8)
    with pytest.raises(InputError, match=r"a is uint8 \(2, 3\); expected int32 \(2, 3\); download x.bin"):
        file.check_array("a", array, (2, 3), np.int32)


def test_what_readers_raise_becomes_one_line(file):
    with (
        pytest.raises(
            InputError, match=r"x.bin cannot be read \(ValueError two lines\); expected an intact file; down"
        ),
        file.reading(),
    ):
        raise ValueError("two\nlines")


def test_other_errors_pass(file):
    with pytest.raises(ZeroDivisionError), file.reading():
        _ = 1 / 0
    with pytest.raises(InputError, match=r"^mine$"), file.reading():
        raise InputError("mine")


@pytest.mark.parametrize("value", [None, 3, True])
def test_path_of_another_type_is_an_error(value):
    with pytest.raises(InputError, match=f"X.path is {value}; expected the path of a folder, as a string in quotes"):
        official_file.as_path("X.path", value, "the path of a folder")


def test_path_may_begin_with_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert official_file.as_path("X.path", "~/x") == pathlib.Path("/home/somebody/x")
    with pytest.raises(InputError, match="no home folder is known; expected a path without ~"):
        official_file.as_path("X.path", "~no_such_user_at_all/x")


def test_bytes_become_floats_from_0_to_1():
    floats = official_file.as_floats(np.array([0, 51, 255], np.uint8))
    assert floats.dtype == np.float32
    np.testing.assert_array_equal(floats, np.array([0, 0.2, 1], np.float32))


def test_a_null_character_in_a_path_is_an_error():
    with pytest.raises(InputError, match=r"a path is 'a.x00b', which has a null character; expected a path"):
        as_path("a path", "a\0b")


def test_a_path_that_no_file_system_takes_is_not_there():
    path = pathlib.Path("a" * 300 + ".gz")
    assert perhaps_unpacked(path) == path
    with pytest.raises(InputError, match="cannot be opened: File name too long"):
        _ = OfficialFile(path, "a source").version


def test_a_damaged_member_of_any_compression_is_one_line(tmp_path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", b"0123456789" * 100)
    content = bytearray(path.read_bytes())
    content[60] ^= 255
    path.write_bytes(content)
    file = OfficialFile(path, "a source")
    with pytest.raises(InputError, match="cannot be read"), file.reading(), zipfile.ZipFile(path) as archive:
        archive.read("x.npy")
