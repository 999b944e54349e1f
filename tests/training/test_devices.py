import os
import subprocess
import sys

import pytest
import tensorflow as tf

from disent_tf.errors import InputError
from disent_tf.training import devices


def test_one_cpu_without_xla_is_the_default_here():
    chosen = devices.choose()
    assert (chosen.num_replicas, chosen.jit_compile, chosen.is_chief) == (1, False, True)
    assert chosen.place.startswith("one CPU (threads: ")
    assert chosen.choices.startswith("oneDNN on (AMD")
    assert chosen.choices.endswith("XLA off (slower on a CPU)")


def test_what_the_user_says_of_xla_holds():
    chosen = devices.choose(jit_compile=True)
    assert chosen.jit_compile
    assert chosen.choices.endswith("XLA as train.jit_compile says: on")


def test_mirrored_takes_all_logical_cpus_where_there_is_no_gpu():
    chosen = devices.choose("mirrored")
    assert (chosen.num_replicas, chosen.jit_compile, chosen.is_chief) == (2, False, True)
    assert chosen.place.startswith("2 x CPU, mirrored (threads: ")
    assert isinstance(chosen.strategy, tf.distribute.MirroredStrategy)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "tpu"}, r"train\.strategy is 'tpu'; expected one of 'mirrored', 'multi_worker'"),
        ({"strategy": "multi_worker"}, "TF_CONFIG is not set"),
        ({"strategy": "mirrored", "jit_compile": True}, "cannot be compiled; leave it out"),
        ({"threads": 0}, r"train\.threads is 0"),
        ({"threads": 1}, "comes too late: .*TF_NUM_INTRAOP_THREADS=1"),
        ({"onednn": False}, "imported with TF_ENABLE_ONEDNN_OPTS=1; set it to 0 before that"),
    ],
)
def test_what_cannot_be_used_is_an_error(monkeypatch, options, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    tf.zeros(()) + 1  # Too late for threads.
    with pytest.raises(InputError, match=message) as error:
        devices.choose(**options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("given", "onednn", "expected"), [(None, None, "1"), ("0", None, "0"), ("1", False, "0")])
def test_onednn_is_chosen_before_tensorflow_is_imported(given, onednn, expected):
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    environment |= {} if given is None else {"TF_ENABLE_ONEDNN_OPTS": given}
    code = (
        "import os, sys; from disent_tf.training.devices import choose_onednn;"
        f"choose_onednn({onednn}); assert 'tensorflow' not in sys.modules; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


def test_threads_are_set_before_anything_is_computed():
    code = "from disent_tf.training import devices; print(devices.choose(threads=3).place)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "one CPU (threads: 3)"
