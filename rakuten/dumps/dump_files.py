"""The files of a dump under their logical names, the same whether images lie in a folder or in a zip file."""

import functools
import hashlib
import logging
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, NamedTuple, Self

from rakuten.dumps.archive import UNREADABLE, ImageArchive
from rakuten.dumps.file_stamp import FileStamp, stamp_of
from rakuten.dumps.image_layout import LocatedImages, locate_images
from rakuten.dumps.image_sources import describe_stray_images, image_sources, walk
from rakuten.dumps.layout import (
    IMAGE_FOLDERS,
    IMAGES_FOLDER,
    MAX_IMAGE_BYTES,
    MAX_TABLE_BYTES,
    PRODUCT_TABLES,
    TABLES,
    X_TEST,
    X_TRAIN,
    Y_TRAIN,
)
from rakuten.dumps.regular_files import checked_inside, open_regular
from rakuten.errors import DumpError, ImageError
from rakuten.printable import shortened

logger = logging.getLogger(__name__)

DELIVERED_SO = f"{IMAGES_FOLDER}/image_train/image_<imageid>_product_<productid>.jpg"


class _Image(NamedTuple):
    """Where an image is.

    Attributes:
        path: The file, or the zip file that holds it.
        stamp: As it was listed.
        archive, entry: The zip file and the path in it; None and "" for a file in a folder.
    """

    path: Path
    stamp: FileStamp
    archive: ImageArchive | None
    entry: str


