"""What happens between training steps: progress, checkpoints and the watch for NaN.

Each callback counts absolute steps, so that a resumed run goes on where it stopped.
"""

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from disent_tf.checks import check_positive
from disent_tf.errors import TrainingError
from disent_tf.training.checkpointing import Checkpoints
from disent_tf.training.run_folder import RunFolder

_log = logging.getLogger(__name__)

Logs = dict[str, Any]
_ADVICE = "Try a lower learning rate, or check the data for values outside [0, 1]; checkpoints written before are kept."


class EverySteps(keras.callbacks.Callback):
    """Calls `at_step` whenever the number of steps passes a multiple of `every`, and after the last one.

    What `train.callbacks` takes: a subclass states `at_step`, and by `done` it can end training.

    Args:
      every: steps.

    Raises:
      InputError: `every` is no positive integer.
    """

    done = False
    """Whether training ends after this step, before its last one."""

    def __init__(self, every: int) -> None:
        super().__init__()
        check_positive(**{f"{type(self).__name__}.every": every})
        self._every = every

    def attach(self, first_step: int, last_step: int, run: RunFolder) -> None:
        """Is called before training: it begins after `first_step`, ends with `last_step` and writes to `run`."""
        del run
        self.step = self._first_step = first_step
        self._last_step = last_step

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        before, self.step = self.step, self._first_step + batch + 1
        if self.step // self._every > before // self._every or self.step == self._last_step:
            self.at_step(self.step, logs or {})
            if self.done:
                self.model.stop_training = True

    def at_step(self, step: int, logs: Logs) -> None:
        """Acts after `step` steps; `logs` are the means since the last interval."""
        raise NotImplementedError


class ContinueMeans(keras.callbacks.Callback):
    """Puts restored running means back, which `fit` resets when it starts."""

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self._values = [(variable, variable.numpy()) for variable in model.metrics_variables]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for variable, value in self._values:
            variable.assign(value)


class StopOnNaN(EverySteps):
    """Raises TrainingError, naming the terms, when a term of the loss is not finite."""

    def at_step(self, step: int, logs: Logs) -> None:
        terms = [f"{name} = {float(value)}" for name, value in logs.items() if not math.isfinite(float(value))]
        if terms:
            raise TrainingError(f"Training diverged at step {step}: {', '.join(terms)}. {_ADVICE}")


class Progress(EverySteps):
    """A progress bar with steps/s, time left and the parts of the loss; lines in the log where there is no terminal."""

    def __init__(self, every: int, terms: Sequence[str]) -> None:
        super().__init__(every)
        self._terms = terms

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._bar = tqdm(total=self._last_step, initial=self.step, unit="step", disable=None, dynamic_ncols=True)
        self._last = (self.step, time.perf_counter())

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        before = self.step
        super().on_train_batch_end(batch, logs)
        self._bar.update(self.step - before)

    def at_step(self, step: int, logs: Logs) -> None:
        text = " ".join(f"{term} {float(logs[term]):.4g}" for term in self._terms)
        self._bar.set_postfix_str(text, refresh=False)
        if self._bar.disable:
            _log.info("step %d/%d %s, %s", step, self._last_step, text, self._pace(step))

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._bar.close()

    def _pace(self, step: int) -> str:
        (last_step, last_time), now = self._last, time.perf_counter()
        self._last = (step, now)
        rate = (step - last_step) / (now - last_time)
        return f"{rate:.1f} steps/s, {tqdm.format_interval((self._last_step - step) / rate)} left"


class SaveCheckpoints(EverySteps):
    """Saves a checkpoint at every interval; raises TrainingError rather than save weights that are not finite."""

    def __init__(self, every: int, checkpoints: Checkpoints) -> None:
        super().__init__(every)
        self._checkpoints = checkpoints

    def at_step(self, step: int, logs: Logs) -> None:
        del logs
        # The loss of a step is that before its update: a finite one says nothing about the weights after it.
        if not all(np.isfinite(weights).all() for weights in self.model.get_weights()):
            raise TrainingError(f"Training diverged at step {step}: weights are not finite. {_ADVICE}")
        self._checkpoints.save(step)
