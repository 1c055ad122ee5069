"""Content-addressed cache of results per item (per image), shared by all outputs of a stage.

A pool is a folder of immutable Arrow files (shards), named by their SHA-256. Missing items are computed and appended as
new shards. An output has hard links to the shards it needs, so it is self-contained without further disk space. A kill
loses at most the current shard.
"""

import functools
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rakuten.errors import OutputError
from rakuten.outputs.atomic import make_folder, remove, require_regular, sync, whole_file
from rakuten.outputs.disk_space import require_space
from rakuten.outputs.locks import exclusive
from rakuten.outputs.progress import report_progress
from rakuten.outputs.stage_output import file_digest
from rakuten.stages import Pending, Stage, key_of

logger = logging.getLogger(__name__)

POOLS = "pools"
SHARDS = "shards"
SUFFIX = ".arrow"
ITEM = "digest"


class Pool:
    """Pool of cached results of a stage.

    Args:
        outputs: The outputs folder.
        stage: Stage that computes the results.
        per_dump: Names of arguments that select the items and do not affect the result per item.
        **inputs: Arguments of the stage; all but `per_dump` and ignored ones are part of the pool's key.
    """

    def __init__(self, outputs: Path, stage: Stage[...], per_dump: Sequence[str], **inputs: object) -> None:
        identity = stage.identity(**inputs)
        identity["inputs"] = {name: value for name, value in identity["inputs"].items() if name not in per_dump}
        self.folder = outputs / POOLS / key_of(identity)

    def pending(self, items: Iterable[str], unit: str) -> Pending:
        """Remaining work: items that are in no shard yet."""
        wanted = set(items)
        missing = frozenset(wanted - self._index().keys())
        return Pending(len(missing), len(wanted), unit, missing)

    def fill(
        self,
        out: Path,
        items: Iterable[str],
        compute: Callable[[Sequence[str]], pa.Table],
        *,
        shard_size: int,
        unit: str,
    ) -> dict[str, int]:
        """Compute missing items, shard by shard, and hard-link all needed shards into `out/shards/`.

        Args:
            out: Work folder of the running stage.
            items: Digests of the items; duplicates are allowed.
            compute: Computes a table from digests: one row each, in the same order, with column "digest".
            shard_size: Number of items per shard; a kill loses at most one shard.
            unit: Name of the items, plural, for progress and facts.

        Returns:
            Facts for the manifest: `<unit>_computed` and `<unit>_reused`.

        Raises:
            OutputError: If the rows from `compute` do not match the digests.
        """
        wanted = sorted(set(items))
        with exclusive(self.folder.with_suffix(".lock"), purpose=f"the same {unit}"):
            make_folder(self.folder)
            index = self._index(checked=set(wanted))
            missing = [item for item in wanted if item not in index]
            require_space(self.folder.parent, self._expected_size(len(missing), len(index)), f"work on {unit}")
            for start in range(0, len(missing), shard_size):
                chunk = missing[start : start + shard_size]
                report_progress(start, len(missing), unit)
                name = self._append(compute(chunk), chunk)
                index.update(dict.fromkeys(chunk, name))
            report_progress(len(missing), len(missing), unit)
            self._link({index[item] for item in wanted}, out / SHARDS)
        return {f"{unit}_computed": len(missing), f"{unit}_reused": len(wanted) - len(missing)}

    def _index(self, checked: set[str] | None = None) -> dict[str, str]:
        """Map items to shard names; shards with items of `checked` are verified, damaged ones removed."""
        index: dict[str, str] = {}
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                require_regular(path)
                held = read_shard(path).column(ITEM).to_pylist()
                if checked and checked.intersection(held) and file_digest(path).sha256 != path.stem:
                    raise pa.ArrowInvalid("its content is not the one it is named by")
            # A table that is not from a pool has no digest column, or other values in it.
            except (OSError, pa.ArrowException, KeyError, TypeError) as error:
                logger.warning("shard %s is damaged (%s); its items will be computed again", path.name, error)
                remove(path)
                continue
            index.update(dict.fromkeys(held, path.name))
        return index

    def _expected_size(self, missing: int, held: int) -> int:
        """Expected bytes of the missing results, from the mean size of existing ones; 0 without any."""
        size = sum(path.stat().st_size for path in self.folder.glob(f"*{SUFFIX}"))
        return size * missing // held if held else 0

    def _append(self, table: pa.Table, asked: Sequence[str]) -> str:
        if table.column(ITEM).to_pylist() != list(asked):
            raise OutputError(f"{self.folder.name}: the work on {len(asked)} items answered other rows than these")
        # The final name is the digest of the content, so the file is first written under a draft name.
        draft = self.folder / f"draft-{os.getpid()}"
        with (
            whole_file(draft) as temporary,
            pa.OSFile(str(temporary), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table.combine_chunks())
        name = f"{file_digest(draft).sha256}{SUFFIX}"
        draft.replace(self.folder / name)
        sync(self.folder)
        return name

    def _link(self, names: Iterable[str], target: Path) -> None:
        target.mkdir(exist_ok=True)
        for stale in target.iterdir():
            remove(stale)
        for name in names:
            (target / name).hardlink_to(self.folder / name)


def read_shard(path: Path) -> pa.Table:
    """Read a shard, memory-mapped."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


class Shards:
    """Results per item of a committed output.

    Args:
        folder: The output's folder.
    """

    def __init__(self, folder: Path) -> None:
        paths = sorted((folder / SHARDS).glob(f"*{SUFFIX}"))
        self.tables = [read_shard(path) for path in paths]

    @functools.cached_property
    def rows(self) -> dict[str, tuple[int, int]]:
        """Map items to (shard index, row index)."""
        return {
            item: (shard, row)
            for shard, table in enumerate(self.tables)
            for row, item in enumerate(table.column(ITEM).to_pylist())
        }

    def table(self, items: Sequence[str]) -> pa.Table:
        """Rows of `items`, in that order.

        Raises:
            KeyError: If an item is in no shard.
        """
        starts = np.cumsum([0, *(table.num_rows for table in self.tables)])
        places = [int(starts[shard]) + row for shard, row in (self.rows[item] for item in items)]
        return pa.concat_tables(self.tables).take(pa.array(places, pa.int64()))

    def array(
        self, column: str, items: Sequence[str], dtype: npt.DTypeLike, shape: tuple[int, ...]
    ) -> npt.NDArray[np.generic]:
        """A fixed-size binary column as an array of shape (len(items), *shape), in the order of `items`.

        Raises:
            KeyError: If an item is in no shard.
        """
        views = list(self._views(column, dtype, shape))
        gathered = np.empty((len(items), *shape), dtype)
        for place, item in enumerate(items):
            shard, row = self.rows[item]
            gathered[place] = views[shard][row]
        return gathered

    def _views(self, column: str, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> Iterator[npt.NDArray[np.generic]]:
        for table in self.tables:
            (chunk,) = table.column(column).chunks
            values = np.frombuffer(chunk.buffers()[1], dtype)
            yield values.reshape(-1, *shape)[chunk.offset : chunk.offset + len(chunk)]
