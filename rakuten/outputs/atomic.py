"""Files that appear whole or not at all, also when the machine loses power."""

import logging
import os
import shutil
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
