import json
import sys

import pytest

from disent_tf.study import work as working
from disent_tf.study.plan import plan
from disent_tf.study.sweep import fixed, product, seeds, varied
from disent_tf.study.work import StudyFolder

COMMAND = """
import json, os, pathlib, signal, sys

stage, *arguments = sys.argv[1:]
values = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments if argument.startswith("--"))
params = [argument.partition("=")[2] for argument in arguments if argument.startswith("--gin_param")]
if stage == "rank":
    names = [pathlib.Path(argument.partition("=")[2]).name for argument in arguments if "run_dir" in argument]
    output = pathlib.Path(values["output"])
    output.write_text(json.dumps({name: 0.5 + number for number, name in enumerate(names)}))
    with (output.parent.parent / "calls.txt").open("a") as calls:
        calls.write(json.dumps([stage, "", arguments]) + "\\n")
    sys.exit(0)
run = pathlib.Path(values.get("output_dir") or values["run_dir"])
log = run.parent.parent / "calls.txt"
with log.open("a") as calls:
    calls.write(json.dumps([stage, run.name, arguments]) + "\\n")
if any("train.silent" in param for param in params):
    sys.exit(3)
print("working on", run.name)
(run.parent.parent / "where.txt").write_text(os.getcwd())
if stage == "train":
    run.mkdir(parents=True, exist_ok=True)
    info = {"disent_tf": "0", "packages": {"tensorflow": "2", "keras": "3", "numpy": "2"}, "git_revision": "abc"}
    (run / "run.json").write_text(json.dumps(info))
    is_vae = not any("pca.gin" in argument for argument in arguments)
    (run / "model.json").write_text(json.dumps({"config": {"prior": {}} if is_vae else {}}))
for param in params:
    name, _, value = param.partition(" = ")
    if name == "train.fail" and value == "True" and not (run.parent.parent / "mended").exists():
        sys.exit("train: the disk is full")
    if name == "train.interrupted":
        sys.exit(130)
    if name == "train.crash":
        error = ValueError("no such factor")
        error.add_note("  In call to configurable 'train'")
        raise error
    if name == "train.wait" and stage == "train" and not (run.parent.parent / "go").exists():
        (run / "begun").write_text(str(os.getpid()))
        signal.pause()
if stage == "evaluate":
    (run / "scores").mkdir(exist_ok=True)
    seed = next((float(param.partition(" = ")[2]) for param in params if "evaluate.seed" in param), 0.0)
    scores = {"discrete_mig": 0.1 + seed / 10, "num_bins": 20, "note": "text", "nothing": "NaN"}
    found = {"scores": scores, "seconds": 0.5, "step": 7}
    (run / "scores" / "mig.json").write_text(json.dumps(found))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A study's folder, whose commands are a script of a few lines."""
    monkeypatch.setattr(
        working, "command_line", lambda name, arguments: [sys.executable, "-c", COMMAND, name, *arguments]
    )
    return StudyFolder(tmp_path / "study")


@pytest.fixture
def runs():
    """Four runs: two settings of one objective, two seeds each."""
    return four()


def four(**bindings):
    return plan(sweep(**bindings))


def sweep(**bindings):
    return product([varied(["beta_vae.gin"], {"BetaVAE.beta": [1.0, 4.0]}), fixed((), bindings), seeds(2)])


def calls(folder):
    """What the script was called with: stage, name of the run and arguments, one after the other."""
    path = folder.path / "calls.txt"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
