"""A catalogue: a folder of dumps, one folder each, that others fill while we read.

Facts to know: a dump's name orders it (`2026-11-09` before `2026-11-10`, `dump-9` before `dump-10`). A dump is complete
when it holds a file `_SUCCESS`, or all of the challenge's files and none of them has been touched for a while. What is
no dump (hidden folders, links, files) is told, never followed.
"""

import hashlib
import os
import re
import stat
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rakuten.dumps.image_sources import image_sources
from rakuten.dumps.layout import IMAGE_FOLDERS, IMAGES_FOLDER, PRODUCT_TABLES, TABLES
from rakuten.dumps.regular_files import is_regular, open_regular
from rakuten.errors import DumpError
from rakuten.printable import printable

MARKER = "_SUCCESS"
# Copies over a network pause; this long without any change and nobody copies any more.
SETTLE_SECONDS = 300.0

# Names become parts of run names, events and file names.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,99}")


@dataclass(frozen=True)
class CataloguedDump:
    """A folder of a catalogue that looks like a dump.

    Attributes:
        path: The folder, absolute.
    """

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def is_marked(self) -> bool:
        """Whether whoever delivered it says that it is whole."""
        return is_regular(self.path / MARKER)

    @property
    def fingerprint(self) -> str:
        """Differs when the dump was delivered again: of tables, archives and marker, and of the folders' entries.

        Costs a few looks at the file system whatever the number of images; an image that is overwritten in place is
        seen by the runs, which look at every file, not here.
        """
        parts = [MARKER, *TABLES, IMAGES_FOLDER, *(f"{IMAGES_FOLDER}/{folder}" for folder in IMAGE_FOLDERS)]
        try:
            parts += [source.name for source in image_sources(self.path) if source.name not in parts]
        except (OSError, DumpError):
            parts.append("unreadable")
        stamps = [f"{part} {_stamp(self.path / part)}" for part in parts]
        return hashlib.sha256("\n".join(stamps).encode("utf-8", "surrogateescape")).hexdigest()[:20]

    def why_incomplete(self, settle_seconds: float = SETTLE_SECONDS, now: float | None = None) -> str | None:
        """What is missing before the dump may be used; None: nothing.

        Args:
            settle_seconds: How long nothing may have changed in a dump without marker.
            now: Seconds since 1970; None: the present.
        """
        try:
            return self._why_incomplete(settle_seconds, time.time() if now is None else now)
        except OSError as error:
            # Folders that nobody may read, and files that are moved away while we look.
            return f"cannot be read: {error.strerror}"
        except DumpError as error:
            return f"cannot be read: {error}"

    def _why_incomplete(self, settle_seconds: float, now: float) -> str | None:
        if not any(is_regular(self.path / table) for table in PRODUCT_TABLES.values()):
            return f"holds none of {', '.join(PRODUCT_TABLES.values())}"
        sources = image_sources(self.path)
        for archive in sources:
            if archive.name.casefold().endswith(".zip") and (fault := _fault_of_archive(archive)):
                return f"{printable(archive.name)} {fault}"
        if self.is_marked:
            return None
        absent = [table for table in TABLES if not is_regular(self.path / table)]
        # A folder of images that is still empty is one that is about to be filled.
        if not any(is_regular(source) or (source.is_dir() and any(source.iterdir())) for source in sources):
            absent.append(IMAGES_FOLDER)
        if absent:
            return f"lacks {', '.join(absent)} and has no {MARKER}"
        age = now - max(_changed(self.path))
        if age < settle_seconds:
            return (
                f"changed {age:.0f} s ago and has no {MARKER}; complete after {settle_seconds:.0f} s without a change"
            )
        return None


