"""Remembering the digests of files that have not been touched since, so that a dump seen before is only looked at.

One Parquet file for all dumps: dump, name, the fields of `FileStamp`, sha256. Losing it costs time, nothing else.
"""

import logging
import time
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rakuten.dumps.file_stamp import FileStamp
from rakuten.outputs.atomic import whole_file

logger = logging.getLogger(__name__)

SCHEMA = pa.schema(
    [
        ("dump", pa.string()),
        ("name", pa.string()),
        # Some file systems number their files beyond int64.
        *((field, pa.uint64() if field == "inode" else pa.int64()) for field in FileStamp._fields),
        ("sha256", pa.string()),
    ]
)
# A file written twice within the clock's grain can change without its stamp; younger files are not remembered.
SETTLED_AFTER_NS = 2_000_000_000


def recall(memory: Path, dump: Path, stamps: Mapping[str, FileStamp]) -> dict[str, str]:
    """Digests of the files of `dump` whose stamp is the remembered one.

    Args:
        memory: The Parquet file; may be absent.
        dump: The dump's folder, resolved.
        stamps: Logical name → stamp as it is now.

    Returns:
        Logical name → SHA-256.
    """
    known = _read(memory, [("dump", "=", str(dump))])
    columns = [known.column(name).to_pylist() for name in SCHEMA.names[1:]]
    return {name: sha256 for name, *stamp, sha256 in zip(*columns, strict=True) if stamps.get(name) == tuple(stamp)}


def remember(memory: Path, dump: Path, stamps: Mapping[str, FileStamp], digests: Mapping[str, str]) -> None:
    """Keep the digests of a dump's files in place of those kept before; forget dumps that are no longer there.

    Args:
        memory: The Parquet file; made if absent. Of two writers at once the later one wins.
        dump: The dump's folder, resolved.
        stamps: Logical name → stamp as it was before digesting.
        digests: Logical name → SHA-256.
    """
    settled = time.time_ns() - SETTLED_AFTER_NS
    kept = [name for name in sorted(digests) if max(stamps[name].mtime_ns, stamps[name].ctime_ns) < settled]
    columns = {"dump": [str(dump)] * len(kept), "name": kept}
    columns |= {field: [getattr(stamps[name], field) for name in kept] for field in FileStamp._fields}
    columns["sha256"] = [digests[name] for name in kept]
    others = _read(memory, [("dump", "!=", str(dump))])
    gone = [folder for folder in others.column("dump").unique().to_pylist() if not Path(folder).is_dir()]
    others = others.filter(pc.invert(pc.is_in(others.column("dump"), pa.array(gone, pa.string()))))
    memory.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(memory) as temporary:
        pq.write_table(pa.concat_tables([others, pa.table(columns, SCHEMA)]), temporary)


def _read(memory: Path, filters: list[tuple[str, str, str]]) -> pa.Table:
    if not memory.exists():
        return SCHEMA.empty_table()
    try:
        return pq.read_table(memory, filters=filters, schema=SCHEMA)
    except (OSError, pa.ArrowException) as error:
        logger.warning("%s cannot be read (%s); all files will be digested anew", memory, error)
        return SCHEMA.empty_table()
