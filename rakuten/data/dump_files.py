"""The files of a dump under their logical names, the same whether images lie in a folder or in a zip file."""

import logging
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, NamedTuple, Self

from rakuten.data.archive import UNREADABLE, ImageArchive
from rakuten.data.layout import (
    IMAGE_FOLDERS,
    IMAGES_ARCHIVE,
    IMAGES_FOLDER,
    MAX_TABLE_BYTES,
    TABLES,
    X_TEST,
    X_TRAIN,
    Y_TRAIN,
    ids_of_image,
    is_junk,
)
from rakuten.errors import DumpError, HostileArchiveError

logger = logging.getLogger(__name__)


class FileStamp(NamedTuple):
    """What the file system says of a file without reading it.

    Attributes:
        size: Bytes; of a zip entry, those it unpacks to.
        container_size: Bytes of the file on the disk; of the zip file, for an entry.
        mtime_ns: When that file was last changed, nanoseconds since 1970.
    """

    size: int
    container_size: int
    mtime_ns: int


class DumpFiles:
    """Tables and images of one dump, by logical name; reading is safe from threads.

    Args:
        dump: The dump's folder.

    Raises:
        DumpError: On building, if there is no such folder, or it has images both as folder and as archive.
        HostileArchiveError: If the archive tries to escape its folder or to exhaust the machine.
    """

    def __init__(self, dump: Path) -> None:
        if not dump.is_dir():
            raise DumpError(f"{dump} is no folder; expected one with {X_TRAIN} or {X_TEST}")
        self.dump = dump.resolve()
        archive = self.dump / IMAGES_ARCHIVE
        if archive.exists() and (self.dump / IMAGES_FOLDER).exists():
            # One of the two may be half copied; which one is meant is not for us to guess.
            raise DumpError(f"{dump} has both {IMAGES_FOLDER}/ and {IMAGES_ARCHIVE}; keep one of them")
        self.archive = ImageArchive(self._checked(archive)) if archive.exists() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.archive is not None:
            self.archive.close()

    def list_files(self) -> dict[str, FileStamp]:
        """All tables and images, by logical name.

        Raises:
            DumpError: If there are no products, labels without products, or a table is too large.
            HostileArchiveError: If a link leaves the dump's folder, or an image is no regular file.
        """
        tables = {name: _stamp(self._checked(self.dump / name)) for name in TABLES if (self.dump / name).exists()}
        _check_tables(self.dump, tables)
        images = self._folder_images() if self.archive is None else self._archive_images(self.archive)
        named = {name: stamp for name, stamp in images.items() if ids_of_image(name.partition("/")[2])}
        _warn_of_others(images.keys() - named.keys())
        return tables | named

    def open(self, name: str) -> IO[bytes]:
        """A stream of one file's bytes.

        Raises:
            DumpError: If it is gone or cannot be opened.
        """
        if self.archive is not None and name not in TABLES:
            if name not in self.archive.entries:
                raise DumpError(f"{IMAGES_ARCHIVE} has no entry {name} (any more)")
            return self.archive.open(name)
        path = self.dump / name if name in TABLES else self.dump / IMAGES_FOLDER / name
        try:
            return path.open("rb")
        except OSError as error:
            raise DumpError(f"{name} cannot be read: {error.strerror}") from error

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of one file, at most `limit` + 1 of them, so that the caller sees when there are more.

        Raises:
            DumpError: If it is gone or cannot be read.
        """
        with self.open(name) as stream:
            try:
                return stream.read(limit + 1)
            except UNREADABLE as error:
                raise DumpError(f"{name} cannot be read: {error}") from error

    def _folder_images(self) -> dict[str, FileStamp]:
        images: dict[str, FileStamp] = {}
        for folder in IMAGE_FOLDERS:
            path = self.dump / IMAGES_FOLDER / folder
            if not path.exists():
                continue
            with os.scandir(self._checked(path, stat.S_ISDIR)) as entries:
                for entry in entries:
                    if is_junk(entry.name):
                        continue
                    if entry.is_symlink() or not entry.is_file():
                        self._checked(Path(entry.path))
                    images[f"{folder}/{entry.name}"] = _stamp_of(entry.stat())
        return images

    def _archive_images(self, archive: ImageArchive) -> dict[str, FileStamp]:
        container = _stamp(archive.path)
        return {
            name: FileStamp(info.file_size, container.size, container.mtime_ns)
            for name, info in archive.entries.items()
        }

    def _checked(self, path: Path, is_expected: Callable[[int], bool] = stat.S_ISREG) -> Path:
        """The path itself, if it is what is expected and lies inside the dump."""
        real = path.resolve()
        name = path.relative_to(self.dump)
        if not real.is_relative_to(self.dump):
            raise HostileArchiveError(f"{name} is a link to {real}, outside the dump's folder")
        if not real.exists():
            raise DumpError(f"{name} is a link to {real}, which does not exist")
        if not is_expected(real.stat().st_mode):
            raise HostileArchiveError(f"{name} is neither a regular file nor a folder where one is expected")
        return path


def _check_tables(dump: Path, tables: dict[str, FileStamp]) -> None:
    if X_TRAIN not in tables and X_TEST not in tables:
        raise DumpError(
            f"{dump} has neither {X_TRAIN} nor {X_TEST}; it holds {_some(path.name for path in dump.iterdir())}"
        )
    if Y_TRAIN in tables and X_TRAIN not in tables:
        raise DumpError(f"{dump} has labels ({Y_TRAIN}) but not their products ({X_TRAIN})")
    for name, stamp in tables.items():
        if stamp.size > MAX_TABLE_BYTES:
            raise DumpError(f"{name} has {stamp.size:,} bytes, expected at most {MAX_TABLE_BYTES:,}")


def _stamp(path: Path) -> FileStamp:
    return _stamp_of(path.stat())


def _stamp_of(status: os.stat_result) -> FileStamp:
    return FileStamp(status.st_size, status.st_size, status.st_mtime_ns)


def _warn_of_others(names: Iterable[str]) -> None:
    others = sorted(names)
    if others:
        logger.warning(
            "%d files beside the images are not named image_<imageid>_product_<productid>.jpg and are ignored: %s",
            len(others),
            _some(others),
        )


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - 5:,} more" if len(ordered) > 5 else ""
    return (", ".join(ordered[:5]) or "nothing") + more
