"""Who works on a run: a lock that the system releases when the last process that holds it ends, however it ends."""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator


@contextlib.contextmanager
def claimed(path: pathlib.Path, *, wait: bool = False) -> Iterator[int | None]:
    """Yields the descriptor of a locked file, or, unless it is to `wait`, None if another process holds it.

    A child process that inherits the descriptor (`pass_fds`) holds the lock too: a run whose driver was killed stays
    claimed for as long as its training goes on, and no longer. On a network file system it holds where that supports
    `flock` between machines, as NFS does since version 4.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)