class DumpFiles:
    """Tables and images of one dump, by logical name; reading is safe from threads.

    Args:
        dump: The dump's folder.

    Raises:
        DumpError: On building, if there is no such folder, or it has images both as folder and as archive.
        HostileArchiveError: If an archive tries to escape its folder or to exhaust the machine.
    """

    def __init__(self, dump: Path) -> None:
        self._archives: list[ImageArchive] = []
        self._folders: list[Path] = []
        try:
            # RuntimeError: links that lead to each other.
            self.dump = dump.resolve(strict=True)
            sources = image_sources(self.dump)
        except (OSError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or "it is a link that leads to itself"
            why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {why}"
            why = "is no folder" if isinstance(error, NotADirectoryError) else why
            raise DumpError(f"{dump} {why}; expected a folder with {X_TRAIN} or {X_TEST}") from error
        try:
            for source in sources:
                if source.name.casefold().endswith(".zip"):
                    self._archives.append(ImageArchive(self._checked(source)))
                else:
                    self._folders.append(self._checked(source, stat.S_ISDIR))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the archives."""
        for archive in self._archives:
            archive.close()

    def list_files(self) -> dict[str, FileStamp]:
        """All tables and images, by logical name.

        Raises:
            DumpError: If there are no products, labels without products, a table is too large, or there are images but
                none where they belong.
            HostileArchiveError: If a link leaves the dump's folder, or an image is no regular file.
        """
        tables = {
            name: stamp_of(self._checked(self.dump / name).stat())
            for name in TABLES
            if os.path.lexists(self.dump / name)
        }
        _check_tables(self.dump, tables)
        located = self._located
        if not located.named:
            self._explain_absence(located)
        _warn_of_others(located)
        return tables | {name: self._files[path].stamp for name, path in located.named.items()}

    def open(self, name: str) -> IO[bytes]:
        """A stream of one file's bytes.

        Raises:
            DumpError: If it is gone or cannot be opened.
            ImageError: If it is an entry of an archive that cannot be opened.
        """
        path = self.dump / (name if name in TABLES else f"{IMAGES_FOLDER}/{name}")
        if name not in TABLES and (self._archives or not os.path.lexists(path)):
            # The usual place is tried first: finding all images of a folder takes a second.
            if name not in self._located.named:
                raise DumpError(f"{name} is not in the dump (any more)")
            image = self._files[self._located.named[name]]
            if image.archive is not None:
                return image.archive.open(image.entry)
            path = image.path
        try:
            return open_regular(path)
        except OSError as error:
            raise DumpError(f"{name} cannot be read: {error.strerror}") from error

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of one file, at most `limit` + 1 of them, so that the caller sees when there are more.

        Raises:
            DumpError: If it is gone or cannot be read.
            ImageError: If it is a damaged entry of an archive.
        """
        with self.open(name) as stream:
            try:
                return stream.read(limit + 1)
            except UNREADABLE as error:
                raise self._reading_error(name, error) from error

    def digest(self, name: str, size: int) -> str:
        """SHA-256 of a file's bytes; `stand_in_digest` of an image whose bytes cannot or may not be read.

        Args:
            name: Logical name.
            size: As it was listed; a file that grows is read no further.

        Raises:
            DumpError: If it is gone or cannot be read.
        """
        if name not in TABLES and size > MAX_IMAGE_BYTES:
            return self.stand_in_digest(name)
        digest = hashlib.sha256()
        try:
            with self.open(name) as stream:
                while size >= 0 and (block := stream.read(min(size + 1, 1024**2))):
                    digest.update(block)
                    size -= len(block)
        # Not logged: there may be as many as images, and inspecting them records each error.
        except ImageError:
            return self.stand_in_digest(name)
        except UNREADABLE as error:
            if self._archived(name) is None:
                raise self._reading_error(name, error) from error
            return self.stand_in_digest(name)
        return digest.hexdigest()

    def stand_in_digest(self, name: str) -> str:
        """What is known of an image without its bytes, as a digest: of its name, its size and what its archive says."""
        image = self._files[self._located.named[name]]
        crc = image.archive.entries[image.entry].CRC if image.archive is not None else 0
        return hashlib.sha256(f"unreadable {name} {image.stamp.size} {crc}".encode()).hexdigest()

    def _archived(self, name: str) -> ImageArchive | None:
        return None if name in TABLES or not self._archives else self._files[self._located.named[name]].archive

    def _reading_error(self, name: str, error: Exception) -> DumpError | ImageError:
        kind = DumpError if self._archived(name) is None else ImageError
        return kind(f"{name} cannot be read: {shortened(error)}")

    @functools.cached_property
    def _files(self) -> dict[str, _Image]:
        """All files beside the tables in which images are looked for, by path in the dump."""
        files: dict[str, _Image] = {}
        for folder in self._folders:
            for path, status in walk(folder, self._checked):
                files[f"{path.relative_to(self.dump)}"] = _Image(path, stamp_of(status), None, "")
        for archive in self._archives:
            container = stamp_of(archive.path.stat())
            for entry, info in archive.entries.items():
                stamp = container._replace(size=info.file_size)
                files[f"{archive.path.name}/{entry}"] = _Image(archive.path, stamp, archive, entry)
        return files

    @functools.cached_property
    def _located(self) -> LocatedImages:
        parts = [part for part, table in PRODUCT_TABLES.items() if (self.dump / table).exists()]
        only = next(folder for folder, part in IMAGE_FOLDERS.items() if part == parts[0]) if len(parts) == 1 else None
        return locate_images(self._files, only)

    def _explain_absence(self, located: LocatedImages) -> None:
        """Raise an error where there should be images; a dump of texts alone has nothing that could hold any."""
        places = "; expected " + " or ".join(DELIVERED_SO.replace("train", part) for part in ("train", "test"))
        stray = describe_stray_images(self.dump, located.misplaced)
        if stray:
            raise DumpError(f"{self.dump}: no images where they belong, but {stray}{places}; move them there")
        sources = [folder.name + "/" for folder in self._folders] + [archive.path.name for archive in self._archives]
        if sources:
            holds = f"{', '.join(sources)} hold{'' if len(sources) > 1 else 's'} no image"
            others = f" (but {_some(located.misnamed)})" if located.misnamed else ""
            raise DumpError(f"{self.dump}: {holds}{others}{places}; a dump of texts alone has none of these")

    def _checked(self, path: Path, is_expected: Callable[[int], bool] = stat.S_ISREG) -> Path:
        return checked_inside(self.dump, path, is_expected)


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


def _warn_of_others(located: LocatedImages) -> None:
    if located.misnamed:
        logger.warning(
            "%d files beside the images are not named image_<imageid>_product_<productid>.jpg and are ignored: %s",
            len(located.misnamed),
            _some(located.misnamed),
        )
    if located.named and located.misplaced:
        logger.warning(
            "%d images are in none of the folders %s and are ignored: %s",
            len(located.misplaced),
            ", ".join(IMAGE_FOLDERS),
            _some(located.misplaced),
        )


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - 5:,} more" if len(ordered) > 5 else ""
    return (", ".join(shortened(name) for name in ordered[:5]) or "nothing") + more
