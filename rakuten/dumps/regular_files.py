"""Opening files from outside: regular files only, since a pipe blocks for ever and a device has no end."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from rakuten.errors import DumpError, HostileArchiveError
from rakuten.printable import printable

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


def checked_inside(folder: Path, path: Path, is_expected: Callable[[int], bool] = stat.S_ISREG) -> Path:
    """The path itself, if it is of the expected kind and does not lead out of a folder by a link.

    Args:
        folder: Resolved.
        path: Below it.
        is_expected: Tells whether a mode is that of what is expected.

    Raises:
        DumpError: If it is a link to nothing or to itself, or cannot be read.
        HostileArchiveError: If it leads out of the folder, or is of another kind.
    """
    name = printable(path.relative_to(folder))
    try:
        real = path.resolve(strict=True)
        mode = real.stat().st_mode
    except FileNotFoundError:
        if not path.is_symlink():
            raise DumpError(f"{name} was removed while it was read") from None
        raise DumpError(f"{name} is a link to {printable(path.readlink())}, which does not exist") from None
    # What pathlib makes of a loop.
    except RuntimeError:
        raise DumpError(f"{name} is a link that leads to itself") from None
    except OSError as error:
        raise DumpError(f"{name} cannot be read: {error.strerror}") from error
    if not real.is_relative_to(folder):
        raise HostileArchiveError(
            f"{name} is a link to {printable(real)}, outside the dump's folder; put the file itself there"
        )
    if not is_expected(mode):
        expected = "a folder" if is_expected is stat.S_ISDIR else "a regular file"
        raise HostileArchiveError(f"{name} is {kind_of(mode)}, expected {expected}")
    return path


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
