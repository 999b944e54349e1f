import gin
import pytest

from disent_tf import config
from disent_tf.errors import InputError
from disent_tf.study.plan import _told_apart, by_setting, plan
from disent_tf.study.study import check_configurations
from disent_tf.study.sweep import Variation, chained, fixed, product, seeds, varied


def sweep():
    models = chained([varied(["beta_vae.gin"], {"BetaVAE.beta": [1.0, 4.0]}), fixed(["pca.gin"])])
    return product([models, fixed(["data/xy_squares.gin"], {"train.steps": 10, "data": "@XYSquares()"}), seeds(2)])


def test_runs_have_readable_names_and_labels():
    runs = plan(sweep())
    assert len(runs) == 6
    first = runs[0]
    assert first.name.startswith("beta_vae-xy_squares-beta=1-seed=0-")
    assert (first.objective, first.data, first.seed) == ("beta_vae", "xy_squares", 0)
    assert first.hyperparameters == (("BetaVAE.beta", 1.0),)
    assert (first.setting, first.recipe) == ("beta_vae xy_squares beta=1", "beta_vae beta=1")
    assert runs[-1].setting == "pca xy_squares"
    assert list(by_setting(runs)) == ["beta_vae xy_squares beta=1", "beta_vae xy_squares beta=4", "pca xy_squares"]


def test_different_values_have_different_settings():
    betas = [0.1234567, 0.12345671, 1e-5, 4.0]
    runs = plan(varied(["beta_vae.gin"], {"BetaVAE.beta": betas}))
    ends = [run.setting.partition("beta=")[2] for run in runs]
    assert ends == ["0.1234567", "0.12345671", "1e-05", "4"]


def test_settings_that_differ_are_told_apart_wherever_their_values_are_bound():
    apart = chained([fixed(["vae.gin"], {"VAE.x": x, "train.steps": 5}) for x in (1, 2)] + [fixed(["vae.gin"])])
    runs = plan(product([apart, seeds(2)]))
    assert list(by_setting(runs)) == ["vae x=1 steps=5", "vae x=2 steps=5", "vae"]
    assert runs[0].hyperparameters == (("VAE.x", 1), ("train.steps", 5))
    apart = chained([varied(["vae.gin"], {f"{end}.hidden_units": [1, 2]}) for end in ("encoder", "decoder")])
    expected = [f"vae {end}.hidden_units={num}" for end in ("encoder", "decoder") for num in (1, 2)]
    assert [run.setting for run in plan(apart)] == expected


def test_settings_that_differ_by_later_gin_files_alone_are_an_error():
    message = r"Runs of the gin files \['vae.gin'\] and \['vae.gin', 'fc.gin'\] would have one name; expected a file of"
    with pytest.raises(InputError, match=message):
        _told_apart(chained([fixed(["vae.gin"]), fixed(["vae.gin", "fc.gin"])]))


def test_references_are_no_texts():
    params = plan(sweep())[0].gin_params
    assert "data = @XYSquares()" in params
    assert "train.steps = 10" in params
    assert "A.name = 'text'" in plan([Variation(("vae.gin",), (("A.name", "text"),))])[0].gin_params


def test_a_name_is_that_of_the_configuration():
    first, again = plan(sweep()), plan(sweep()[::-1])[::-1]
    assert [run.name for run in first] == [run.name for run in again]
    other = plan(product([fixed(["beta_vae.gin"], {"BetaVAE.beta": 1.0, "train.steps": 11}), seeds(1)]))
    assert other[0].name not in {run.name for run in first}


def test_the_same_run_twice_is_an_error():
    with pytest.raises(InputError, match=r"has the run pca-[0-9a-f]{8} 2 times; expected each once"):
        plan(fixed(["pca.gin"]) + fixed(["pca.gin"]))


def test_disentanglement_libs_study_has_12600_runs_of_36_settings_on_7_data_sets():
    config.load(["study.gin", "studies/unsupervised_v1.gin"])
    runs = plan(gin.get_bindings("study")["sweep"])
    assert len(runs) == 36 * 7 * 50
    assert len({run.setting for run in runs}) == 36 * 7
    assert len({run.data for run in runs}) == 7
    values = {run.objective: dict[str, set]() for run in runs}
    for run in runs:
        for name, value in run.hyperparameters:
            values[run.objective].setdefault(name, set()).add(value)
    assert values == {
        "beta_vae": {"BetaVAE.beta": {1, 2, 4, 6, 8, 16}},
        "annealed_vae": {"AnnealedVAE.max_capacity": {5, 10, 25, 50, 75, 100}},
        "factor_vae": {"FactorVAE.gamma": {10, 20, 30, 40, 50, 100}},
        "dip_vae_i": {"DIPVAE.lambda_od": {1, 2, 5, 10, 20, 50}, "DIPVAE.lambda_d": {10, 20, 50, 100, 200, 500}},
        "dip_vae_ii": {"DIPVAE.lambda_od": {1, 2, 5, 10, 20, 50}, "DIPVAE.lambda_d": {1, 2, 5, 10, 20, 50}},
        "beta_tc_vae": {"BetaTCVAE.beta": {1, 2, 4, 6, 8, 10}},
    }


@pytest.mark.parametrize("name", sorted(path.name for path in (config.ROOT / "studies").glob("*.gin")))
def test_studies_can_be_run(name):
    drawn = ["data_sets/chained.sweeps = [@dsprites/fixed(), @scream_dsprites/fixed()]"]  # Others need their files.
    params = ["seeds.num = 1", *(drawn if name == "unsupervised_v1.gin" else [])]
    config.load(["study.gin", f"studies/{name}"], params)
    check_configurations(plan(gin.get_bindings("study")["sweep"]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (fixed(["betavae.gin"]), r"No gin file 'betavae.gin' .* Did you mean 'beta_vae.gin'"),
        (fixed(["data/dsprites.gin"]), r"A run has the gin files .*; expected one of a model among them"),
        ([], r"study.sweep is \[\]; expected a sweep"),
        ("product", r"study.sweep is 'product'; expected a sweep"),
    ],
)
def test_a_sweep_that_makes_no_runs_is_an_error(wrong, message):
    with pytest.raises(InputError, match=message):
        plan(wrong)
