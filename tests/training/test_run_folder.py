import pytest

from disent_tf.errors import InputError
from disent_tf.training.run_folder import RunFolder, read_json, write_json


def test_starting_over_empties_the_folder(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.start({"seed": 1}, {}, "")
    run.curves.touch()
    run.start({"seed": 2}, {}, "a = 1")
    assert {path.name for path in run.path.iterdir()} == {"run.json", "model.json", "config.gin"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert read_json(run.info) == {"seed": 2}


def test_the_working_directory_is_not_available(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"'\.' is the working directory"):
        RunFolder(".").check_available(overwrite=True)


def test_an_empty_folder_and_no_folder_are_available(tmp_path):
    RunFolder(tmp_path).check_available(overwrite=False)
    RunFolder(tmp_path / "new").check_available(overwrite=False)


def test_a_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(InputError, match="exists and is not a run folder"):
        RunFolder(tmp_path / "run").check_available(overwrite=True)


def test_damaged_json_is_an_error(tmp_path):
    write_json(tmp_path / "x.json", {"β": [1, 2]})
    assert read_json(tmp_path / "x.json") == {"β": [1, 2]}
    (tmp_path / "x.json").write_text('{"β": [1,')
    with pytest.raises(InputError, match=r"Cannot read .*x.json'"):
        read_json(tmp_path / "x.json")
