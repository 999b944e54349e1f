import numpy as np
import pandas as pd

from disent_tf.study import report
from disent_tf.study.work import StudyFolder
from tests.study.test_statistics import table


def scores():
    rng = np.random.default_rng(0)
    rows = [
        (objective, data, beta, seed, {"mig": rng.random(), "sap_score": rng.random(), "udr": rng.random()})
        for objective in ("a", "b")
        for data in ("first", "second")
        for beta in (1.0, 2.0)
        for seed in (0, 1, 2)
    ]
    found = table(rows)
    return found.assign(**{"BetaVAE.beta": [float(setting.rpartition("=")[2]) for setting in found["setting"]]})


def test_a_page_with_tables_and_figures(tmp_path):
    path = report.write(StudyFolder(tmp_path / "study"), scores(), {"mig": {"a": "12.3"}})
    text = path.read_text()
    assert text.startswith("# study\n\n24 runs, 8 settings.")
    for heading in (
        "Scores of each setting",
        "Do metrics agree on first?",
        "hyper-parameters",
        "variance",
        "UDR",
        "transfer",
    ):
        assert heading in text
    assert "| a first beta=1.0 |" in text
    assert text.count("12.3") == 4  # Beside each setting of objective a.
    files = {each.name: each.stat().st_size for each in path.parent.iterdir()}
    figures = {"rank_correlation-first.png", "rank_correlation-second.png", "BetaVAE.beta.png"}
    tables = {"settings.csv", "variance_explained.csv", "transfer.csv"}
    tables |= {f"{name}-{data}.csv" for name in ("rank_correlation", "chosen_by_udr") for data in ("first", "second")}
    assert figures | tables | {"report.md"} == set(files)
    assert min(files[name] for name in figures) > 5000
    assert all(name in text for name in figures)
    assert len(pd.read_csv(path.parent / "settings.csv")) == 8 * 3


def test_metrics_of_the_users_own_are_in_a_table_and_infinities_do_no_harm(tmp_path):
    own = scores().assign(metric="mine", key="score")
    assert "settings.csv" in report.write(StudyFolder(tmp_path / "own"), own).read_text()
    infinite = scores()
    infinite.loc[0, "value"] = np.inf
    assert "Do metrics agree" in report.write(StudyFolder(tmp_path / "infinite"), infinite).read_text()


def test_one_run_of_one_setting_is_reported(tmp_path):
    one = scores().head(3)
    text = report.write(StudyFolder(tmp_path / "study"), one).read_text()
    assert "1 runs, 1 settings" in text
    assert "| metric | a first beta=1.0 |" in text  # More metrics than settings: a row for each.
    assert "transfer" not in text
