import os
import pathlib
import resource

import numpy as np
import pytest

from disent_tf.data.decoded_copy import cache_folder, decoded_copy
from disent_tf.data.official_file import OfficialFile
from disent_tf.errors import InputError

IMAGES = np.arange(120, dtype=np.uint8).reshape(5, 4, 3, 2)


class Decoder:
    """Yields IMAGES in blocks that are not in order, and counts how often."""

    calls = 0

    def __call__(self):
        self.calls += 1
        yield 3, IMAGES[3:]
        yield 0, IMAGES[:2]
        yield 2, IMAGES[2:3]


@pytest.fixture
def file(tmp_path):
    (tmp_path / "source").write_bytes(b"1")
    return OfficialFile(tmp_path / "source", "source from example.org")


def copy_of(file, decoder, folder, name="set"):
    return decoded_copy(name, [file], IMAGES.shape, decoder(), folder)


def test_images_are_decoded_once(tmp_path, file, caplog):
    decoder, folder = Decoder(), tmp_path / "new" / "cache"
    for _ in range(2):
        images = copy_of(file, decoder, folder)
        np.testing.assert_array_equal(images, IMAGES)
        assert not images.flags.writeable
        assert type(images) is np.ndarray
    assert decoder.calls == 1
    assert not caplog.records
    assert len(list(folder.iterdir())) == 1


def test_images_are_decoded_anew_for_another_source_or_setting(tmp_path, file):
    decoder = Decoder()
    copy_of(file, decoder, tmp_path)
    copy_of(file, decoder, tmp_path, name="set_crop")
    assert decoder.calls == 2
    os.utime(file.path, (1, 1))
    copy_of(file, decoder, tmp_path)
    assert decoder.calls == 3


def test_images_are_decoded_anew_by_another_reader(tmp_path, file, monkeypatch):
    decoder = Decoder()
    copy_of(file, decoder, tmp_path)
    monkeypatch.setattr("disent_tf.data.decoded_copy._VERSION", -1)
    copy_of(file, decoder, tmp_path)
    assert decoder.calls == 2


def test_source_with_a_wrong_checksum_is_not_decoded(tmp_path, file):
    decoder = Decoder()
    copy_of(file, decoder, tmp_path)
    checked = OfficialFile(file.path, file.source, "md5:0")
    with pytest.raises(InputError, match="expected 0"):  # Also where an unchecked copy is at hand.
        copy_of(checked, decoder, tmp_path)
    assert decoder.calls == 1


def cut(copy):
    copy.write_bytes(copy.read_bytes()[:-1])


def other_shape(copy):
    np.save(copy, IMAGES[1:])


@pytest.mark.parametrize("damage", [cut, other_shape, lambda copy: copy.write_bytes(b"")])
def test_damaged_copy_is_made_anew_with_a_warning(damage, tmp_path, file, caplog):
    decoder, folder = Decoder(), tmp_path / "cache"
    copy_of(file, decoder, folder)
    damage(next(folder.iterdir()))
    np.testing.assert_array_equal(copy_of(file, decoder, folder), IMAGES)
    assert decoder.calls == 2
    assert "making it anew" in caplog.text


def test_failed_decoding_leaves_no_copy(tmp_path, file):
    def broken():
        yield 0, IMAGES[:1]
        raise InputError("broken")

    with pytest.raises(InputError, match=r"^broken$"):
        copy_of(file, broken, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_folder_that_cannot_be_written_is_an_error(tmp_path, file):
    with pytest.raises(InputError, match=r"cannot be written .* expected a folder with 0.0 GB to spare: name one by"):
        copy_of(file, Decoder(), file.path)


def test_full_disk_is_an_error_and_leaves_nothing(tmp_path, file):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, before[1]))  # Bytes: the header fits, the images do not.
    try:
        with pytest.raises(InputError, match=r"cannot be written .*File too large"):
            copy_of(file, Decoder(), tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list((tmp_path / "cache").iterdir())


def test_a_row_that_the_source_does_not_give_is_an_error(tmp_path, file):
    def incomplete():
        yield 0, IMAGES[:2]
        yield 3, IMAGES[3:]

    with pytest.raises(InputError, match="would lack row 2; expected 5 images"):
        copy_of(file, incomplete, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path, file):
    copy_of(file, Decoder(), tmp_path / "cache")
    copy = next((tmp_path / "cache").iterdir())
    copy.unlink()
    old, new = (copy.with_name(f".{copy.name}.{name}.npy") for name in ("old", "new"))
    for partial in (old, new):
        partial.touch()
    os.utime(old, (1, 1))
    copy_of(file, Decoder(), tmp_path / "cache")
    assert sorted((tmp_path / "cache").iterdir()) == sorted([copy, new])


def test_missing_source_is_an_error_even_if_there_is_a_copy(tmp_path, file):
    copy_of(file, Decoder(), tmp_path)
    file.path.unlink()
    with pytest.raises(InputError, match=r"No such file or directory; expected source from example.org"):
        copy_of(file, Decoder(), tmp_path)


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
    assert cache_folder(None) == pathlib.Path(folder)
    assert cache_folder("mine") == pathlib.Path("mine")


def test_cache_folder_that_is_no_path_is_an_error():
    with pytest.raises(InputError, match="cache_dir is 3; expected a path"):
        cache_folder(3)
