"""The commands as a user types them, in processes of their own, from another folder."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from disent_tf import cli, results

BIN = pathlib.Path(__file__).parents[1] / "bin"
TINY = [
    "import tests.tiny",
    "data = @Squares()",
    "image_shape = (16, 16, 1)",
    "latent_dim = 3",
    "mlp_discriminator.units = 16",
    "train.steps = 4",
    "train.batch_size = 4",
    "train.log_every = 2",
]
VOTES = ["compute_factor_vae.num_train = 20", "compute_factor_vae.num_eval = 10", "compute_mig.num_train = 100"]


def command(name, folder, *flags, bindings=()):
    arguments = [BIN / name, *flags, *(f"--gin_param={binding}" for binding in bindings)]
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)  # Set for the tests; a user's choice brings native notes back.
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def expect_success(done):
    assert done.returncode == 0, done.stderr
    return done


def expect_one_line(done, message, code=2):
    assert done.returncode == code, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert message in done.stderr
    assert not done.stdout


one_worker = pytest.mark.xdist_group("cli")  # Or each would train the run that they share.


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run in it, trained by name."""
    folder = tmp_path_factory.mktemp("user")
    done = expect_success(command("train", folder, "--gin_file=factor_vae.gin", bindings=TINY))
    assert done.stdout == "Run folder: runs/factor_vae\n"
    assert "step 4/4 loss" in done.stderr
    assert "oneDNN custom operations" not in done.stderr
    return folder


@one_worker
def test_a_run_is_scored_drawn_and_exported(folder):
    expect_success(command("visualize", folder, "--run_dir=runs/factor_vae"))
    expect_success(command("export", folder, "--run_dir=runs/factor_vae"))
    evaluation = ("evaluate", folder, "--run_dir=runs/factor_vae", "--gin_file=metrics/quick.gin")
    scored = expect_success(command(*evaluation, bindings=VOTES))
    scores = results.scores(folder / "runs" / "factor_vae")
    assert set(scores) == {"mig", "factor_vae"}
    for line in (f"mig.discrete_mig            {scores['mig']['discrete_mig']:.4f}", "runs/factor_vae/export"):
        assert line in scored.stdout
    info = json.loads((folder / "runs" / "factor_vae" / "run.json").read_text())
    assert info["onednn"] == "1"
    for name in ("visualize", "export"):
        expect_one_line(command(name, folder, "--run_dir=runs/factor_vae"), "exists; replace it with --overwrite.")
    expect_one_line(command(*evaluation), "mig.json' has another arguments")


@one_worker
def test_a_run_resumes_by_its_own_configuration(folder):
    flags = ["--resume", "--output_dir=runs/factor_vae"]
    expect_success(command("train", folder, *flags, bindings=["train.steps = 6"]))
    rows = (folder / "runs" / "factor_vae" / "metrics.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "2", "4", "6"]
    message = "was trained with another"
    expect_one_line(command("train", folder, *flags, bindings=["FactorVAE.gamma = 1.0"]), message)


@one_worker
def test_an_existing_run_is_kept(folder):
    done = command("train", folder, "--gin_file=factor_vae.gin", bindings=TINY)
    expect_one_line(done, "already holds a run; continue it with --resume, replace it with --overwrite")


@one_worker
def test_diverged_training_is_one_line_and_exit_code_one(folder):
    flags = ["--gin_file=vae.gin", "--output_dir=diverged"]
    done = command("train", folder, *flags, bindings=[*TINY, "Adam.learning_rate = 1e38"])
    assert done.returncode == 1
    assert "train: Training diverged at step" in done.stderr
    assert "Traceback" not in done.stderr


# What needs no TensorFlow is tried in this process.


def run(name, capsys, *flags):
    code = getattr(cli, name)(flags)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_data_set_is_drawn_without_a_run(tmp_path):
    drawn = expect_success(command("visualize", tmp_path, "--data", "--gin_file=data/xy_squares.gin"))
    assert drawn.stdout == "xy_squares.png\n"
    assert (tmp_path / "xy_squares.png").stat().st_size > 1000


@pytest.mark.parametrize("name", ["train", "evaluate", "visualize", "export"])
def test_help(name, capsys):
    code, out, err = run(name, capsys, "--help")
    assert (code, err) == (0, "")
    assert f"bin/{name} --" in out


def test_help_loads_no_tensorflow():
    code = "import sys; from disent_tf import cli; cli.train(['--help']); sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    "name, flags, message",
    [
        ("train", [], "No --gin_file: expected a configuration"),
        ("train", ["--gin_file=factr_vae.gin"], "Did you mean 'factor_vae.gin'?"),
        ("train", ["--gin_files=vae.gin"], "Unknown command line flag 'gin_files'"),
        ("train", ["factor_vae.gin"], "Unexpected argument 'factor_vae.gin'; flags are written as --name=value."),
        ("train", ["--resume"], "name the run folder"),
        ("train", ["--gin_file=vae.gin", "--resume", "--overwrite"], "contradict each other"),
        ("train", ["--resume", "--output_dir=nowhere"], "No run in 'nowhere'"),
        ("evaluate", [], "No --run_dir"),
        ("visualize", ["--run_dir=nowhere"], "No run in 'nowhere'"),
        ("visualize", ["--data"], "--data draws a data set, not a run"),
        ("visualize", ["--data", "--gin_file=data/pinwheel.gin"], "a montage needs images"),
        ("visualize", ["--data", "--gin_file=data/mnist.gin"], "MNIST.path set to `%gin.REQUIRED`"),
        ("export", ["--run_dir=nowhere"], "No run in 'nowhere'"),
        ("train", ["--gin_file=vae.gin", "--gin_param=VAE.depth = 3"], "Cannot use --gin_param 'VAE.depth = 3'"),
        ("train", ["--gin_file=vae.gin", "--gin_param=DSprites.path = 'nowhere.npz'"], "nowhere.npz"),
        ("train", ["--gin_file=beta_vae.gin", "--gin_param=BetaVAE.beta = 'big'"], "BetaVAE.beta is 'big'"),
        ("train", ["--gin_file=beta_vae.gin", "--gin_param=BetaVAE.bta = 4.0"], "'bta'"),
        (
            "train",
            ["--gin_file=beta_vae.gin", "--gin_param=image_shape = (64, 64, 3)"],
            "set image_shape = (64, 64, 1)",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(name, flags, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(name, capsys, *flags)
    assert (code, out) == (2, "")
    assert err.startswith(f"{name}: ")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_onednn_is_chosen_by_the_configuration(folder):
    bindings = ["train.onednn = False", "train.steps = -1"]
    # Imported with it, TensorFlow would make that the error.
    expect_one_line(command("train", folder, "--gin_file=vae.gin", bindings=bindings), "steps is -1; expected")


def test_debug_shows_where_an_error_came_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="No gin file"):
        cli.train(["--gin_file=nowhere.gin", "--debug"])
