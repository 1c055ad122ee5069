"""Free disk space: checked before a stage, and a full disk reported as one error."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten.errors import DiskFullError

# What logs, run records and Prefect's database need besides outputs.
RESERVE = 50 * 10**6
FULL = (errno.ENOSPC, errno.EDQUOT)


def require_space(folder: Path, size: int, purpose: str) -> None:
    """Refuse work that the disk has no room for.

    Args:
        folder: Where it will write.
        size: Bytes it is expected to write, the reserve not included.
        purpose: What needs the space, for the error.

    Raises:
        DiskFullError: If less than `size` and the reserve is free.
    """
    free = shutil.disk_usage(folder).free
    if free < size + RESERVE:
        raise DiskFullError(
            f"disk full: {folder} has {free / 1e6:,.0f} MB free, {purpose} needs about "
            f"{(size + RESERVE) / 1e6:,.0f} MB; `rakuten gc --keep SIZE` makes room"
        )


@contextmanager
def disk_full_as_error(folder: Path, purpose: str) -> Iterator[None]:
    """Turn the system's errors of a full disk, or of a full quota, into one of this project.

    Raises:
        DiskFullError: If the block ended because nothing more could be written.
    """
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
    # HDF5 and NumPy raise errors without a number: one with the system's words, one with how much of an array it wrote.
    return (
        os.strerror(errno.ENOSPC) in str(error) or re.search(r"\d+ requested and \d+ written", str(error)) is not None
    )
