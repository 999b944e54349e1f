import json

import numpy as np
import pytest

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError
from disent_tf.evaluate import evaluate, mean_representation
from disent_tf.models import VAE
from disent_tf.results import summary
from tests import tiny


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    tiny.train_run(folder)
    return folder


def compute_draws(data, representation_function, random_state, artifact_dir):
    """A metric that tells what it was given."""
    assert isinstance(data, GroundTruthData)
    codes = representation_function(data.sample_observations(5, random_state))
    return {"draw": float(random_state.rand()), "num_codes": codes.shape[1], "folder": artifact_dir}


def test_scores_are_returned_and_written(run_dir):
    scores = evaluate(run_dir, data=tiny.Squares(), metrics=[compute_draws], seed=3, overwrite=True)
    state = np.random.RandomState(3)
    tiny.Squares().sample_factors(5, state)
    assert scores["draws"]["draw"] == state.rand()
    assert scores["draws"]["num_codes"] == tiny.LATENT_DIM
    written = json.loads((run_dir / "scores.json").read_text())
    assert (written["seed"], written["scores"]) == (3, scores)
    assert f"draws.draw       {scores['draws']['draw']:.4f}" in summary(run_dir)
    assert str(run_dir / "metrics.csv") in summary(run_dir)


def test_scores_are_kept_unless_told_otherwise(run_dir):
    evaluate(run_dir, data=tiny.Squares(), metrics=[compute_draws], overwrite=True)
    with pytest.raises(InputError, match=r"scores.json' exists; replace it with --overwrite"):
        evaluate(run_dir, data=tiny.Squares(), metrics=[compute_draws])


@pytest.mark.parametrize("metrics", [[], 3, [compute_draws, 3], [compute_draws, compute_draws]])
def test_metrics_that_are_none_or_twice_the_same_are_an_error(run_dir, metrics):
    with pytest.raises(InputError, match=r"No metrics to compute|is named twice|are lists"):
        evaluate(run_dir, data=tiny.Squares(), metrics=metrics, overwrite=True)


def test_no_run_is_an_error(tmp_path):
    with pytest.raises(InputError, match="No run in"):
        evaluate(tmp_path, data=tiny.Squares(), metrics=[compute_draws])


def test_representation_is_the_posterior_mean_at_any_number_of_images():
    model = VAE(**tiny.networks())
    images = tiny.images(1030)  # More than one batch of the encoder.
    codes = mean_representation(model)(images)
    assert codes.shape == (1030, tiny.LATENT_DIM)
    np.testing.assert_allclose(codes, model.encode(images).mean(), atol=1e-6)


def compute_latent_dim(model, data, random_state):
    """A metric of the whole model."""
    return {"latent_dim": model.latent_dim, "draw": float(random_state.rand()), "images": len(data)}


def test_metrics_of_the_model_get_the_model(run_dir):
    options = {"metrics": [compute_draws], "model_metrics": [compute_latent_dim], "seed": 3, "overwrite": True}
    scores = evaluate(run_dir, data=tiny.Squares(), **options)
    expected = {"latent_dim": tiny.LATENT_DIM, "draw": np.random.RandomState(3).rand(), "images": 32}
    assert scores["latent_dim"] == expected
    assert "draws" in scores


def test_metrics_in_the_wrong_list_are_an_error(run_dir):
    with pytest.raises(InputError, match=r"compute_draws belongs into evaluate.metrics"):
        evaluate(run_dir, data=tiny.Squares(), model_metrics=[compute_draws], overwrite=True)
    with pytest.raises(InputError, match=r"compute_latent_dim belongs into evaluate.model_metrics"):
        evaluate(run_dir, data=tiny.Squares(), metrics=[compute_latent_dim], overwrite=True)
