"""The file system's record of a file, by which a change is seen without reading it."""

import os
from typing import NamedTuple


class FileStamp(NamedTuple):
    """What the file system says of a file without reading it.

    Attributes:
        size: Bytes; of a zip entry, those it unpacks to.
        container_size: Bytes of the file on the disk; of the zip file, for an entry.
        mtime_ns: When that file was last changed, nanoseconds since 1970; copying tools set it back.
        ctime_ns: When the kernel last saw it changed; nothing sets it back.
        inode: Its number on its disk; another file under the same name has another one.
    """

    size: int
    container_size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


def stamp_of(status: os.stat_result) -> FileStamp:
    """The stamp of a file in a folder."""
    return FileStamp(status.st_size, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
