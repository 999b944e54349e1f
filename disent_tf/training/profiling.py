"""A trace of some training steps, for TensorBoard."""

import logging
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from disent_tf.errors import InputError
from disent_tf.training.callbacks import EverySteps, Logs
from disent_tf.training.run_folder import RunFolder

_log = logging.getLogger(__name__)


class ProfileSteps(EverySteps):
    """Traces the steps after number `first` up to number `last` into `tensorboard/plugins/profile`.

    Args:
      steps: (first, last). The steps before `first` compile and warm up; a trace of ten or twenty is enough.

    Raises:
      InputError: these are not two such numbers.
    """

    def __init__(self, steps: Sequence[int]) -> None:
        super().__init__(every=1)
        self._first, self._last = _checked(steps)
        self._running = False

    def attach(self, first_step: int, last_step: int, run: RunFolder) -> None:
        super().attach(first_step, last_step, run)
        self._folder = run.tensorboard

    def at_step(self, step: int, logs: Logs) -> None:
        if not self._running and self._first <= step < self._last:
            tf.profiler.experimental.start(str(self._folder))
            self._running = True
        elif self._running and step >= self._last:
            self._stop()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._running:
            self._stop()

    def _stop(self) -> None:
        tf.profiler.experimental.stop()
        self._running = False
        _log.info("A trace of steps %d to %d is in %s.", self._first + 1, self.step, self._folder / "plugins/profile")


def _checked(steps: Any) -> tuple[int, int]:
    usable = isinstance(steps, list | tuple) and len(steps) == 2 and all(type(step) is int for step in steps)
    if not usable or not 1 <= steps[0] < steps[1]:
        raise InputError(f"train.profile_steps is {steps!r}; expected two steps, first and last, such as (20, 40).")
    return steps[0], steps[1]
