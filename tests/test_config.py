import gin
import pytest

from disent_tf import config
from disent_tf.errors import InputError


def written(folder, text, name="mine.gin"):
    (folder / name).write_text(text + "\n")
    return str(folder / name)


def test_names_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config.load(["factor_vae.gin"], ["FactorVAE.gamma = 10."])
    assert gin.query_parameter("FactorVAE.gamma") == 10.0
    assert gin.query_parameter("train.steps") == 300_000


def test_a_file_as_given_comes_before_a_name(tmp_path, monkeypatch):
    written(tmp_path, "include 'factor_vae.gin'\ntrain.steps = 7", "vae.gin")
    monkeypatch.chdir(tmp_path)
    config.load(["vae.gin"])
    assert gin.query_parameter("train.steps") == 7


def test_later_files_and_then_parameters_win(tmp_path):
    config.load(["vae.gin", written(tmp_path, "train.steps = 7\ntrain.seed = 7")], ["train.seed = 8"])
    assert (gin.query_parameter("train.steps"), gin.query_parameter("train.seed")) == (7, 8)


def test_loading_forgets_what_was_loaded_before():
    config.load(["vae.gin"])
    config.load([], ["train.seed = 1"])
    with pytest.raises(ValueError, match="steps"):
        gin.query_parameter("train.steps")


@pytest.mark.parametrize(
    "text, message",
    [
        ("include 'nowhere.gin'", "Unable to open file: nowhere.gin"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        ("include 'vae.gin'\nVEA.encoder = 1", "No configurable matching 'VEA'.*line 2.*Did you mean 'VAE'?"),
        ("include 'vae.gin'\nVAE.encoding = 1", "'VAE' doesn't have a parameter named 'encoding'"),
        ("include 'vae.gin'\ndata = @DSprite()", "No configurable matching reference '@DSprite"),
        ("train.steps == 3", "Cannot use mine.gin"),
    ],
)
def test_what_gin_cannot_use_is_one_line(tmp_path, caplog, text, message):
    with pytest.raises(InputError, match=message) as caught:
        config.load([written(tmp_path, text)])
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("Cannot use mine.gin: ")
    assert not caplog.records


def test_a_parameter_that_gin_cannot_use_is_named():
    with pytest.raises(InputError, match=r"Cannot use --gin_param 'train.steps 3': "):
        config.load(["vae.gin"], ["train.steps 3"])


def test_an_unknown_file_is_met_with_the_names_there_are():
    with pytest.raises(
        InputError, match=r"No gin file 'factr_vae.gin'.*Did you mean 'factor_vae.gin'\? It has: ada_gvae"
    ):
        config.load(["factr_vae.gin"])


def test_a_configuration_that_lacks_a_part_is_one_line():
    with pytest.raises(InputError, match=r"Cannot use the configuration of base.gin: No bindings specified for 'data"):
        config.load(["base.gin"])


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ([], 7),
        (["train.steps = 8"], 8),
        (["scope/train.steps = 8"], 7),
        (["other.train.steps = @f()"], None),
        (["x y"], 7),
    ],
)
def test_a_value_is_read_before_anything_is_imported(tmp_path, params, expected):
    written(tmp_path, "import nowhere_at_all\ninclude 'vae.gin'\ntrain.steps = 7\ntrain.data = %data")
    assert config.bound_value([str(tmp_path / "mine.gin")], params, "train.steps") == expected
    assert config.bound_value(["demo.gin"], params[:0], "train.log_every") == 100  # Of base.gin, which it includes.
