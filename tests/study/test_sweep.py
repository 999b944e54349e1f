import gin
import pytest

from disent_tf import config
from disent_tf.errors import InputError
from disent_tf.study.sweep import chained, fixed, product, seeds, varied, zipped


def bindings(sweep):
    return [dict(variation.bindings) for variation in sweep]


def test_varied_is_every_combination_and_the_last_changes_fastest():
    sweep = varied(["a.gin"], {"A.x": [1, 2], "A.y": ["p", "q"]})
    expected = [(1, "p"), (1, "q"), (2, "p"), (2, "q")]
    assert bindings(sweep) == [{"A.x": x, "A.y": y} for x, y in expected]
    assert all(variation.gin_files == ("a.gin",) for variation in sweep)
    assert sweep[0].varied == ("A.x", "A.y")


def test_a_single_value_is_not_varied():
    assert varied(["a.gin"], {"A.x": [1, 2], "A.y": [3]})[0].varied == ("A.x",)


def test_zipped_goes_through_lists_together():
    assert bindings(zipped(bindings={"A.x": [1, 2], "A.y": [3, 4]})) == [{"A.x": 1, "A.y": 3}, {"A.x": 2, "A.y": 4}]


def test_seeds_are_those_of_training():
    assert bindings(seeds(3, first=5)) == [{"train.seed": 5}, {"train.seed": 6}, {"train.seed": 7}]


def test_product_joins_files_and_values_in_order_so_that_later_ones_hold():
    sweep = product([varied(["model.gin"], {"A.x": [1, 2]}), fixed(["data/set.gin"], {"A.x": 3, "B.y": 4}), seeds(2)])
    assert len(sweep) == 4
    assert sweep[0].gin_files == ("model.gin", "data/set.gin")
    assert bindings(sweep)[1] == {"A.x": 3, "B.y": 4, "train.seed": 1}


def test_chained_is_one_sweep_after_the_other():
    sweep = chained([varied(["a.gin"], {"A.x": [1, 2]}), fixed(["b.gin"])])
    assert [variation.gin_files for variation in sweep] == [("a.gin",), ("a.gin",), ("b.gin",)]
    assert sweep[2].bindings == ()


def test_what_varies_in_one_model_is_no_parameter_of_another():
    sweep = product([chained([varied(["a.gin"], {"A.x": [1, 2]}), fixed(["b.gin"], {"B.y": 1})]), seeds(2)])
    assert [variation.varied for variation in sweep] == [("A.x", "train.seed")] * 4 + [("train.seed",)] * 2


def test_gin_writes_sweeps():
    config.load(["study.gin", "studies/smoke.gin"])
    sweep = gin.get_bindings("study")["sweep"]
    assert len(sweep) == 6
    assert sweep[0].gin_files == ("beta_vae.gin", "data/xy_squares.gin")
    assert dict(sweep[0].bindings)["BetaVAE.beta"] == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: varied(["a.gin"], {"A.x": 1}),
            r"varied.bindings has 'A.x': 1; expected a list of values, or use fixed",
        ),
        (lambda: varied(["a.gin"]), r"varied.bindings is empty"),
        (lambda: varied("a.gin", {"A.x": [1]}), r"varied.gin_files is 'a.gin'; expected a list of names"),
        (lambda: zipped(bindings={"A.x": [1], "A.y": [1, 2]}), r"lists of different lengths, {'A.x': 1, 'A.y': 2}"),
        (lambda: fixed(bindings=[1]), r"fixed.bindings is \[1\]; expected values by parameter"),
        (lambda: seeds(0), r"seeds.num is 0"),
        (lambda: product([]), r"product.sweeps is \[\]; expected a list such as"),
        (lambda: chained([fixed(), 3]), r"chained.sweeps is .*; expected a list such as"),
    ],
)
def test_bad_arguments_are_errors(call, message):
    with pytest.raises(InputError, match=message):
        call()
