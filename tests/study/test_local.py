import threading

import pytest

from disent_tf.errors import InputError
from disent_tf.study.local import Local


def test_every_run_comes_back_with_its_outcome(runs):
    found = dict(Local(2).each(runs, lambda run, threads: (run.name, threads)))
    assert found == {run: (run.name, Local(2).threads) for run in runs}


def test_as_many_runs_as_workers_are_worked_on_at_a_time(runs):
    together = threading.Barrier(2, timeout=60)  # Breaks if one run waits for another.
    found = dict(Local(2).each(runs, lambda run, threads: together.wait() >= 0))
    assert len(found) == 4


def test_cores_are_shared():
    assert Local(1, threads=3).threads == 3
    assert Local(1000).threads == 1


def test_an_error_ends_the_study_after_the_runs_at_hand(runs):
    def work(run, threads):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Local(1).each(runs, work))


@pytest.mark.parametrize("arguments", [{"workers": 0}, {"threads": 0}])
def test_bad_numbers_are_errors(arguments):
    with pytest.raises(InputError, match=r"Local.\w+ is 0; expected an integer of at least 1"):
        Local(**arguments)
