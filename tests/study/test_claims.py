import subprocess
import sys

from disent_tf.study.claims import claimed

HOLD = """
import pathlib, sys
from disent_tf.study.claims import claimed

with claimed(pathlib.Path(sys.argv[1])) as claim:
    print("held" if claim is not None else "taken", flush=True)
    sys.stdin.read()
"""


def holder(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def test_one_process_at_a_time_holds_a_claim(tmp_path):
    process, said = holder(tmp_path / "run.lock")
    assert said == "held"
    with claimed(tmp_path / "run.lock") as claim:
        assert claim is None
    process.communicate("")
    with claimed(tmp_path / "run.lock") as claim:
        assert claim is not None


def test_a_killed_process_leaves_no_claim(tmp_path):
    process, _ = holder(tmp_path / "run.lock")
    process.kill()
    process.communicate()
    with claimed(tmp_path / "run.lock") as claim:
        assert claim is not None


def test_a_child_that_inherits_a_claim_holds_it_when_its_parent_is_gone(tmp_path):
    path = tmp_path / "run.lock"
    with claimed(path) as claim:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[claim])
    with claimed(path) as claim:
        assert claim is None
    child.communicate(b"\n")
    with claimed(path) as claim:
        assert claim is not None


def test_waiting_ends_when_the_claim_is_free(tmp_path):
    process, _ = holder(tmp_path / "run.lock")
    waiting = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD.replace("argv[1])", "argv[1]), until=threading.Event()").replace("import ", "import threading, ", 1),
            str(tmp_path / "run.lock"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert waiting.poll() is None
    process.communicate("")
    assert waiting.communicate("")[0].strip() == "held"
