import functools
import json
import shutil

import gin
import keras
import numpy as np
import pytest

from disent_tf import results
from disent_tf.distributions.posteriors import DiagonalNormal, FullCovarianceNormal, LaplacePosterior
from disent_tf.errors import InputError
from disent_tf.evaluate import evaluate, mean_representation, posterior_parameters
from disent_tf.models import VAE
from disent_tf.score_files import fingerprint
from disent_tf.training.checkpointing import load_model
from tests import tiny


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    tiny.train_run(folder)
    return folder


def compute_draws(data, representation_function, random_state, artifact_dir, num=5):
    """A metric that tells what it was given."""
    codes = representation_function(data.sample_observations(num, random_state))
    return {"draw": float(random_state.rand()), "num_codes": codes.shape[1], "folder": artifact_dir}


def compute_nothing(data, representation_function, random_state, artifact_dir):
    """A metric that cannot be computed."""
    raise InputError("there is nothing to compute.")


def score(folder, **metrics):
    return evaluate(folder, data=tiny.Squares(), metrics=metrics, seed=3)


@pytest.fixture
def fresh_run(run_dir):
    """The run without scores."""
    shutil.rmtree(run_dir / "scores", ignore_errors=True)
    return run_dir


def test_scores_are_returned_and_written(fresh_run):
    scores = score(fresh_run, draws=compute_draws)
    state = np.random.RandomState(3)
    tiny.Squares().sample_factors(5, state)
    folder = str(fresh_run / "matrices" / "draws")
    assert scores == {"draws": {"draw": state.rand(), "num_codes": tiny.LATENT_DIM, "folder": folder}}
    written = json.loads((fresh_run / "scores" / "draws.json").read_text())
    assert written.pop("seconds") >= 0
    assert written.pop("data") == fingerprint(tiny.Squares())
    assert written.pop("codes") == "mean"
    assert written == {"scores": scores["draws"], "step": 1, "seed": 3, "arguments": {"num": "5"}}
    assert results.scores(fresh_run) == scores
    assert f"draws.draw       {scores['draws']['draw']:.4f}" in results.summary(fresh_run)
    assert str(fresh_run / "metrics.csv") in results.summary(fresh_run)


def test_scores_of_other_data_are_not_taken_for_these(fresh_run):
    class Inverted(tiny.Squares):
        def __getitem__(self, indices):
            return 1 - super().__getitem__(indices)

    score(fresh_run, draws=compute_draws)
    with pytest.raises(InputError, match=r"draws.json' has another data \(data: Squares of .* there, Inverted"):
        evaluate(fresh_run, data=Inverted(), metrics={"draws": compute_draws}, seed=3)


def test_stopped_evaluation_goes_on_where_it_was(fresh_run):
    def compute_stop(data, representation_function, random_state, artifact_dir):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(fresh_run, first=compute_draws, second=compute_stop, third=compute_draws)
    assert [path.name for path in (fresh_run / "scores").iterdir()] == ["first.json"]
    path = fresh_run / "scores" / "first.json"
    path.write_text(path.read_text().replace('"num_codes": 3', '"num_codes": 33'))  # To see that it is not redone.
    scores = score(fresh_run, first=compute_draws, third=compute_draws)
    assert [scores[name]["num_codes"] for name in ("first", "third")] == [33, 3]


def test_scores_of_something_else_are_kept_unless_told_otherwise(fresh_run):
    score(fresh_run, draws=compute_draws)
    with pytest.raises(InputError, match=r"draws.json' has another seed \(seed: 3 there, 4 now\); replace it with --o"):
        evaluate(fresh_run, data=tiny.Squares(), metrics={"draws": compute_draws}, seed=4)
    with pytest.raises(InputError, match=r"another arguments \(num: 5 there, 6 now\)"):
        score(fresh_run, draws=functools.partial(compute_draws, num=6))
    scores = evaluate(fresh_run, data=tiny.Squares(), metrics={"draws": compute_draws}, seed=4, overwrite=True)
    assert results.scores(fresh_run) == scores


