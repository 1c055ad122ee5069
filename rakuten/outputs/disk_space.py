"""Disk space: check before a stage, and one error type for a full disk or an exceeded quota."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten.errors import DiskFullError

# Reserve for logs, run records and Prefect's database, in bytes.
RESERVE = 50 * 10**6
FULL = (errno.ENOSPC, errno.EDQUOT)


def require_space(folder: Path, size: int, purpose: str) -> None:
    """Check the free disk space.

    Args:
        folder: Target folder.
        size: Expected bytes, without the reserve.
        purpose: Description for the error message.

    Raises:
        DiskFullError: If less than `size` plus the reserve is free.
    """
    free = shutil.disk_usage(folder).free
    if free < size + RESERVE:
        raise DiskFullError(
            f"disk full: {folder} has {free / 1e6:,.0f} MB free, {purpose} needs about "
            f"{(size + RESERVE) / 1e6:,.0f} MB; `rakuten gc --keep SIZE` makes room"
        )


@contextmanager
def disk_full_as_error(folder: Path, purpose: str) -> Iterator[None]:
    """Convert system errors of a full disk or an exceeded quota to `DiskFullError`."""
    try:
        yield
    except OSError as error:
        if not _tells_of_full_disk(error):
            raise
        free = shutil.disk_usage(folder).free
        raise DiskFullError(
            f"disk full: {purpose} could not write {error.filename or f'below {folder}'} ({error.strerror}; "
            f"{folder} has {free / 1e6:,.0f} MB free); `rakuten gc --keep SIZE` makes room"
        ) from error


def _tells_of_full_disk(error: OSError) -> bool:
    if error.errno is not None:
        return error.errno in FULL
    # HDF5 and NumPy raise errors without errno: HDF5 with the system's text, NumPy with the number of items written.
    return (
        os.strerror(errno.ENOSPC) in str(error) or re.search(r"\d+ requested and \d+ written", str(error)) is not None
    )
