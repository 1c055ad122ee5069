"""Images in a zip file that may be hostile: every entry is checked before any is read, and none is ever extracted."""

import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO, Self

from rakuten.data.layout import IMAGE_FOLDERS, IMAGES_FOLDER, is_junk
from rakuten.errors import DumpError, HostileArchiveError

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
    """The images of a zip file, by logical name (`image_train/image_1_product_2.jpg`); safe to read from threads.

    Args:
        path: The zip file.

    Raises:
        HostileArchiveError: On building, if any entry tries to leave the archive or to exhaust the machine.
        DumpError: If the file is no zip file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except UNREADABLE as error:
            raise DumpError(f"{path.name} cannot be read as a zip file: {error}") from error
        try:
            self.entries = self._checked_entries()
        except BaseException:
            self.close()
            raise

    def open(self, name: str) -> IO[bytes]:
        """A stream of one image's bytes; it ends at the size that the entry declares.

        Raises:
            DumpError: If the entry cannot be opened.
        """
        try:
            return self._zip.open(self.entries[name])
        except UNREADABLE as error:
            raise DumpError(f"{self.path.name}: entry {name} cannot be read: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

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
            if fault := _fault_of(info):
                raise HostileArchiveError(f"{self.path.name}: entry {info.orig_filename!r} {fault}")
            # Compared without case: on some disks such twins are one file.
            if info.filename.casefold() in seen:
                raise HostileArchiveError(f"{self.path.name}: entry {info.filename!r} occurs more than once")
            seen.add(info.filename.casefold())
            name = _logical_name(info)
            if name is None:
                continue
            if name in entries:
                raise DumpError(f"{self.path.name} holds {name} both at its top and in {IMAGES_FOLDER}/")
            entries[name] = info
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


def _fault_of(info: zipfile.ZipInfo) -> str | None:
    """What makes an entry dangerous, or None."""
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    size = info.file_size
    faults = {
        "has a name that is no plain relative path": "\\" in name or "\0" in name or ":" in name,
        "has an absolute name": name.startswith("/"),
        "leaves its folder by '..'": ".." in name.split("/"),
        "has a name with empty or '.' parts": any(part in ("", ".") for part in name.removesuffix("/").split("/")),
        "is a symbolic link": kind == stat.S_IFLNK,
        "is neither file nor folder": kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK),
        "is encrypted": bool(info.flag_bits & ENCRYPTED),
        f"uses compression method {info.compress_type}, expected stored or deflated": (
            info.compress_type not in COMPRESSIONS
        ),
        f"unpacks to {size:,} bytes, expected at most {MAX_ENTRY_BYTES:,}": size > MAX_ENTRY_BYTES,
        f"unpacks {info.compress_size:,} bytes to {size:,}, more than {MAX_RATIO}-fold": (
            size > RATIO_FROM_BYTES and size > MAX_RATIO * info.compress_size
        ),
    }
    return next((fault for fault, found in faults.items() if found), None)


def _logical_name(info: zipfile.ZipInfo) -> str | None:
    """`image_train/<file>` of an entry in one of the two folders, else None."""
    name = info.filename.removeprefix(f"{IMAGES_FOLDER}/")
    folder, _, file = name.partition("/")
    if info.is_dir() or is_junk(info.filename) or folder not in IMAGE_FOLDERS or "/" in file:
        return None
    return name
