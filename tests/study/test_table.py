import math

import pandas as pd
import pytest

from disent_tf.errors import InputError
from disent_tf.study.plan import plan
from disent_tf.study.ranking import groups, rank
from disent_tf.study.sweep import chained, fixed, product, seeds, varied
from disent_tf.study.table import collect, write
from disent_tf.study.work import Stage, work


@pytest.fixture
def scored(folder, runs):
    for run in runs[:3]:
        work(folder, Stage("train"), False, run)
        work(folder, Stage("evaluate"), False, run)
    return folder


def test_a_row_for_each_number_of_each_scored_run(scored, runs):
    table = collect(scored, runs)
    assert len(table) == 3 * 3  # discrete_mig, num_bins and a NaN; a text is no number.
    row = table[(table["run"] == runs[1].name) & (table["key"] == "discrete_mig")].iloc[0]
    assert row["value"] == pytest.approx(0.2)
    expected = {"objective": "beta_vae", "seed": 1, "BetaVAE.beta": 1.0, "metric": "mig", "step": 7}
    assert {name: row[name] for name in expected} == expected
    assert (row["metric_seconds"], row["tensorflow"], row["git_revision"]) == (0.5, "2", "abc")
    assert row["train_seconds"] > 0
    assert math.isnan(table[table["key"] == "nothing"]["value"].iloc[0])


def test_both_files_hold_the_table(scored, runs):
    table = collect(scored, runs)
    parquet, csv = write(table, scored)
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), table, check_dtype=False, check_categorical=False)
    read = pd.read_csv(csv)
    assert list(read.columns) == list(table.columns)
    pd.testing.assert_series_equal(read["value"], table["value"])


def test_parameters_of_one_model_are_missing_for_others(folder):
    models = chained([varied(["beta_vae.gin"], {"BetaVAE.beta": [1.0, 4.0]}), fixed(["pca.gin"])])
    runs = plan(product([models, seeds(1)]))
    for run in runs:
        work(folder, Stage("train"), False, run)
        work(folder, Stage("evaluate"), False, run)
    table = collect(folder, runs)
    assert table.groupby("objective")["BetaVAE.beta"].count().to_dict() == {"beta_vae": 6, "pca": 0}


def test_a_varied_macro_has_a_column_of_its_own(folder):
    runs = plan(product([varied(["vae.gin"], {"data": ["@DSprites()", "@XYSquares()"]}), seeds(1)]))
    for run in runs:
        work(folder, Stage("train"), False, run)
        work(folder, Stage("evaluate"), False, run)
    table = collect(folder, runs)
    assert set(table["%data"]) == {"@DSprites()", "@XYSquares()"}
    assert table["data"].isna().all()


def test_a_failed_metric_does_not_hide_the_others(scored, runs):
    done, failed = scored.done(runs[0].name, "evaluate"), scored.failed(runs[0].name, "evaluate")
    done.rename(failed)
    assert set(collect(scored, runs)["run"]) == {run.name for run in runs[:3]}
    failed.write_text("{")
    with pytest.raises(InputError, match=r"Cannot read '.*failed.json': .*; remove it, and evaluate again"):
        collect(scored, runs)


def test_rankings_are_scores_of_a_metric(scored, runs):
    (group,) = groups(scored, runs[:3])
    rank(scored, False, group)
    table = collect(scored, runs)
    found = table[table["metric"] == "udr"].set_index("run")["value"].to_dict()
    assert found == {runs[0].name: 0.5, runs[1].name: 1.5}


def test_a_study_without_scores_is_an_error(folder, runs):
    with pytest.raises(InputError, match=r"No run in .* has scores; score them first: bin/study evaluate"):
        collect(folder, runs)
