"""What feeding a model costs: training steps on the real feed against the same steps on one constant batch.

Blocks of steps on the one and on the other take turns in one process, and medians are compared; before it, how many
images each feed gives when nothing else asks for the cores. By default β-VAE's step on dSprites and on a colour set of
uint8, and on sets that are drawn or decorated anew in every batch, with the Burgess network and batches of 64:

    PYTHONPATH=. python benchmarks/pipeline.py
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from disent_tf.data.color_dsprites import ColorDSprites
from disent_tf.data.dsprites import DSprites
from disent_tf.data.given_images import images_of
from disent_tf.data.noisy_dsprites import NoisyDSprites
from disent_tf.data.observations import Observations
from disent_tf.data.scream_dsprites import ScreamDSprites
from disent_tf.data.synthetic_shapes3d import SyntheticShapes3D
from disent_tf.data.xy_squares import XYSquares
from disent_tf.models import BetaVAE
from disent_tf.networks.burgess import burgess_decoder, burgess_encoder


def sets() -> Iterator[tuple[str, Observations]]:
    """Yields a binary set, packed; a colour set of uint8, larger than the processor's caches; sets that are drawn."""
    sprites = DSprites()
    yield "dSprites (one bit per pixel)", sprites
    yield "colour images (uint8)", images_of(np.random.default_rng(0).integers(0, 256, (50_000, 64, 64, 3), np.uint8))
    yield "colour dSprites", ColorDSprites(sprites)
    yield "noisy dSprites", NoisyDSprites(sprites)
    yield "scream dSprites", ScreamDSprites(sprites)
    yield "SyntheticShapes3D", SyntheticShapes3D()
    yield "XYSquares", XYSquares()


def images_per_second(data: Observations, batch_size: int, num_batches: int = 300) -> float:
    """Returns how fast the feed is alone."""
    feed = iter(data.dataset(batch_size, seed=0))
    next(feed)
    start = time.perf_counter()
    for _ in range(num_batches):
        next(feed)
    return num_batches * batch_size / (time.perf_counter() - start)


def seconds_per_step(data: Observations, batch_size: int, blocks: int, steps: int) -> tuple[list[float], list[float]]:
    """Returns seconds per step of every block: on the feed, and on a constant batch."""
    shape = data.observation_shape
    model = BetaVAE(burgess_encoder(shape, 10), burgess_decoder(shape, 10), beta=4.0)
    model.compile(keras.optimizers.Adam(5e-4), jit_compile=False)
    model.make_train_function()
    step = model.train_function
    real = iter(data.dataset(batch_size, seed=0))
    options = tf.data.Options()
    options.autotune.enabled = False
    constant = iter(tf.data.Dataset.from_tensors(next(real)).repeat().with_options(options))
    for source in (real, constant):
        step(source)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(blocks):
        for source, taken in zip((real, constant), seconds, strict=True):
            start = time.perf_counter()
            for _ in range(steps):
                logs = step(source)
            float(logs["loss"])
            taken.append((time.perf_counter() - start) / steps)
    return seconds


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=9, help="of either kind")
    parser.add_argument("--steps", type=int, default=20, help="in a block")
    arguments = parser.parse_args()
    print("| set | feed alone, images/s | step on the feed, ms | on one batch, ms | cost of the feed |")
    print("|---|---|---|---|---|")
    for name, data in sets():
        rate = images_per_second(data, arguments.batch_size)
        real, constant = seconds_per_step(data, arguments.batch_size, arguments.blocks, arguments.steps)
        ratio = statistics.median(a / b for a, b in zip(real, constant, strict=True))
        medians = [f"{1000 * statistics.median(each):.1f}" for each in (real, constant)]
        print(f"| {name} | {rate:,.0f} | {' | '.join(medians)} | {100 * (ratio - 1):+.1f} % |", flush=True)


if __name__ == "__main__":
    main()
