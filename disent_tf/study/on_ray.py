"""Runs of a study on a Ray cluster, whose machines share the study's folder."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import gin

from disent_tf.checks import check_count, check_number, check_positive
from disent_tf.errors import InputError
from disent_tf.study.work import Outcome

Item = TypeVar("Item")


@gin.register
class OnRay:
    """Works on every run as a task of Ray, which places it where its resources are free.

    A task whose machine or worker is lost is tried again, and goes on from the run's last checkpoint.

    Args:
      address: of a running cluster, such as "auto"; None starts one on this machine, which ends with the study.
      cpus: of each run, also its threads.
      gpus: of each run; a fraction lets several share one.
      retries: of a run whose worker was lost.

    Raises:
      InputError: an argument cannot be used, or Ray is not installed.
    """

    def __init__(self, address: str | None = None, cpus: int = 1, gpus: float = 0.0, retries: int = 3) -> None:
        check_positive(**{"OnRay.cpus": cpus})
        check_count(**{"OnRay.retries": retries})
        check_number("OnRay.gpus", gpus, least=0.0)
        if address is not None and not isinstance(address, str):
            raise InputError(f"OnRay.address is {address!r}; expected a text such as 'auto', or None.")
        try:
            import ray
        except ImportError as error:
            raise InputError(
                "OnRay needs Ray, which is not installed; expected pip install 'disent_tf[ray]'."
            ) from error
        self._ray: Any = ray
        self.address, self.cpus, self.gpus, self.retries = address, cpus, gpus, retries

    def each(self, runs: Sequence[Item], work: Callable[[Item, int | None], Outcome]) -> Iterator[tuple[Item, Outcome]]:
        """Yields each run, or group of them, with its outcome, as they end: "lost" if its worker was, too often."""
        ray = self._ray
        ours = not ray.is_initialized()
        if ours:
            ray.init(address=self.address, log_to_driver=False, include_dashboard=False, configure_logging=False)
        try:
            threads = self.cpus
            options = {"num_cpus": self.cpus, "num_gpus": self.gpus, "max_retries": self.retries}
            task = ray.remote(**options)(lambda run: work(run, threads))
            waiting = {task.remote(run): run for run in runs}
            while waiting:
                (ended,), _ = ray.wait(list(waiting), num_returns=1)
                run = waiting.pop(ended)
                try:
                    yield run, ray.get(ended)
                except ray.exceptions.RayTaskError as error:  # Its own, such as a full disk.
                    raise error.as_instanceof_cause() from error
                except ray.exceptions.RayError:
                    yield run, "lost"
        finally:
            if ours:
                ray.shutdown()
