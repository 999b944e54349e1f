"""Where the time of a training step goes: milliseconds per kind of operation, from TensorFlow's own trace.

Trains a model for a few steps on one core and sums what the trace says of each operation.

    PYTHONPATH=. python benchmarks/op_times.py beta_vae
"""

import argparse
import collections
import os
import pathlib
import re
import tempfile

from disent_tf.training.devices import choose_onednn

_STEPS = 10


def traced(system: str, network: str) -> pathlib.Path:
    """Trains for some steps and returns the trace."""
    import keras

    from benchmarks.train_step import make_model
    from disent_tf.data.dsprites import DSprites
    from disent_tf.training.train import train

    folder = pathlib.Path(tempfile.mkdtemp())
    train(
        folder / "run",
        data=DSprites(),
        model=lambda: make_model(system, network),
        optimizer=lambda: keras.optimizers.Adam(5e-4),
        steps=_STEPS + 12,
        decomposition_every=0,
        profile_steps=(10, 10 + _STEPS),
    )
    return next(folder.rglob("*.xplane.pb"))


def milliseconds(trace: pathlib.Path) -> dict[str, float]:
    """Returns milliseconds per step by the type of the operation."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace.FromString(trace.read_bytes())
    totals: dict[str, float] = collections.defaultdict(float)
    for plane in space.planes:
        names = {key: metadata.name for key, metadata in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                name = names[event.metadata_id]
                if match := re.fullmatch(r"[^:]*:([A-Z_]\w*)", name):  # node:Type
                    totals[match[1]] += event.duration_ps / 1e9 / _STEPS
    return totals


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("system", choices=("beta_vae", "beta_tc_vae", "factor_vae"))
    parser.add_argument("--network", default="burgess")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    choose_onednn(None)
    totals = milliseconds(traced(arguments.system, arguments.network))
    print("| operation | ms per step |\n|---|---|")
    for kind, total in sorted(totals.items(), key=lambda item: -item[1])[:15]:
        print(f"| {kind} | {total:.1f} |")
    print(f"| all | {sum(totals.values()):.1f} |")


if __name__ == "__main__":
    main()
