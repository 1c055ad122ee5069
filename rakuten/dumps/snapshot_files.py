"""Reading a dump's files as a snapshot recorded them: bytes that differ from the recorded digest are refused."""

import functools
import hashlib
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.dumps.dump_files import DumpFiles
from rakuten.dumps.layout import MAX_IMAGE_BYTES, TABLES
from rakuten.errors import DumpError, ImageError
from rakuten.outputs import StageOutput

SNAPSHOT_FILE = "files.parquet"
SNAPSHOT_SCHEMA = pa.schema([("name", pa.string()), ("size", pa.int64()), ("sha256", pa.string())])


class SnapshotFiles:
    """The files of a dump that a snapshot recorded; safe to read from threads.

    Args:
        snapshot: Output of `record_snapshot`.
        dump: Where the dump is on this machine.

    Raises:
        DumpError: On building, if there is no such folder or its archive cannot be read.
    """

    def __init__(self, snapshot: StageOutput, dump: Path) -> None:
        recorded = pq.read_table(snapshot.file(SNAPSHOT_FILE))
        rows = zip(*(recorded.column(name).to_pylist() for name in SNAPSHOT_SCHEMA.names), strict=True)
        self._recorded: dict[str, tuple[int, str]] = {name: (size, sha256) for name, size, sha256 in rows}
        self._files = DumpFiles(dump)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._files.__exit__(*error)

    @property
    def images(self) -> dict[str, str]:
        """Logical name → digest of every image."""
        return {name: sha256 for name, (_, sha256) in self._recorded.items() if name not in TABLES}

    def has(self, name: str) -> bool:
        """Whether the snapshot recorded a file of this logical name."""
        return name in self._recorded

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            DumpError: If it cannot be read, or changed since it was recorded.
            ImageError: If it is an image of an archive that could not be read then either.
        """
        size, sha256 = self._recorded[name]
        try:
            data = self._files.read(name, limit=size)
        except ImageError:
            if sha256 == self._files.stand_in_digest(name):
                raise
            data = b""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DumpError(
                f"the dump changed while it was read: {name} is no longer the file recorded ({size:,} bytes)"
            )
        return data

    def read_image(self, digest: str) -> bytes:
        """The bytes of the image with this digest.

        Raises:
            ImageError: If it is larger than an image may be, in which case it is not read, or damaged in its archive.
            DumpError: If it cannot be read, or changed since it was recorded.
        """
        name = self._image_of_digest[digest]
        size, _ = self._recorded[name]
        if size > MAX_IMAGE_BYTES:
            raise ImageError(f"{size:,} bytes, expected at most {MAX_IMAGE_BYTES:,}")
        return self.read(name)

    @functools.cached_property
    def _image_of_digest(self) -> dict[str, str]:
        return {sha256: name for name, sha256 in self.images.items()}
