import json

import gin
import numpy as np
import pytest

from disent_tf import cli
from disent_tf.errors import InputError
from disent_tf.metrics.udr import rank_models
from disent_tf.models import PCA
from disent_tf.rank import rank
from disent_tf.training.checkpointing import load_model
from disent_tf.visualization.arrays import kl_per_dimension
from tests import tiny


@pytest.fixture(scope="module")
def run_dirs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for seed in range(3):
        tiny.train_run(folder / f"seed{seed}", steps=60, seed=seed)
    return [folder / f"seed{seed}" for seed in range(3)]


def test_scores_are_those_of_the_metric_on_the_same_codes(run_dirs):
    gin.parse_config("compute_udr_sklearn.num_data_points = 40\ncompute_udr_sklearn.filter_low_kl = False")
    scores = rank(run_dirs, data=tiny.Squares(), seed=0)
    state = np.random.RandomState(0)
    batches = [tiny.Squares().sample_observations(10, state) for _ in range(4)]
    models = [load_model(run_dir) for run_dir in run_dirs]
    codes = [np.concatenate([model.encode(batch).mean() for batch in batches]) for model in models]
    kl = [np.mean([kl_per_dimension(model, batch) for batch in batches], axis=0) for model in models]
    expected = rank_models(codes, kl, filter_low_kl=False).model_scores
    assert list(scores) == ["seed0", "seed1", "seed2"]
    np.testing.assert_allclose(list(scores.values()), expected, rtol=1e-4)
    assert 0 < min(scores.values()) <= max(scores.values()) <= 1


def test_a_model_without_posteriors_is_an_error(run_dirs, tmp_path):
    tiny.train_run(tmp_path / "pca", lambda: PCA(tiny.IMAGE_SHAPE, 2, num_images=32), steps=0)
    with pytest.raises(InputError, match=r"'pca' is a PCA, which has no KL divergence; expected runs of VAEs"):
        rank([run_dirs[0], tmp_path / "pca"], data=tiny.Squares())


def test_two_runs_of_one_name_are_an_error(run_dirs):
    with pytest.raises(InputError, match=r"Two runs have the same name, \['seed0', 'seed0'\]"):
        rank([run_dirs[0], run_dirs[0]], data=tiny.Squares())


def test_the_command_prints_and_writes_scores(run_dirs, tmp_path, capsys):
    flags = [f"--run_dir={run_dir}" for run_dir in run_dirs]
    params = ["rank.data = @Squares()", "compute_udr_sklearn.num_data_points = 20"]
    output = tmp_path / "udr.json"
    assert cli.rank([*flags, *(f"--gin_param={each}" for each in params), f"--output={output}"]) == 0
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    written = json.loads(output.read_text())
    assert {name: float(score) for score, name in printed} == pytest.approx(written, abs=1e-4)
    assert [float(score) for score, _ in printed] == sorted((float(score) for score, _ in printed), reverse=True)


def test_one_run_is_an_error(run_dirs, capsys):
    assert cli.rank([f"--run_dir={run_dirs[0]}"]) == 2
    assert "bin/rank compares runs: expected --run_dir twice or more" in capsys.readouterr().err
