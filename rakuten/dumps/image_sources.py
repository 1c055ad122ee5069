"""Folders and zip files of a dump that hold images, and where else images lie that belong there."""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from rakuten.dumps.archive import MAX_ENTRIES, ImageArchive
from rakuten.dumps.layout import IMAGE_SOURCES, canonical_image_name, is_junk
from rakuten.errors import DumpError, HostileArchiveError
from rakuten.printable import printable

# Below a source: `images/images/image_train` and a little more; links that lead in circles end here, too.
MAX_DEPTH = 8
# Looking for images that lie elsewhere is a service, not worth reading a disk for.
STRAY_DEPTH = 4
STRAY_ENTRIES = 20_000


def image_sources(dump: Path) -> list[Path]:
    """Folders and zip files at the top of a dump named as those of images are, in any case.

    Raises:
        OSError: If the folder cannot be read.
        DumpError: If there are two of one name; one of them may be half copied, which is not ours to guess.
    """
    found: dict[str, Path] = {}
    for name in sorted(path.name for path in dump.iterdir()):
        source = name.casefold().removesuffix(".zip")
        if source not in IMAGE_SOURCES:
            continue
        if source in found:
            first, second = (_shown(dump / other) for other in sorted((found[source].name, name)))
            raise DumpError(f"{dump} has both {first} and {second}; keep one of them")
        found[source] = dump / name
    return list(found.values())


def walk(
    folder: Path, check: Callable[..., Path], depth: int = MAX_DEPTH, seen: set[tuple[int, int]] | None = None
) -> Iterator[tuple[Path, os.stat_result]]:
    """All files below a folder but those that desktops leave behind, each folder once.

    Args:
        folder: The folder.
        check: Raises where a path is neither regular file nor folder, or leaves the dump.
        depth: Levels of folders, this one included.
        seen: (disk, inode) of folders read already.

    Raises:
        DumpError: If a folder cannot be read, or there are more levels or files than any delivery has.
    """
    seen = set() if seen is None else seen
    try:
        status = folder.stat()
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError as error:
        raise DumpError(f"{printable(folder)} cannot be read: {error.strerror}") from error
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    if not depth:
        raise DumpError(f"{printable(folder)} is more than {MAX_DEPTH} folders deep")
    if len(listed) > MAX_ENTRIES:
        raise HostileArchiveError(f"{printable(folder)} has more than {MAX_ENTRIES:,} files")
    for entry in listed:
        if is_junk(entry.name) or entry.name == "__MACOSX":
            continue
        path = Path(entry.path)
        status = _status(entry, check)
        if stat.S_ISDIR(status.st_mode):
            yield from walk(path, check, depth - 1, seen)
        else:
            yield path, status


def _status(entry: "os.DirEntry[str]", check: Callable[..., Path]) -> os.stat_result:
    """The status of a regular file or folder, that of its target for a link."""
    try:
        status = entry.stat()
        if entry.is_symlink() or not stat.S_ISREG(status.st_mode):
            check(Path(entry.path), stat.S_ISDIR if stat.S_ISDIR(status.st_mode) else stat.S_ISREG)
    except OSError:
        # A link to nothing or to itself, or a file that was removed meanwhile; the check says which.
        check(Path(entry.path))
        status = entry.stat()
    return status


def describe_stray_images(dump: Path, misplaced: list[str]) -> str:
    """Where images lie that are in no folder of a part: "60 in images/ (for instance image_1_product_2.jpg)", or "".

    Args:
        dump: The dump's folder.
        misplaced: Paths of images below the folders and zip files of images; where there are none, other folders and
            zip files of the dump are searched.
    """
    paths = misplaced or list(_images_elsewhere(dump))
    folders = Counter(path.rpartition("/")[0] for path in paths)
    described = [f"{count:,} in {printable(folder)}" for folder, count in folders.most_common(3)]
    if not described:
        return ""
    example = min(paths).rpartition("/")[2]
    more = f" and {len(folders) - 3:,} more" if len(folders) > 3 else ""
    return f"{', '.join(described)}{more} (such as {printable(example)})"


def _images_elsewhere(dump: Path) -> Iterator[str]:
    """Paths of files below a dump that are named as images are, those in zip files included; no link is followed."""
    entries = 0
    for folder, folders, files in os.walk(dump):
        relative = Path(folder).relative_to(dump)
        folders[:] = sorted(name for name in folders if len(relative.parts) + 1 < STRAY_DEPTH and name != "__MACOSX")
        for name in sorted(files):
            entries += 1
            if entries > STRAY_ENTRIES:
                return
            if canonical_image_name(name):
                yield str(relative / name)
            elif name.casefold().endswith(".zip") and not (Path(folder) / name).is_symlink():
                yield from (f"{relative / name}/{entry}" for entry in _images_in_zip(Path(folder) / name))


def _images_in_zip(path: Path) -> list[str]:
    try:
        with ImageArchive(path) as archive:
            return [entry for entry in archive.entries if canonical_image_name(entry.rpartition("/")[2])]
    except DumpError:
        # No zip file, or one that nobody should open: nothing that could be recommended.
        return []


def _shown(source: Path) -> str:
    return f"{printable(source.name)}/" if source.is_dir() else printable(source.name)
