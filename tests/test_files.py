import pytest

from disent_tf import files


def test_a_file_appears_whole(tmp_path):
    files.write_text(tmp_path / "new" / "x.txt", "β")
    assert (tmp_path / "new" / "x.txt").read_text(encoding="utf-8") == "β"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.txt"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    files.write_text(tmp_path / "x.txt", "old")
    with pytest.raises(RuntimeError, match="halfway"), files.atomic_path(tmp_path / "x.txt") as temporary:
        temporary.write_text("new")
        raise RuntimeError("halfway")
    assert (tmp_path / "x.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_the_temporary_file_keeps_the_ending(tmp_path):
    with files.atomic_path(tmp_path / "x.npy") as temporary:
        assert temporary.suffix == ".npy"
        assert temporary.parent == tmp_path
