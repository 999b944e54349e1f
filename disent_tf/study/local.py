"""Runs of a study on this machine, several at a time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import TypeVar

import gin
import joblib

from disent_tf.checks import check_positive
from disent_tf.study import work as working
from disent_tf.study.work import Outcome

Item = TypeVar("Item")


@gin.register
class Local:
    """Works on `workers` runs at a time, each in a process of its own; they share the cores.

    Args:
      workers: runs at a time.
      threads: of each; None divides the cores between them.

    Raises:
      InputError: a number is not positive.
    """

    def __init__(self, workers: int = 1, threads: int | None = None) -> None:
        check_positive(**{"Local.workers": workers})
        if threads is not None:
            check_positive(**{"Local.threads": threads})
        self.workers = workers
        self.threads = threads if threads else max(1, joblib.cpu_count() // workers)

    def each(self, runs: Sequence[Item], work: Callable[[Item, int | None], Outcome]) -> Iterator[tuple[Item, Outcome]]:
        """Yields each run, or group of them, with its outcome, as they end."""
        with futures.ThreadPoolExecutor(self.workers) as pool:  # A thread only waits for its process.
            begun = {pool.submit(work, run, self.threads): run for run in runs}
            try:
                for ended in futures.as_completed(begun):
                    yield begun[ended], ended.result()
            except BaseException:
                working.stop()
                pool.shutdown(wait=True, cancel_futures=True)
                working.stopped.clear()
                raise
