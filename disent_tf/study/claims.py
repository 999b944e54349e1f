"""Who works on a run: a lock that the system releases when the last process that holds it ends, however it ends."""

import contextlib
import fcntl
import os
import pathlib
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def claimed(path: pathlib.Path, *, until: threading.Event | None = None) -> Iterator[int | None]:
    """Yields the descriptor of a locked file, or None if another process holds it: at once, or when `until` is set.

    A child process that inherits the descriptor (`pass_fds`) holds the lock too: a run whose driver was killed stays
    claimed for as long as its training goes on, and no longer. On a network file system it holds where that supports
    `flock` between machines, as NFS does since version 4.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        free = _lock(descriptor)
        while not free and until is not None and not until.wait(_SECONDS_BETWEEN_TRIES):
            free = _lock(descriptor)
        yield descriptor if free else None
    finally:
        os.close(descriptor)


_SECONDS_BETWEEN_TRIES = 0.5  # A wait in the system would not end by Ctrl-C.


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
