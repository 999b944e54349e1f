"""Stopping a run from outside without losing it."""

import signal
import threading
from types import FrameType
from typing import Any, Self

import keras

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOnSignal(keras.callbacks.Callback):
    """Lets Ctrl-C and SIGTERM end `fit` after the current step; a second Ctrl-C interrupts at once.

    SIGTERM may come several times for one wish: Linux sends that for a parent's death for each of the parent's threads.

    A context manager and a callback: it listens inside the block, and acts between steps. Outside the main thread,
    where Python delivers no signals, it does nothing.

    Args:
      listen: False leaves signals to Python: of several workers, one that stopped would leave the others waiting.
    """

    requested = False
    """Whether a signal has come."""

    def __init__(self, listen: bool = True) -> None:
        super().__init__()
        self._listen = listen

    def __enter__(self) -> Self:
        self._previous: dict[int, Any] = {}
        if self._listen and threading.current_thread() is threading.main_thread():
            self._previous |= {number: signal.signal(number, self._request) for number in _SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.requested:  # Not set in the handler: `fit` clears it when it starts.
            self.model.stop_training = True

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if number == signal.SIGINT:
            signal.signal(number, self._previous[number])
