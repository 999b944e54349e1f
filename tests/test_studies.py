"""The configurations of the seeds' figures."""

import numpy as np
import pytest

from disent_tf import config
from disent_tf.training.train import train
from disent_tf.visualization.visualize import visualize

CLUSTERING = "studies/seeds/001_clustering.gin"


def final(folder, name):
    return np.genfromtxt(folder / "metrics.csv", delimiter=",", names=True)[name][-1]


@pytest.fixture(scope="module")
def clustered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    config.load([CLUSTERING], ["train.log_every = 100"])
    train(folder)
    return folder


def test_codes_of_the_pinwheel_take_the_clusters_of_the_prior(clustered):
    # Seed 001, figure 2, α = 5, β = 0. Nats; 380 with α = 0, β = 0.01.
    assert final(clustered, "divergence_kl_inclusive") < 0.5
    assert final(clustered, "active_units") == 2
    assert final(clustered, "reconstruction") < 0  # A density of points in the plane: better than one per unit of area.


def test_its_aggregate_posterior_is_drawn(clustered):
    config.load(
        [str(clustered / "config.gin"), "studies/seeds/001_clustering_figures.gin"],
        ["aggregate_posterior.resolution = 20"],
    )
    paths = visualize(clustered)
    assert {path.name for path in paths} == {"aggregate_posterior.png", "points.png"}
    assert all(path.stat().st_size > 1000 for path in paths)


def test_without_the_divergence_they_do_not(tmp_path):
    weights = ["DecompositionVAE.alpha = 0.", "DecompositionVAE.beta = 0.01", "train.steps = 200"]
    config.load([CLUSTERING], [*weights, "train.decomposition_every = 0"])
    train(tmp_path / "run")
    assert final(tmp_path / "run", "divergence_kl_inclusive") > 5
