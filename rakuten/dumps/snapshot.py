"""What a dump holds at one moment: every file's size and digest. The only place where raw files enter a key.

A listing is made anew at every run, so that a changed dump is seen; digests of untouched files are remembered, so that
looking at 85,000 images again costs a second.
"""

import functools
import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from rakuten.dumps.digest_cache import recall, remember
from rakuten.dumps.dump_files import DumpFiles
from rakuten.dumps.file_stamp import FileStamp
from rakuten.dumps.generated_marker import is_generated
from rakuten.dumps.layout import TABLES, X_TEST, X_TRAIN, Y_TRAIN
from rakuten.dumps.snapshot_files import SNAPSHOT_FILE, SNAPSHOT_SCHEMA
from rakuten.outputs import StageOutput, report_progress
from rakuten.stages import stage

logger = logging.getLogger(__name__)

# For disks that answer slowly; from the page cache one thread is as fast, some 14,000 images a second.
DIGEST_THREADS = 16


class ListedFile(NamedTuple):
    """One file of a dump: logical name, size in bytes, SHA-256."""

    name: str
    size: int
    sha256: str


class DumpListing(BaseModel):
    """All files of a dump, sorted by name.

    Attributes:
        files: Tables and images; logical names, so that a folder and a zip file of the same images are equal.
        is_generated: Whether the dump's folder is marked as generated data, see `demo_marker`.
    """

    model_config = ConfigDict(frozen=True)

    files: tuple[ListedFile, ...]
    is_generated: bool = False

    @functools.cached_property
    def key(self) -> str:
        """Equal for dumps of equal content, wherever they are stored."""
        lines = "".join(f"{file.sha256}  {file.name}\n" for file in self.files)
        if self.is_generated:
            lines += "generated\n"
        return f"dump-{hashlib.sha256(lines.encode()).hexdigest()[:20]}"

    @functools.cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(file.name for file in self.files)

    @property
    def has_train(self) -> bool:
        """Whether there are products of the part that may be labelled."""
        return X_TRAIN in self._names

    @property
    def has_labels(self) -> bool:
        """Whether these have labels."""
        return Y_TRAIN in self._names

    @property
    def has_test(self) -> bool:
        """Whether there are products of the challenge's unlabelled part."""
        return X_TEST in self._names

    @property
    def has_images(self) -> bool:
        """Whether there is any image."""
        return not self._names.issubset(TABLES)


def list_dump(dump: Path, memory: Path | None = None) -> DumpListing:
    """List and digest the files of a dump.

    Args:
        dump: The dump's folder.
        memory: Parquet file in which digests are remembered by `FileStamp`; None digests everything.

    Raises:
        DumpError: If the folder is not in the challenge's layout or a file cannot be read.
        HostileArchiveError: If images.zip or a link tries to escape its folder or to exhaust the machine.
    """
    with DumpFiles(dump) as files:
        stamps = files.list_files()
        known = recall(memory, files.dump, stamps) if memory is not None else {}
        new = sorted(stamps.keys() - known.keys())
        logger.info("%s: %d files, %d of them to be digested", dump, len(stamps), len(new))
        digests = known | dict(_digest(files, stamps, new))
        if memory is not None and new:
            remember(memory, files.dump, stamps, digests)
    listed = tuple(ListedFile(name, stamps[name].size, digests[name]) for name in sorted(stamps))
    return DumpListing(files=listed, is_generated=is_generated(dump))


@stage(version=1)
def record_snapshot(out: Path, listing: DumpListing) -> Mapping[str, Any]:
    """Record what a dump holds.

    Args:
        out: Output folder.
        listing: As `list_dump` made it.

    Returns:
        Numbers of files, images and bytes; generated: whether the products are generated data.

    Output:
        files.parquet: name (logical), size (bytes), sha256 (hexadecimal), sorted by name.
    """
    columns = zip(*listing.files, strict=True)
    table = pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SNAPSHOT_SCHEMA, strict=True)],
        schema=SNAPSHOT_SCHEMA,
    )
    pq.write_table(table, out / SNAPSHOT_FILE)
    images = sum(file.name not in TABLES for file in listing.files)
    size = sum(file.size for file in listing.files)
    return {"files": len(listing.files), "images": images, "bytes": size, "generated": listing.is_generated}


def read_listing(snapshot: StageOutput) -> DumpListing:
    """What a dump held when its snapshot was recorded, whatever is in its folder by now."""
    rows = pq.read_table(snapshot.file(SNAPSHOT_FILE), schema=SNAPSHOT_SCHEMA).to_pylist()
    listed = tuple(ListedFile(*row.values()) for row in rows)
    return DumpListing(files=listed, is_generated=bool(snapshot.facts.get("generated")))


def generated_dumps(names: Iterable[str], snapshots: Iterable[StageOutput]) -> list[str]:
    """Names of the dumps whose products are generated data.

    Args:
        names: What people call each dump.
        snapshots: `record_snapshot` of each, in the same order.
    """
    return [name for name, snapshot in zip(names, snapshots, strict=True) if snapshot.facts.get("generated")]


def _digest(files: DumpFiles, stamps: Mapping[str, FileStamp], names: list[str]) -> Iterator[tuple[str, str]]:
    with ThreadPoolExecutor(DIGEST_THREADS, thread_name_prefix="digest") as threads:
        digests = threads.map(lambda name: files.digest(name, stamps[name].size), names)
        for done, (name, digest) in enumerate(zip(names, digests, strict=True)):
            if done % 1000 == 0:
                report_progress(done, len(names), "files")
            yield name, digest
