import logging
import re

import pytest

from disent_tf.errors import TrainingError
from disent_tf.training.callbacks import EverySteps, Progress, SaveCheckpoints, StopOnNaN
from tests import tiny


class Recorder(EverySteps):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.steps = []

    def at_step(self, step, logs):
        self.steps.append(step)


def attached(callback, first_step=0, last_step=10):
    callback.attach(first_step, last_step, None)
    return callback


@pytest.mark.parametrize(
    "first_step, batches, expected",
    [
        (0, range(10), [3, 6, 9, 10]),  # The last step is always one.
        (4, range(6), [6, 9, 10]),  # A resumed run keeps to multiples of the absolute step.
        (0, [4, 9], [5, 10]),  # Five steps in one execution: an interval inside it is seen at its end.
    ],
)
def test_intervals_are_those_of_the_absolute_step(first_step, batches, expected):
    recorder = attached(Recorder(3), first_step)
    for batch in batches:
        recorder.on_train_batch_end(batch, {})
    assert recorder.steps == expected


def test_every_term_that_is_not_finite_is_named():
    with pytest.raises(TrainingError, match=r"step 7: kl = inf, loss = inf\. Try a lower learning rate"):
        StopOnNaN(1).at_step(7, {"kl": float("inf"), "loss": float("inf"), "reconstruction": 3.0})


def test_progress_without_a_terminal_is_a_line_an_interval(caplog):
    caplog.set_level(logging.INFO)
    progress = attached(Progress(2, ["loss"]), last_step=4)
    progress.on_train_begin()
    for batch in range(4):
        progress.on_train_batch_end(batch, {"loss": 1.0 + batch, "kl": 0.0})
    progress.on_train_end()
    first, last = (record.message for record in caplog.records)
    assert re.fullmatch(r"step 2/4 loss 2, [\d.]+ steps/s, 00:00 left", first)
    assert last.startswith("step 4/4 loss 4, ")


def test_weights_that_are_not_finite_are_never_saved():
    class Saved(list):
        def save(self, step):
            self.append(step)

    checkpoints = Saved()
    callback = SaveCheckpoints(1, checkpoints)
    callback.set_model(tiny.vae())
    callback.at_step(1, {})
    callback.model.encoder.layers[-1].bias.assign([float("nan")] * 6)
    with pytest.raises(TrainingError, match="step 2: weights are not finite"):
        callback.at_step(2, {})
    assert checkpoints == [1]
