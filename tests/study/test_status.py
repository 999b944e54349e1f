from disent_tf.study.plan import plan
from disent_tf.study.status import cost, num_steps, reason, status
from disent_tf.study.sweep import fixed, product, seeds, varied
from disent_tf.study.work import Stage, work
from tests.study.conftest import four

TRAIN, EVALUATE = Stage("train"), Stage("evaluate")


def test_it_counts_what_is_done_for_each_setting(folder, runs):
    for run in runs[:3]:
        work(folder, TRAIN, False, run)
    work(folder, EVALUATE, False, runs[0])
    lines = status(folder, runs, (TRAIN, EVALUATE)).splitlines()
    assert lines[0] == "train 3/4, 0 failed; evaluate 1/4, 0 failed"
    assert lines[2].split() == ["beta_vae", "beta=1", "2/2", "1/2"]
    assert lines[3].split() == ["beta_vae", "beta=4", "1/2", "0/2"]


def test_it_tells_what_failed_and_why_in_80_columns(folder):
    runs = four(**{"train.fail": True, "train.a_name_that_is_far_too_long_to_be_shown": 1})
    work(folder, TRAIN, False, runs[0])
    lines = status(folder, runs, (TRAIN, EVALUATE)).splitlines()
    assert lines[0].startswith("train 0/4, 1 failed")
    assert lines[-2].startswith(f"train failed: {runs[0].name}"[:60])
    assert lines[-1] == "  train: the disk is full"
    assert max(map(len, lines)) <= 80
    assert reason(folder, runs[1].name, "train") == ""


def test_long_settings_are_cut(folder):
    bindings = {f"Some.parameter_{number}": [1, 2] for number in range(6)}
    runs = plan(product([varied(["beta_vae.gin"], bindings), seeds(1)]))
    assert max(map(len, status(folder, runs, (TRAIN, EVALUATE)).splitlines())) <= 80


def test_steps_are_those_of_the_gin_file_or_of_the_study():
    (run,) = plan(fixed(["vae.gin"]))
    assert num_steps(run) == 345_600
    (run,) = plan(fixed(["vae.gin"], {"train.steps": 10}))
    assert num_steps(run) == 10
    (run,) = plan(fixed(["vae.gin"], {"train.steps": "%steps"}))
    assert num_steps(run) is None


def test_cost_is_unknown_then_given_then_measured(folder):
    runs = four(**{"train.steps": 100})
    assert cost(folder, runs, None)[0] == "4 runs, 0 of them trained; 400 training steps left"
    assert "is known once a run is trained" in cost(folder, runs, None)[-1]
    assert cost(folder, runs, 90.0)[-1] == "about 10 h 0 min on one worker, at 90 s a step"
    work(folder, TRAIN, False, runs[0])
    folder.done(runs[0].name, "train").write_text('{"arguments": [], "seconds": 50.0}')
    assert cost(folder, runs, 90.0)[-1] == "about 2 min on one worker, at 0.5 s a step, as so far"
