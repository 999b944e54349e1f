"""What the fast boosted trees cost and change: D, C and informativeness beside those of the exact ones.

Takes a npz of the codes of a whole grid, `mean` `[num_rows, num_codes]` in C order, and its `factor_sizes`; without
one, synthetic codes of a small grid are used:

    python benchmarks/fast_boosting.py --points 2000
    python benchmarks/fast_boosting.py codes_vae_dsprites.npz --points 10000
"""

import argparse
import math
import time
from collections.abc import Iterator

import numpy as np

from disent_tf.metrics import dci
from disent_tf.metrics.representation import Representation, as_codes
from disent_tf.metrics.utils import (
    draw_train_and_test,
    gradient_boosting_classifier,
    histogram_boosting_classifier,
)

SIZES, NUM_CODES, REPLICATES = (4, 5, 6, 3), 10, 256  # The last factor of the table is the number of the replicate.
COLUMNS = ("disentanglement", "completeness", "informativeness_train", "informativeness_test")
BACKENDS = {"exact": gradient_boosting_classifier, "fast": histogram_boosting_classifier}


def synthetic_codes() -> Iterator[tuple[str, np.ndarray]]:
    """Yields the name and the codes `[num_rows, NUM_CODES]` of every kind of code."""
    rng, num_factors = np.random.default_rng(0), len(SIZES)
    factors = np.stack(np.unravel_index(np.arange(math.prod(SIZES)), SIZES), axis=1).repeat(REPLICATES, axis=0)
    clean = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    noise = rng.standard_normal((len(clean), NUM_CODES))
    rest, rotation = noise[:, num_factors:], np.linalg.qr(rng.standard_normal((NUM_CODES, NUM_CODES)))[0]
    copies = np.hstack([clean + 0.1 * noise[:, :num_factors], 0.1 * noise[:, num_factors : 2 * num_factors] - clean])
    yield "identity", np.hstack([clean, 0.01 * rest])
    yield "noisy", np.hstack([clean + 0.3 * noise[:, :num_factors], rest])
    yield "rotated", np.hstack([clean, 0.1 * rest]) @ rotation
    yield "copies", np.hstack([clean, 0.5 * clean[:, :1], 0.01 * rest[:, 1:]])
    yield "noisy copies", np.hstack([copies, noise[:, 2 * num_factors :]])
    yield "noise", noise
    yield "dead code", np.hstack([clean + 0.3 * noise[:, :num_factors], rest[:, :-1], np.full_like(rest[:, :1], 0.25)])


def print_row(name: str, data: Representation, num_factors: int, points: int, num_jobs: int) -> None:
    """Prints scores and seconds of both backends, and their differences."""
    drawn = draw_train_and_test(data, as_codes, np.random.RandomState(0), points, max(points // 2, 1))
    drawn = drawn._replace(
        factors_train=drawn.factors_train[:, :num_factors], factors_test=drawn.factors_test[:, :num_factors]
    )
    results, seconds = {}, {}
    for backend, predictor_fn in BACKENDS.items():
        start = time.perf_counter()
        results[backend] = dci.disentanglement_completeness_informativeness(
            *drawn, predictor_fn=predictor_fn, num_jobs=num_jobs
        )
        seconds[backend] = time.perf_counter() - start
    exact, fast = ([getattr(results[backend], column) for column in COLUMNS] for backend in BACKENDS)
    cells = [f"{a:.4f} | {b:.4f} | {b - a:+.4f}" for a, b in zip(exact, fast, strict=True)]
    times = f"{seconds['exact']:.1f} | {seconds['fast']:.1f} | {seconds['exact'] / seconds['fast']:.1f}"
    print(f"| {name} | " + " | ".join(cells) + f" | {times} |", flush=True)


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codes", nargs="?", help="npz; none for synthetic codes")
    parser.add_argument("--points", type=int, default=2000, help="to fit on; half as many to test on")
    parser.add_argument("--num_jobs", type=int, default=-1)
    options = parser.parse_args()
    columns = [f"{name} {kind}" for name in ("D", "C", "train", "test") for kind in ("exact", "fast", "difference")]
    columns = ["codes", *columns, "seconds exact", "seconds fast", "ratio"]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    if options.codes:
        file = np.load(options.codes)
        sizes = tuple(int(size) for size in file["factor_sizes"])
        data = Representation.of_codes(file["mean"].astype(np.float32), sizes)
        print_row(options.codes, data, len(sizes), options.points, options.num_jobs)
        return
    for name, codes in synthetic_codes():
        data = Representation.of_codes(codes.astype(np.float32), (*SIZES, REPLICATES))
        print_row(name, data, len(SIZES), options.points, options.num_jobs)


if __name__ == "__main__":
    main()
