"""Atomic file operations: write to a temporary file, fsync, rename; safe on power loss."""

import errno
import logging
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

TEMPORARY = ".tmp"
SET_ASIDE = ".damaged"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Temporary path beside `path`; fsynced and renamed to `path` on exit, removed on error."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporaries(folder: Path) -> None:
    """Remove leftover temporary files below a folder; requires that no process is writing there."""
    for path in folder.rglob(f".*{TEMPORARY}"):
        path.unlink()


def exists(path: Path) -> bool:
    """True if the path exists, dangling links included."""
    return os.path.lexists(path)


def require_regular(path: Path) -> None:
    """Check that a path is a regular file: reading a pipe can block forever, a device may be endless.

    Raises:
        OSError: If it is missing, or neither a regular file nor a link to one.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "no regular file", str(path))


def remove(path: Path) -> None:
    """Remove a folder with its content, a file, or a link (not its target)."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def set_aside(path: Path) -> None:
    """Rename a damaged path to `<name>.damaged` and remove it.

    If the removal fails, it stays under that name until garbage collection (`rakuten gc`).
    """
    aside = path.with_name(f"{path.name}{SET_ASIDE}")
    remove(aside)
    path.rename(aside)
    try:
        remove(aside)
    except OSError as error:
        logger.warning("%s could not be removed (%s); `rakuten gc` tries again", aside, error.strerror)


def make_folder(path: Path) -> None:
    """Create a folder if missing; a file or dangling link of that name is set aside."""
    if exists(path) and not path.is_dir():
        logger.warning("%s is no folder; set aside", path)
        set_aside(path)
    path.mkdir(parents=True, exist_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with whole_file(path) as temporary:
        temporary.write_text(text, "utf-8")


def sync(path: Path) -> None:
    """Flush a file or a folder's entries to disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
