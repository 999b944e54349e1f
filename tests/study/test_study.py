"""Studies from the command line."""

import pathlib
import subprocess
import sys

import pandas as pd
import pytest

from disent_tf import cli
from disent_tf.errors import TrainingError
from disent_tf.study.plan import Run
from disent_tf.study.ranking import Group
from disent_tf.study.study import Study
from tests.study.conftest import calls, sweep

GIN = """
study.sweep = @product()
product.sweeps = [@models/varied(), @seeds()]
models/varied.gin_files = ['beta_vae.gin']
models/varied.bindings = {'BetaVAE.beta': [1., 4.], 'train.callbacks': [[]]}
seeds.num = 2
study.metrics = ['metrics/quick.gin']
"""

REAL = """
study.sweep = @product()
product.sweeps = [@pca/fixed(), @small/fixed(), @seeds()]
pca/fixed.gin_files = ['pca.gin']
pca/fixed.bindings = {'latent_dim': 2}
small/fixed.gin_files = ['data/xy_squares.gin']
small/fixed.bindings = {'XYSquares.num_squares': 1, 'XYSquares.num_places': 4, 'image_shape': (32, 32, 3)}
seeds.num = 1
study.metrics = ['metrics/quick.gin']
study.metric_params = ["evaluate.metrics = {'mig': @compute_mig}"]
"""


@pytest.fixture
def study(folder, tmp_path, capsys, monkeypatch):
    """Returns what a verb prints and its exit code."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "study.gin"  # The name that the project's own has.
    path.write_text(GIN)

    def call(verb, *params):
        flags = [f"--gin_file={path}", f"--output_dir={folder.path}", *(f"--gin_param={each}" for each in params)]
        code = cli.study([verb, *flags])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_a_study_from_plan_to_report(study, folder):
    code, out, _ = study("plan")
    assert code == 0
    assert out.splitlines()[-2] == "4 runs, 0 of them trained; 1,382,400 training steps left"
    assert study("run")[:2] == (0, "train: 4 done, 0 done before, 0 failed\n")
    assert study("run")[:2] == (0, "train: 0 done, 4 done before, 0 failed\n")
    assert len(calls(folder)) == 4
    assert study("status")[1].startswith("train 4/4, 0 failed; evaluate 0/4, 0 failed")
    assert study("evaluate", "Local.workers = 2")[:2] == (
        0,
        "evaluate: 4 done, 0 done before, 0 failed; udr: 2 done, 0 done before, 0 failed\n",
    )
    code, out, _ = study("aggregate")
    assert code == 0
    assert len(pd.read_parquet(out.splitlines()[0])) == 4 * 4  # Three of MIG, and UDR.
    code, out, _ = study("report")
    assert code == 0
    assert pathlib.Path(out.strip()).read_text().startswith("# study")
    assert (folder.path / "plan.txt").read_text().count("beta_vae.gin") == 4


def test_failed_runs_are_told_and_the_others_are_done(study, folder):
    code, _, err = study("run", "models/varied.bindings = {'BetaVAE.beta': [1., -1.], 'train.fail': [True]}")
    assert code == 2  # A parameter that training does not have is told before anything is trained.
    assert "train" in err and "fail" in err
    assert not calls(folder)


def test_trained_runs_are_scored_and_the_others_left_out(study, folder):
    study("run", "seeds.num = 1")
    assert study("evaluate")[1] == "evaluate: 2 done, 0 done before, 0 failed\n"


class Loses:
    """An executor that loses the workers of all items of a kind."""

    def __init__(self, kind):
        self.kind = kind

    def each(self, items, work):
        for item in items:
            yield item, "lost" if isinstance(item, self.kind) else work(item, None)


def test_what_is_lost_is_listed_as_failed(folder):
    lost = Study(folder.path, sweep=sweep(), executor=Loses(Run))
    with pytest.raises(
        TrainingError, match=r"4 failed; the first: beta_vae-beta=1-seed=0-\w+: it was stopped, or its worker lost"
    ):
        lost.run()
    assert "its worker lost" in lost.status()
    found = Study(folder.path, sweep=sweep(), executor=Loses(Group))
    assert found.run() == "train: 4 done, 0 done before, 0 failed"
    with pytest.raises(TrainingError, match=r"udr: 0 done, .*, 2 failed; the first: beta.*: it was stopped, or"):
        found.evaluate()
    assert found.status().count("udr failed: beta_vae-beta=") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan"], "A study is named by --gin_file=studies/….gin, and its folder by --output_dir."),
        (["train", "--gin_file=x.gin"], "Got 'train'; expected one of plan, run, status, evaluate, aggregate, report."),
        ([], "Got 'no verb'; expected one of plan"),
        (["run", "--gin_file=nowhere.gin", "--output_dir=x"], "No gin file 'nowhere.gin'"),
    ],
)
def test_bad_commands_are_one_line(arguments, message, capsys):
    assert cli.study(arguments) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("evaluate", r"is trained; train them first: bin/study run"),
        ("report", r"has scores; score them first: bin/study evaluate"),
        ("aggregate", r"has scores; score them first: bin/study evaluate"),
    ],
)
def test_verbs_out_of_order_are_one_line(study, verb, message):
    code, _, err = study(verb)
    assert code == 2
    assert message in err


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("study.metrics = ['metrics/quickest.gin']", "No gin file 'metrics/quickest.gin'"),
        ("study.metrics = 'metrics/quick.gin'", "study.metrics is 'metrics/quick.gin'; expected a list of texts"),
        ("study.sweep = None", "study.sweep is None; expected a sweep"),
        ("study.executor = @Local", "expected one such as @Local()"),
        ("seeds.first = 'a'", "seeds.first is 'a'"),
        ("study.executor = 3", "study.executor is 3; expected one such as @Local()"),
        ("study.published = [1]", "study.published is [1]; expected texts such as"),
        ("study.seconds_per_step = 0", "study.seconds_per_step is 0"),
        ("seeds.num = 0", "seeds.num is 0"),
    ],
)
def test_bad_studies_are_one_line(study, folder, param, message):
    code, _, err = study("run", param)
    assert code == 2
    assert message in err
    assert not folder.path.exists()


def test_answers_do_not_wait_for_tensorflow():
    script = "import sys, disent_tf.study.study; assert 'tensorflow' not in sys.modules, 'imported'"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_real_run_is_trained_and_scored(tmp_path):
    gin_file = tmp_path / "tiny.gin"
    gin_file.write_text(REAL)
    flags = [f"--gin_file={gin_file}", f"--output_dir={tmp_path / 'out'}"]
    assert [cli.study([verb, *flags]) for verb in ("run", "evaluate", "aggregate")] == [0, 0, 0]
    table = pd.read_parquet(tmp_path / "out" / "results.parquet")
    assert 0 <= table.set_index("key").loc["discrete_mig", "value"] <= 1
    assert table["train_seconds"].iloc[0] > 0
