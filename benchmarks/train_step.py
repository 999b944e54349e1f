"""How long a training step takes, against PyTorch and against the floor that multiplying matrices sets.

Each side is a process of its own, pinned to the same processors; blocks of steps take turns between them, and medians
of wall and processor time are compared, so that what else the machine does hits all alike. "fit" is the public path:
`train` on the real feed of dSprites with everything that it logs. "loop" is a bare `tf.function` over the same step and
feed. The PyTorch sides (`benchmarks/torch_peer.py`) are left out where torch is not installed.

    PYTHONPATH=. python benchmarks/train_step.py --systems beta_vae beta_tc_vae factor_vae encode
    PYTHONPATH=. python benchmarks/train_step.py --cores 2 --network locatello
"""

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

SYSTEMS = ("beta_vae", "beta_tc_vae", "factor_vae", "encode")
NETWORKS = ("burgess", "locatello", "fc")
_ENCODED = 1024  # Images in one "step" of encoding.
_MATRIX = 2048


class Side:
    """A process that does a block of steps whenever it is asked to."""

    def __init__(self, name: str, system: str, options: argparse.Namespace) -> None:
        command = [sys.executable, __file__, "--side", name, "--systems", system, "--network", options.network]
        command += ["--steps", str(options.steps), "--cores", str(options.cores)]
        # Its messages are lines of JSON; what libraries print goes to stderr.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name, self.seconds, self.cpu_seconds = name, [], []
        self.start = self._read()

    def block(self, *, keep: bool) -> None:
        """Does a block of steps and notes its seconds per step."""
        self._write("go")
        taken = self._read()
        if keep:
            self.seconds.append(taken["wall"])
            self.cpu_seconds.append(taken["cpu"])

    def end(self) -> dict[str, float]:
        """Ends the process and returns what it says at last."""
        self._write("end")
        said = self._read()
        self.process.communicate()
        return said

    def _write(self, text: str) -> None:
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def _read(self) -> dict[str, float]:
        assert self.process.stdout is not None  # noqa: S101
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"The side {self.name} ended; its error is above.")
        return json.loads(line)


def serve(calls: int, one_step: Callable[[], Any], finish: Callable[[Any], Any] = repr, *, steps: int = 1) -> None:
    """Does blocks of calls, of so many steps each, as long as they are asked for by standard input."""
    finish(one_step())
    say(seconds_to_first_step=seconds_alive())
    while sys.stdin.readline().strip() == "go":
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            result = one_step()
        finish(result)
        say(wall=(time.perf_counter() - wall) / (calls * steps), cpu=(time.process_time() - cpu) / (calls * steps))


def say(**values: float) -> None:
    """Writes a line of JSON to the parent."""
    print(json.dumps(values), file=_OUT, flush=True)