@dataclass(frozen=True)
class Catalogue:
    """What a folder of dumps holds at one moment.

    Attributes:
        folder: The folder, absolute.
        dumps: Folders that look like dumps, oldest first, complete or not.
        others: What else lies there, and why it is no dump.
        settle_seconds: See `CataloguedDump.why_incomplete`.
    """

    folder: Path
    dumps: tuple[CataloguedDump, ...]
    others: dict[str, str]
    settle_seconds: float = SETTLE_SECONDS

    @property
    def complete(self) -> tuple[CataloguedDump, ...]:
        """The complete dumps, oldest first."""
        return tuple(dump for dump in self.dumps if dump.why_incomplete(self.settle_seconds) is None)

    def newest(self) -> CataloguedDump:
        """The newest complete dump.

        Raises:
            DumpError: If none is complete; the message says what each lacks.
        """
        for dump in reversed(self.dumps):
            if dump.why_incomplete(self.settle_seconds) is None:
                return dump
        raise DumpError(f"no complete dump in {self.folder}: {self._said()}")

    def between(self, first: str | None, last: str | None) -> tuple[CataloguedDump, ...]:
        """The complete dumps from one name to another, both included, oldest first.

        Args:
            first, last: Names of dumps; None: from the oldest, to the newest.

        Raises:
            DumpError: If there is no dump of a name, or no complete one between them.
        """
        names = [dump.name for dump in self.dumps]
        for name in (first, last):
            if name is not None and name not in names:
                raise DumpError(f"no dump {name!r} in {self.folder}; it holds {', '.join(names) or 'none'}")
        start = names.index(first) if first is not None else 0
        end = names.index(last) + 1 if last is not None else len(names)
        chosen = set(names[start:end])
        found = tuple(dump for dump in self.complete if dump.name in chosen)
        if not found:
            raise DumpError(f"no complete dump from {first or 'the oldest'} to {last or 'the newest'}: {self._said()}")
        return found

    def _said(self) -> str:
        lacking = {dump.name: dump.why_incomplete(self.settle_seconds) for dump in self.dumps}
        said = (f"{printable(name)} {why or 'is complete'}" for name, why in (lacking | self.others).items())
        return "; ".join(said) or "empty"


def read_catalogue(folder: Path, settle_seconds: float = SETTLE_SECONDS) -> Catalogue:
    """List the dumps of a folder.

    Args:
        folder: The catalogue.
        settle_seconds: How long nothing may have changed in a dump without marker.

    Raises:
        DumpError: If there is no such folder, or it cannot be read.
    """
    try:
        paths = sorted(folder.absolute().iterdir(), key=lambda path: natural_order(path.name))
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        why = "is no folder" if isinstance(error, NotADirectoryError) else why
        raise DumpError(f"{folder} {why}; expected a folder with a folder for each dump") from error
    dumps: list[CataloguedDump] = []
    others: dict[str, str] = {}
    for path in paths:
        reason = _no_dump(path)
        if reason is None:
            dumps.append(CataloguedDump(path))
        else:
            others[path.name] = reason
    return Catalogue(folder.absolute(), tuple(dumps), others, settle_seconds)


def natural_order(name: str) -> tuple[tuple[int, str], ...]:
    """Sorts names as people do: runs of digits by their value, everything else as text."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", name)
    # The name itself last: `1` and `01` differ.
    return (*((int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces), (-1, name))


def _no_dump(path: Path) -> str | None:
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if stat.S_ISLNK(mode):
        return "is a link"
    if not stat.S_ISDIR(mode):
        return "is no folder"
    if path.name.startswith("."):
        return "is hidden"
    return None if _NAME.fullmatch(path.name) else "is not named in letters, digits and any of . _ + @ -"


def _fault_of_archive(archive: Path) -> str | None:
    try:
        with open_regular(archive) as file:
            # It looks for the directory at the end only.
            return None if zipfile.is_zipfile(file) else "is no whole zip file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _stamp(path: Path) -> str:
    """Size, times and inode: copying tools set back the time of change, and nothing sets back the kernel's own."""
    try:
        status = path.lstat()
    except OSError:
        return "absent"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _changed(folder: Path) -> Iterator[float]:
    """When each file and folder was last changed; the kernel's own time, which copying tools cannot set back."""
    yield folder.lstat().st_ctime
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _changed(Path(entry.path))
            else:
                yield entry.stat(follow_symlinks=False).st_ctime
