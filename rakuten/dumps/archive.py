"""Images in a zip file that may be hostile: every entry is checked before any is read, and none is ever extracted."""

import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO, Self

from rakuten.dumps.layout import is_junk
from rakuten.dumps.regular_files import open_regular
from rakuten.errors import DumpError, HostileArchiveError, ImageError
from rakuten.printable import printable, shortened

MAX_ENTRIES = 2_000_000
MAX_ENTRY_BYTES = 256 * 1024**2
MAX_TOTAL_BYTES = 256 * 1024**3
# JPEGs hardly compress; deflate reaches 1,032 on zeros.
MAX_RATIO = 100
# Below this size a ratio says nothing: a small white PNG compresses a thousandfold.
RATIO_FROM_BYTES = 1024**2

# The others' decompressors give out all they hold at once, however little is asked for.
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
LOCAL_HEADER_BYTES = 30
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class ImageArchive:
    """The files of a zip file, by path; safe to read from threads.

    What is odd with a single entry (encrypted, damaged, of a compression that is not read) is an `ImageError` when that
    entry is read, as for an image file in a folder; what threatens the machine refuses the whole archive.

    Args:
        path: The zip file.

    Attributes:
        entries: Path with forward slashes → entry, of all files but those that desktops leave behind.

    Raises:
        HostileArchiveError: On building, if any entry tries to leave the archive or to exhaust the machine.
        DumpError: If the file is no zip file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = open_regular(path)
        except OSError as error:
            raise DumpError(f"{path.name} cannot be read: {error.strerror}") from error
        try:
            self._zip = zipfile.ZipFile(self._file)
            self.entries = self._checked_entries()
        # ValueError: a directory whose numbers contradict each other.
        except (*UNREADABLE, ValueError) as error:
            self.close()
            raise DumpError(
                f"{path.name} cannot be read as a zip file: {shortened(error)}; copy or pack it again"
            ) from error
        except BaseException:
            self.close()
            raise

    def open(self, path: str) -> IO[bytes]:
        """A stream of one entry's bytes; it ends at the size that the entry declares.

        Raises:
            ImageError: If the entry cannot be opened.
        """
        info = self.entries[path]
        name = f"{self.path.name}: entry {printable(path)}"
        if info.flag_bits & ENCRYPTED:
            raise ImageError(f"{name} is encrypted; expected a zip file without password")
        if info.compress_type not in COMPRESSIONS:
            raise ImageError(f"{name} uses compression method {info.compress_type}, expected stored or deflated")
        try:
            return self._zip.open(info)
        except UNREADABLE as error:
            raise ImageError(f"{name} cannot be read: {shortened(error)}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _checked_entries(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        self._check_as_a_whole(infos)
        seen: set[str] = set()
        entries: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            path = _path(info)
            if fault := _fault_of(info):
                raise HostileArchiveError(f"{self.path.name}: entry {info.orig_filename!r} {fault}")
            # Compared without case: on some disks such twins are one file.
            if path.casefold() in seen:
                raise HostileArchiveError(f"{self.path.name}: entry {path!r} occurs more than once")
            seen.add(path.casefold())
            if not path.endswith("/") and not is_junk(path):
                entries[path] = info
        return entries

    def _check_as_a_whole(self, infos: list[zipfile.ZipInfo]) -> None:
        if len(infos) > MAX_ENTRIES:
            raise HostileArchiveError(f"{self.path.name} has {len(infos):,} entries, expected at most {MAX_ENTRIES:,}")
        total = sum(info.file_size for info in infos)
        if total > MAX_TOTAL_BYTES:
            raise HostileArchiveError(
                f"{self.path.name} unpacks to {total:,} bytes, expected at most {MAX_TOTAL_BYTES:,}"
            )
        # Entries that share their bytes multiply a small file without any suspicious ratio.
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.header_offset < end:
                raise HostileArchiveError(f"{self.path.name}: entry {info.filename!r} overlaps the one before it")
            end = info.header_offset + LOCAL_HEADER_BYTES + len(info.orig_filename) + info.compress_size


def _path(info: zipfile.ZipInfo) -> str:
    """The entry's name as it is written; Windows' own zip tools write backslashes."""
    return info.orig_filename.replace("\\", "/")


def _fault_of(info: zipfile.ZipInfo) -> str | None:
    """What makes an entry dangerous, or None."""
    name = _path(info)
    kind = stat.S_IFMT(info.external_attr >> 16)
    size = info.file_size
    faults = {
        "has a name that is no plain relative path": "\0" in name or ":" in name,
        "has an absolute name": name.startswith("/"),
        "leaves its folder by '..'": ".." in name.split("/"),
        "has a name with empty or '.' parts": any(part in ("", ".") for part in name.removesuffix("/").split("/")),
        "is a symbolic link": kind == stat.S_IFLNK,
        "is neither file nor folder": kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK),
        f"unpacks to {size:,} bytes, expected at most {MAX_ENTRY_BYTES:,}": size > MAX_ENTRY_BYTES,
        f"unpacks {info.compress_size:,} bytes to {size:,}, more than {MAX_RATIO}-fold": (
            size > RATIO_FROM_BYTES and size > MAX_RATIO * info.compress_size
        ),
    }
    return next((fault for fault, found in faults.items() if found), None)