def seconds_alive() -> float:
    """Returns how long this process has lived, imports included."""
    with open("/proc/self/stat", encoding="ascii") as file:  # noqa: PTH123
        ticks = float(file.read().rpartition(")")[2].split()[19])
    with open("/proc/uptime", encoding="ascii") as file:  # noqa: PTH123
        return float(file.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def serve_torch(system: str, network: str, steps: int, *, channels_last: bool) -> None:
    """A side in PyTorch."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    from benchmarks.torch_peer import Trainer

    trainer = Trainer("beta_vae" if system == "encode" else system, network, channels_last=channels_last)
    serve(steps, (lambda: trainer.encode(_ENCODED)) if system == "encode" else trainer.step)


def serve_tensorflow(system: str, network: str, steps: int, *, bare: bool) -> None:
    """A side of this project."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from disent_tf.training.devices import choose_onednn

    choose_onednn(None)
    from disent_tf.data.dsprites import DSprites

    data = DSprites()
    if system == "encode":
        import numpy as np

        from disent_tf.evaluate import mean_representation

        represent, random = mean_representation(make_model("beta_vae", network)), np.random.default_rng(0)
        num = 2 * _ENCODED  # It encodes two batches at a time.
        serve(max(1, steps // 2), lambda: represent(data[random.integers(len(data), size=num)]), steps=2)
    elif bare:
        serve_loop(make_model(system, network), data, steps)
    else:
        serve_fit(system, network, data, steps)


def serve_loop(model: Any, data: Any, steps: int) -> None:
    """A bare loop over the model's own step."""
    import keras
    import tensorflow as tf

    from disent_tf.optimizers import fused

    model.compile(fused(keras.optimizers.Adam(5e-4)), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    feed = iter(data.dataset(64 * model.batches_per_step, seed=0))
    step = tf.function(lambda: model.train_step(next(feed)), jit_compile=False, autograph=False)
    serve(steps, step, lambda logs: float(logs["loss"]))


def serve_fit(system: str, network: str, data: Any, steps: int) -> None:
    """Training as a user starts it, stopped between blocks by a callback."""
    import keras

    from disent_tf.training.callbacks import EverySteps
    from disent_tf.training.train import train

    class Turns(EverySteps):
        """Waits for its turn after every block."""

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 0:  # The first step compiles.
                say(seconds_to_first_step=seconds_alive())
                self.wait()
            else:
                super().on_train_batch_end(batch - 1, logs)

        def at_step(self, step: int, logs: Any) -> None:
            say(
                wall=(time.perf_counter() - self.wall) / self._every, cpu=(time.process_time() - self.cpu) / self._every
            )
            self.wait()

        def wait(self) -> None:
            """Ends training unless there is a next block."""
            self.model.stop_training = sys.stdin.readline().strip() != "go"
            self.wall, self.cpu = time.perf_counter(), time.process_time()

    with tempfile.TemporaryDirectory() as folder:
        train(
            f"{folder}/run",
            data=data,
            model=lambda: make_model(system, network),
            optimizer=lambda: keras.optimizers.Adam(5e-4),
            steps=10**6,
            callbacks=[Turns(steps)],
        )


def make_model(system: str, network: str) -> Any:
    """Returns the model of a system."""
    from disent_tf import models
    from disent_tf.networks import burgess, discriminators, fully_connected, locatello

    makers = {
        "burgess": (burgess.burgess_encoder, burgess.burgess_decoder),
        "locatello": (locatello.locatello_encoder, locatello.locatello_decoder),
        "fc": (fully_connected.fc_encoder, fully_connected.fc_decoder),
    }
    networks = [make((64, 64, 1), 10) for make in makers[network]]
    if system == "beta_vae":
        return models.BetaVAE(*networks, beta=4.0)
    if system == "beta_tc_vae":
        return models.BetaTCVAE(*networks, num_data=737_280, beta=6.0)
    return models.FactorVAE(*networks, discriminator=discriminators.mlp_discriminator(10), gamma=35.0)


def serve_matrices() -> None:
    """The floor: multiplying large matrices."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    import tensorflow as tf

    a = tf.random.stateless_normal((_MATRIX, _MATRIX), (0, 0))
    multiply = tf.function(lambda: tf.matmul(a, a))
    serve(2, lambda: multiply().numpy())


def gigaflops_per_step(system: str, network: str) -> float:
    """Returns the multiplications and additions of a step in matrix products, forward and backward."""
    from benchmarks.flops import forward, training

    model = make_model(system, network)
    if system == "encode":
        return forward(model.encoder) * _ENCODED / 1e9
    total = 64 * (training(model.encoder) + training(model.decoder, of_inputs=True))
    if system == "factor_vae":
        adversary = model.discriminator
        total += 64 * forward(model.encoder)  # of the second batch
        # On both halves forward and backward, and the gradient of z: the forward pass on z would serve both losses.
        total += 128 * training(adversary) + 64 * forward(adversary)
    return total / 1e9


def main() -> None:
    """Prints a table, or is one of the sides."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--network", choices=NETWORKS, default="burgess")
    parser.add_argument("--cores", type=int, default=1, help="that each side is pinned to")
    parser.add_argument("--blocks", type=int, default=9, help="of each side")
    parser.add_argument("--steps", type=int, default=10, help="in a block")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-options.cores :])
        serve_side(options)
        say(peak_gigabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
    else:
        compare(options)


def serve_side(options: argparse.Namespace) -> None:
    """Is the side that was asked for."""
    name, system = options.side, options.systems[0]
    if name == "floor":
        serve_matrices()
    elif name.startswith("torch"):
        serve_torch(system, options.network, options.steps, channels_last=name == "torch channels_last")
    else:
        serve_tensorflow(system, options.network, options.steps, bare=name == "loop")


def compare(options: argparse.Namespace) -> None:
    """Lets the sides take turns, system by system."""
    peers = ["torch eager", "torch channels_last"] if importlib.util.find_spec("torch") else []
    print(f"{options.network}, batches of 64, cores: {options.cores}, {options.blocks} blocks of {options.steps} steps")
    print(
        "| system | side | wall, ms | quartiles | processor, ms | against fit | share of floor | first step, s | GB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for system in options.systems:
        names = ["fit", *(["loop"] if system != "encode" else []), *peers, "floor"]
        sides = [Side(name, system, options) for name in names]
        for block in range(options.blocks + 2):
            for side in sides:
                side.block(keep=block >= 2)
        report(system, options, sides, [side.end() for side in sides])


def report(system: str, options: argparse.Namespace, sides: list[Side], ends: list[dict[str, float]]) -> None:
    """Prints the rows of a system."""
    ours, floor = sides[0], sides[-1]
    peak = 2 * _MATRIX**3 / 1e9 / min(floor.seconds)
    least = gigaflops_per_step(system, options.network) / peak
    for side, end in zip(sides[:-1], ends, strict=False):
        wall, cpu = statistics.median(side.seconds), statistics.median(side.cpu_seconds)
        ratio = statistics.median(a / b for a, b in zip(side.seconds, ours.seconds, strict=True))
        quartiles = statistics.quantiles(side.seconds, n=4)
        print(
            f"| {system} | {side.name} | {1000 * wall:.1f} | {1000 * quartiles[0]:.1f} to {1000 * quartiles[2]:.1f} | "
            f"{1000 * cpu:.1f} | {ratio:.2f} | {least / wall:.2f} | {side.start['seconds_to_first_step']:.1f} | "
            f"{end['peak_gigabytes']:.2f} |",
            flush=True,
        )
    print(f"| {system} | floor: {peak:.0f} GFLOP/s | {1000 * least:.1f} | | | | 1 | | |", flush=True)


_OUT = sys.stdout

if __name__ == "__main__":
    if "--side" in sys.argv:  # What is printed by others must not mix with the messages.
        _OUT = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
    main()
