"""Advisory locks between processes (flock), released by the kernel when the holder dies.

Not a PID file: one left behind by a killed run would block all later runs.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rakuten.errors import OutputError

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1


@contextmanager
def exclusive(path: Path, *, purpose: str) -> Iterator[None]:
    """Acquire an exclusive lock, blocking; also excludes threads of the same process.

    Args:
        path: Lock file; created if missing and never removed, because removal would allow two holders.
        purpose: Description for the log messages of waiting processes.
    """
    descriptor = _open(path)
    try:
        if not _try(descriptor):
            logger.info("waiting for another process that works on %s (%s)", purpose, holder_of(path))
            while not _try(descriptor):
                time.sleep(POLL_SECONDS)
        _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Acquire a shared lock, blocking while another process holds it exclusively."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def first_free(paths: Sequence[Path], *, purpose: str) -> Iterator[int]:
    """Acquire the first free lock of several, blocking while all are held.

    Args:
        paths: Lock files; created if missing and never removed.
        purpose: Description for the log messages of waiting processes.

    Yields:
        Index of the acquired lock.
    """
    descriptors = [_open(path) for path in paths]
    try:
        place = next((place for place, descriptor in enumerate(descriptors) if _try(descriptor)), None)
        if place is None:
            logger.info(
                "%s waits: all of %d slots are taken (%s)",
                purpose,
                len(paths),
                ", ".join(dict.fromkeys(map(holder_of, paths))),
            )
        while place is None:
            time.sleep(POLL_SECONDS)
            place = next((place for place, descriptor in enumerate(descriptors) if _try(descriptor)), None)
        _sign(descriptors[place])
        yield place
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def is_held(path: Path) -> bool:
    """True if a running process holds the lock."""
    if not path.is_file():
        return False
    descriptor = _open(path)
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def holder_of(path: Path) -> str:
    """Description of the lock holder, from the lock file."""
    return path.read_text("utf-8", "replace") or "unknown"


def _open(path: Path) -> int:
    """Open a lock file.

    Raises:
        OutputError: If the path is not a file, or not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.ELOOP, errno.ENXIO):
            wrong = f"{path}: expected a lock file in a folder ({error.strerror}); remove what is there"
        else:
            wrong = f"the lock file {path} cannot be written: {error.strerror}"
        raise OutputError(wrong) from error


def _sign(descriptor: int) -> None:
    """Write a description of the holder; skipped on a full disk, so that `rakuten gc` can still get its lock."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"pid {os.getpid()}".encode(), 0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
