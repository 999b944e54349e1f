import pytest

from disent_tf.errors import InputError
from tests import tiny


def traces(folder):
    return list(folder.rglob("*.xplane.pb"))


def test_a_trace_of_the_steps_is_written(tmp_path, caplog):
    caplog.set_level("INFO")
    tiny.train_run(tmp_path / "run", steps=6, profile_steps=(2, 4))
    assert len(traces(tmp_path / "run" / "tensorboard" / "plugins" / "profile")) == 1
    assert "A trace of steps 3 to 4 is in" in caplog.text


def test_a_trace_ends_with_the_run(tmp_path):
    tiny.train_run(tmp_path / "run", steps=3, profile_steps=(2, 40))
    assert len(traces(tmp_path / "run")) == 1


def test_steps_before_a_resumption_are_not_traced(tmp_path):
    tiny.train_run(tmp_path / "run", steps=4)
    tiny.train_run(tmp_path / "run", steps=6, profile_steps=(2, 4), resume=True)
    assert not traces(tmp_path / "run")


@pytest.mark.parametrize("steps", [3, (3,), (4, 4), (0, 3), (1.0, 3), "ab", (True, 3)])
def test_wrong_steps_are_an_error(tmp_path, steps):
    with pytest.raises(InputError, match=r"train\.profile_steps is .*; expected two steps, first and last"):
        tiny.train_run(tmp_path / "run", profile_steps=steps)
    assert not (tmp_path / "run").exists()