def test_gin_binds_a_metric_by_its_name(fresh_run):
    compute = gin.external_configurable(compute_draws, module="tests")
    gin.parse_config("six/compute_draws.num = 6")
    scores = score(fresh_run, five=compute, six=compute)
    written = [json.loads((fresh_run / "scores" / f"{name}.json").read_text()) for name in ("five", "six")]
    assert [each["arguments"] for each in written] == [{"num": "5"}, {"num": "6"}]
    assert scores["five"]["draw"] != scores["six"]["draw"]


def test_results_that_are_no_numbers_are_told_and_do_not_stop_the_others(fresh_run):
    def compute_matrix(data, representation_function, random_state, artifact_dir):
        return {"matrix": np.eye(2)}

    with pytest.raises(InputError, match=r"^1 of 2 metrics .* the score 'matrix' is of type ndarray; expected"):
        score(fresh_run, matrix=compute_matrix, draws=compute_draws)
    assert list(results.scores(fresh_run)) == ["draws"]


def test_metric_that_cannot_be_computed_does_not_stop_the_others(fresh_run):
    with pytest.raises(InputError, match=r"^1 of 2 metrics cannot be computed: nothing: there is nothing to"):
        score(fresh_run, nothing=compute_nothing, draws=compute_draws)
    assert list(results.scores(fresh_run)) == ["draws"]


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({}, "expected names with metrics"),
        (3, "expected names with metrics"),
        ([compute_draws], "expected names with metrics"),
        ({"draws": 3}, "expected names with metrics"),
        ([{"draws": compute_draws}, {"draws": compute_draws}], "names a metric twice"),
        ({"a/b": compute_draws}, "names a metric 'a/b'; expected letters"),
    ],
)
def test_metrics_that_cannot_be_used_are_an_error(run_dir, metrics, message):
    with pytest.raises(InputError, match=message):
        evaluate(run_dir, data=tiny.Squares(), metrics=metrics)


def test_no_run_is_an_error(tmp_path):
    with pytest.raises(InputError, match="No run in"):
        score(tmp_path, draws=compute_draws)


def test_summary_shows_the_first_numbers_of_a_long_result(fresh_run):
    def compute_many(data, representation_function, random_state, artifact_dir):
        return {f"number_{i}": i for i in range(20)}

    score(fresh_run, many=compute_many)
    lines = results.summary(fresh_run).splitlines()
    assert [line.split() for line in lines[8:10]] == [
        ["many.number_7", "7"],
        ["many.…", *["12", "more", "in", "scores/many.json"]],
    ]


class RandomSquares(tiny.Squares):
    """Data that are no full grid: each observation has noise."""

    def sample_observations_from_factors(self, factors, random_state):
        images = super().sample_observations_from_factors(factors, random_state)
        return np.clip(images + 0.1 * random_state.rand(*images.shape).astype(np.float32), 0, 1)


def compute_spread(data, representation_function, random_state, artifact_dir):
    """How far the codes of one observation, drawn many times, lie apart."""
    codes = representation_function(data.sample_observations_from_factors(np.zeros((20, 3), int), random_state))
    return {"spread": float(np.ptp(codes, axis=0).max())}


@pytest.mark.parametrize(("data", "same"), [(tiny.Squares(), True), (RandomSquares(), False)])
def test_codes_are_kept_of_a_full_grid_only(fresh_run, data, same):
    spread = evaluate(fresh_run, data=data, metrics={"spread": compute_spread})["spread"]["spread"]
    assert (spread == 0.0) == same


def test_representation_is_the_posterior_mean_at_any_number_of_images():
    model = VAE(**tiny.networks())
    images = tiny.images(1030)  # More than one batch of the encoder.
    codes = mean_representation(model)(images)
    assert codes.shape == (1030, tiny.LATENT_DIM)
    np.testing.assert_allclose(codes, model.encode(images).mean(), atol=1e-6)


