import signal
import threading
import types

import pytest

from disent_tf.training.interruption import StopOnSignal


def ended(stop):
    """Tells whether training ends after a step."""
    model = types.SimpleNamespace(stop_training=False)  # As `fit` sets it when it starts.
    stop.set_model(model)
    stop.on_train_batch_end(0)
    return model.stop_training


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_step_is_not_lost(number):
    with StopOnSignal() as stop:
        assert not ended(stop)
        signal.raise_signal(number)
        assert ended(stop)


def test_sigterm_may_come_again():
    before = signal.getsignal(signal.SIGTERM)
    with StopOnSignal() as stop:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert ended(stop)
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_second_ctrl_c_interrupts_at_once_and_handlers_come_back():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # A worker of a parallel test run ignores SIGINT.
    try:
        with StopOnSignal(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_nothing_changes():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def enter():
        with StopOnSignal() as stop:
            seen.extend([signal.getsignal(signal.SIGTERM), ended(stop)])

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before, False]
