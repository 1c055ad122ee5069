"""Files that appear whole or not at all, also when the machine loses power."""

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
    """A temporary path beside `path`; on leaving it is synced and takes the name `path`, on an error it is removed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporaries(folder: Path) -> None:
    """Remove what a kill left of files that were being written below a folder; nobody may be writing there."""
    for path in folder.rglob(f".*{TEMPORARY}"):
        path.unlink()


def exists(path: Path) -> bool:
    """Whether anything has this name, a link to nowhere included."""
    return os.path.lexists(path)


def require_regular(path: Path) -> None:
    """Refuse to open what is no file: a pipe would block for ever, a device has no end.

    Raises:
        OSError: If it is absent or no regular file, nor a link to one.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "no regular file", str(path))


def remove(path: Path) -> None:
    """Remove a folder with its content, a file, or a link (not what it points to)."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def set_aside(path: Path) -> None:
    """Free a name by renaming what holds it to `<name>.damaged`, then remove that.

    What cannot be removed stays under that name until `rakuten gc` removes it.
    """
    aside = path.with_name(f"{path.name}{SET_ASIDE}")
    remove(aside)
    path.rename(aside)
    try:
        remove(aside)
    except OSError as error:
        logger.warning("%s could not be removed (%s); `rakuten gc` tries again", aside, error.strerror)


def make_folder(path: Path) -> None:
    """Make a folder if absent; a file or link to none that has its name is set aside."""
    if exists(path) and not path.is_dir():
        logger.warning("%s is no folder; set aside", path)
        set_aside(path)
    path.mkdir(parents=True, exist_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a UTF-8 text file that is never seen half written."""
    with whole_file(path) as temporary:
        temporary.write_text(text, "utf-8")


def sync(path: Path) -> None:
    """Have the kernel write a file's bytes, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
