"""What a run computes on: processors, threads, oneDNN, XLA and how a step is shared between replicas.

Each has a default that was measured to be fastest on a CPU, or is known to be on a GPU, and an argument of `train` that
overrides it. Nothing here imports TensorFlow before it is called: oneDNN can only be chosen before that.
"""

import dataclasses
import os
import sys
from typing import TYPE_CHECKING

import joblib

from disent_tf.checks import check_choice, check_positive
from disent_tf.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

STRATEGIES = ("mirrored", "multi_worker")
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


@dataclasses.dataclass(frozen=True)
class Devices:
    """What was chosen.

    Attributes:
      strategy: TensorFlow's; its default one for a single device.
      jit_compile: whether XLA compiles the step.
      place: what computes, in a few words.
      choices: what was chosen for it, with reasons.
    """

    strategy: "tf.distribute.Strategy"
    jit_compile: bool
    place: str
    choices: str

    @property
    def num_replicas(self) -> int:
        """How many shares a batch is split into."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run folder: it is the only one, or the first of several workers."""
        resolver = self.strategy.cluster_resolver
        if resolver is None or not resolver.task_type:
            return True
        chief = ("chief", 0) if "chief" in resolver.cluster_spec().jobs else ("worker", 0)
        return (resolver.task_type, resolver.task_id) == chief

    @property
    def num_workers(self) -> int:
        """How many processes do the same steps together."""
        resolver = self.strategy.cluster_resolver
        tasks = resolver.cluster_spec().as_dict().values() if resolver is not None else []
        return max(1, sum(len(addresses) for addresses in tasks))


def choose_onednn(onednn: bool | None) -> None:
    """Turns oneDNN on or off for this process, before TensorFlow is imported; None turns it on unless the user chose.

    TensorFlow leaves it off on AMD processors, where a training step then takes 1.5 times as long.
    """
    if onednn is None:
        os.environ.setdefault(_ONEDNN, "1")
    elif "tensorflow" not in sys.modules:
        os.environ[_ONEDNN] = str(int(onednn))


def choose(
    strategy: str | None = None,
    jit_compile: bool | None = None,
    threads: int | None = None,
    onednn: bool | None = None,
) -> Devices:
    """Returns what to compute on; the arguments are those of `train`.

    Raises:
      InputError: one cannot be used, or comes too late.
    """
    import tensorflow as tf

    if strategy is not None:
        check_choice("train.strategy", strategy, STRATEGIES)
    dnn = _loaded_onednn(onednn)
    _set_threads(threads)
    scope = _strategy(strategy)
    has_gpu = bool(tf.config.list_logical_devices("GPU"))
    jit, why = _xla(jit_compile, has_gpu, int(scope.num_replicas_in_sync))
    return Devices(scope, jit, f"{_shares(scope, strategy)} (threads: {_threads()})", f"oneDNN {dnn}, XLA {why}")


def _loaded_onednn(wanted: bool | None) -> str:
    loaded = os.environ.get(_ONEDNN)
    if wanted is not None and loaded != str(int(wanted)):
        raise InputError(
            f"train.onednn is {wanted}, but TensorFlow was imported with {_ONEDNN}={loaded}; set it to {int(wanted)} "
            "before that, in the environment."
        )
    names = {None: "as TensorFlow chose", "0": "off", "1": "on (AMD processors are 1.5 times as slow without)"}
    return names.get(loaded, str(loaded))


def _set_threads(threads: int | None) -> None:
    import tensorflow as tf

    if threads is None:
        return
    check_positive(**{"train.threads": threads})
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        raise InputError(
            f"train.threads = {threads} comes too late: TensorFlow has already computed something in this process; set "
            f"TF_NUM_INTRAOP_THREADS={threads} in the environment."
        ) from error


def _threads() -> int:
    import tensorflow as tf

    chosen = tf.config.threading.get_intra_op_parallelism_threads() or os.environ.get("TF_NUM_INTRAOP_THREADS")
    return int(chosen or joblib.cpu_count())


def _strategy(name: str | None) -> "tf.distribute.Strategy":
    import tensorflow as tf

    if name == "multi_worker":
        if "TF_CONFIG" not in os.environ:
            raise InputError(
                "train.strategy is 'multi_worker' and TF_CONFIG is not set; expected the addresses of all workers in "
                "it: docs/gpu.md has an example."
            )
        return tf.distribute.MultiWorkerMirroredStrategy()
    if name == "mirrored":
        gpus = [device.name for device in tf.config.list_logical_devices("GPU")]
        devices = gpus or [device.name for device in tf.config.list_logical_devices("CPU")]
        # Adding up on one device: on CPUs, the collective operations of replicas can wait for each other forever.
        add_up = None if gpus else tf.distribute.ReductionToOneDevice()
        return tf.distribute.MirroredStrategy(devices, cross_device_ops=add_up)
    return tf.distribute.get_strategy()


def _xla(wanted: bool | None, has_gpu: bool, num_replicas: int) -> tuple[bool, str]:
    if wanted and num_replicas > 1:
        raise InputError(
            "train.jit_compile is True, and a step that several replicas share cannot be compiled; leave it out, or "
            "train on one device."
        )
    if wanted is not None:
        return wanted, "as train.jit_compile says: " + ("on" if wanted else "off")
    if num_replicas > 1:
        return False, "off (it cannot compile what replicas share)"
    return (True, "on (GPU)") if has_gpu else (False, "off (slower on a CPU)")


def _shares(scope: "tf.distribute.Strategy", name: str | None) -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    kind = "GPU" if gpus else "CPU"
    if name is None:
        return f"one {kind}" + (f" of {len(gpus)} (train.strategy = 'mirrored' uses all)" if len(gpus) > 1 else "")
    return f"{scope.num_replicas_in_sync} x {kind}, {name}"