def compute_latent_dim(model, data, random_state):
    """A metric of the whole model."""
    return {"latent_dim": model.latent_dim, "draw": float(random_state.rand()), "images": len(data)}


def test_metrics_of_the_model_get_the_model(fresh_run):
    scores = score(fresh_run, draws=compute_draws, latent=compute_latent_dim)
    assert scores["latent"] == {"latent_dim": tiny.LATENT_DIM, "draw": np.random.RandomState(3).rand(), "images": 32}
    assert json.loads((fresh_run / "scores" / "latent.json").read_text())["arguments"] == {}


def compute_widths(posteriors, random_state):
    """A metric of the posteriors of the whole grid."""
    codes = posteriors[np.arange(32)]
    return {"code": float(codes[5, 1]), "log_variance": float(codes[5, -1]), "draw": float(random_state.rand())}


def test_metrics_of_the_posteriors_get_means_and_log_variances(fresh_run):
    scores = score(fresh_run, posteriors=compute_widths)["posteriors"]
    posterior = load_model(fresh_run).encode(tiny.Squares()[np.arange(32)])
    expected = [posterior.mean()[5, 1], 2 * np.log(posterior.stddev()[5, -1])]
    np.testing.assert_allclose([scores["code"], scores["log_variance"]], expected, atol=1e-5)
    assert scores["draw"] == np.random.RandomState(3).rand()


@pytest.mark.parametrize(("data", "tolerance"), [(tiny.Squares, 0.02), (RandomSquares, 0.1)])  # The noise adds to it.
def test_codes_can_be_samples_of_the_posterior(fresh_run, data, tolerance):
    seen = {}

    def compute_codes(data, representation_function, random_state, artifact_dir):
        images = data.sample_observations_from_factors(np.zeros((20_000, data.num_factors), int), random_state)
        seen["codes"] = representation_function(images)
        return {}

    evaluate(fresh_run, data=data(), metrics={"codes": compute_codes}, seed=3, codes="sample")
    posterior = load_model(fresh_run).encode(tiny.Squares()[np.zeros(1, int)])
    np.testing.assert_allclose(seen["codes"].mean(axis=0), posterior.mean()[0], atol=0.05)
    np.testing.assert_allclose(seen["codes"].std(axis=0), posterior.stddev()[0], rtol=tolerance)
    with pytest.raises(InputError, match=r"another codes \(codes: sample there, mean now\)"):
        evaluate(fresh_run, data=data(), metrics={"codes": compute_codes}, seed=3)
    with pytest.raises(InputError, match=r"evaluate\.codes is 'mode'"):
        evaluate(fresh_run, data=data(), metrics={"codes": compute_codes}, codes="mode")


def test_metrics_of_the_posteriors_need_a_full_grid(fresh_run):
    with pytest.raises(InputError, match="the data are no full grid"):
        evaluate(fresh_run, data=RandomSquares(), metrics={"posteriors": compute_widths})


@pytest.mark.parametrize(
    ("posterior", "width"),
    [(DiagonalNormal("softplus"), 2), (FullCovarianceNormal(), 2), (LaplacePosterior(), 1)],
)
def test_parameters_are_those_of_the_marginals(posterior, width):
    images = keras.Input(tiny.IMAGE_SHAPE)
    parameters = keras.layers.Dense(posterior.num_parameters(tiny.LATENT_DIM))(keras.layers.Flatten()(images))
    model = VAE(keras.Model(images, parameters), tiny.decoder(), posterior=posterior)
    codes = posterior_parameters(model)(tiny.images(5))
    assert codes.shape == (5, width * tiny.LATENT_DIM)
    np.testing.assert_allclose(codes[:, : tiny.LATENT_DIM], model.encode(tiny.images(5)).mean(), atol=1e-6)
