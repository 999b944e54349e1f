from disent_tf.study import work as working
from disent_tf.study.claims import claimed
from disent_tf.study.plan import plan
from disent_tf.study.ranking import groups, rank, ranks
from disent_tf.study.status import reason
from disent_tf.study.sweep import chained, fixed, product, seeds
from disent_tf.study.work import Stage, work
from tests.study.conftest import calls


def trained(folder, runs):
    for run in runs:
        work(folder, Stage("train"), False, run)
    return runs


def test_runs_of_a_setting_are_a_group(folder, runs):
    first, second = groups(folder, trained(folder, runs))
    assert [first.runs, second.runs] == [tuple(runs[:2]), tuple(runs[2:])]
    assert first.name.startswith("beta_vae-beta=1-")
    assert first.name != second.name


def test_what_is_no_vae_or_alone_is_not_ranked(folder):
    runs = plan(product([chained([fixed(["vae.gin"]), fixed(["pca.gin"])]), seeds(2)]))
    assert [group.runs for group in groups(folder, trained(folder, runs))] == [tuple(runs[:2])]
    assert groups(folder, runs[1:]) == []


def test_a_group_is_ranked_once(folder, runs):
    group, _ = groups(folder, trained(folder, runs))
    assert rank(folder, False, group) == "done"
    assert rank(folder, False, group) == "kept"
    ((_, _, arguments),) = [call for call in calls(folder) if call[0] == "rank"]
    assert [argument for argument in arguments if "run_dir" in argument] == [
        f"--run_dir={folder.runs / run.name}" for run in group.runs
    ]
    found = ranks(folder, runs, runs)
    assert {name: score for name, (score, _) in found.items()} == {runs[0].name: 0.5, runs[1].name: 1.5}


def test_a_ranking_of_other_runs_does_not_count(folder):
    runs = plan(product([fixed(["vae.gin"]), seeds(3)]))
    for own in (runs[:2], runs[1:]):
        (group,) = groups(folder, trained(folder, own))
        rank(folder, False, group)
    names = [run.name for run in runs]
    assert set(ranks(folder, runs[1:], runs[1:])) == set(names[1:])  # The study has been moved on by a seed.
    assert set(ranks(folder, runs[:2], runs[:2])) == set(names[:2])
    assert not ranks(folder, runs, runs)  # Not ranked together yet.
    assert {score for score, _ in ranks(folder, runs[1:], runs[1:]).values()} == {0.5, 1.5}


def test_a_group_that_another_process_ranks_is_left_alone(folder, runs):
    group, _ = groups(folder, trained(folder, runs))
    with claimed(folder.claim(group.name)):
        assert rank(folder, False, group) == "elsewhere"


def test_a_new_seed_makes_a_new_group(folder, runs):
    more = plan(product([fixed(["vae.gin"]), seeds(3)]))
    trained(folder, more)
    assert groups(folder, more[:2])[0].name != groups(folder, more)[0].name


def test_a_group_that_cannot_be_ranked_is_told(folder, runs, monkeypatch):
    group, _ = groups(folder, trained(folder, runs))
    monkeypatch.setattr(working, "command_line", lambda name, arguments: ["/bin/sh", "-c", "echo no KL; exit 2"])
    assert rank(folder, False, group) == "failed"
    assert reason(folder, group.name, "udr") == "no KL"
