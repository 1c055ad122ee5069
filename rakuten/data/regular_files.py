"""Opening files from outside: regular files only, since a pipe blocks for ever and a device has no end."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link",
    stat.S_IFREG: "a file",
}


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; links are followed.

    Raises:
        OSError: If it is absent, unreadable or no regular file; `strerror` says which.
    """
    # Without O_NONBLOCK opening a pipe waits for a writer. The kind is asked of what was opened, not of the path, which
    # may have been replaced meanwhile.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        # A socket cannot be opened at all.
        raise _irregular(path, stat.S_IFSOCK) if error.errno == errno.ENXIO else error from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise _irregular(path, stat.S_IFMT(mode))
    return os.fdopen(descriptor, "rb")


def is_regular(path: Path) -> bool:
    """Whether this is a regular file itself, no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def kind_of(mode: int) -> str:
    """A file's kind in words: "a named pipe"."""
    return KINDS.get(stat.S_IFMT(mode), "of unknown kind")


def _irregular(path: Path, kind: int) -> OSError:
    return OSError(errno.EINVAL, f"it is {kind_of(kind)}, expected a regular file", str(path))
