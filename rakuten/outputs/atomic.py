"""Files that appear whole or not at all, also when the machine loses power."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".tmp"


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
