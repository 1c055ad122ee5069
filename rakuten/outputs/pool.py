"""Results per item (per image), computed once and shared by every output that needs them.

A pool is a folder of immutable Arrow files, its shards, each named by its own SHA-256. Work appends shards for the
items that no shard holds yet; an output takes hard links to the shards it needs, so it is whole by itself and costs no
further disk. A kill loses at most the shard in the making.
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
    """The shards of one kind of result.

    Args:
        outputs: The outputs folder.
        stage: The stage whose per-item work this is.
        per_dump: Names of the stage's arguments that say which items, not how each is worked on.
        **inputs: The stage's arguments; all but `per_dump` and ignored ones make the pool's key.
    """

    def __init__(self, outputs: Path, stage: Stage[...], per_dump: Sequence[str], **inputs: object) -> None:
        identity = stage.identity(**inputs)
        identity["inputs"] = {name: value for name, value in identity["inputs"].items() if name not in per_dump}
        self.folder = outputs / POOLS / key_of(identity)

    def pending(self, items: Iterable[str], unit: str) -> Pending:
        """How many of `items`, and which, no shard holds yet."""
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
        """Compute what is missing, shard by shard, and link all needed shards into `out/shards/`.

        Args:
            out: The output folder of the running stage.
            items: Digests of the items wanted; repeats are allowed.
            compute: Digests → table with one row each, in that order, digests in column "digest".
            shard_size: Items a shard; a kill loses at most this much work.
            unit: What an item is, in the plural, for progress and facts.

        Returns:
            Facts for the manifest: `<unit>_computed` and `<unit>_reused`.

        Raises:
            OutputError: If `compute` answers other rows than it was asked for.
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
        """Item → shard name; shards that hold any item of `checked` are digested, damaged ones dropped."""
        index: dict[str, str] = {}
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            try:
                require_regular(path)
                held = read_shard(path).column(ITEM).to_pylist()
                if checked and checked.intersection(held) and file_digest(path).sha256 != path.stem:
                    raise pa.ArrowInvalid("its content is not the one it is named by")
            # Another table than a pool's has no such column, or values that are no digests.
            except (OSError, pa.ArrowException, KeyError, TypeError) as error:
                logger.warning("shard %s is damaged (%s); its items will be computed again", path.name, error)
                remove(path)
                continue
            index.update(dict.fromkeys(held, path.name))
        return index

    def _expected_size(self, missing: int, held: int) -> int:
        """Bytes that the results of so many items will take, by those of the items held; 0 before the first."""
        size = sum(path.stat().st_size for path in self.folder.glob(f"*{SUFFIX}"))
        return size * missing // held if held else 0

    def _append(self, table: pa.Table, asked: Sequence[str]) -> str:
        if table.column(ITEM).to_pylist() != list(asked):
            raise OutputError(f"{self.folder.name}: the work on {len(asked)} items answered other rows than these")
        # The name is known only when the bytes are: written under a name that no reader looks at.
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
    """A shard's table, memory-mapped."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


class Shards:
    """The per-item results that a committed output holds.

    Args:
        folder: The output's folder.
    """

    def __init__(self, folder: Path) -> None:
        paths = sorted((folder / SHARDS).glob(f"*{SUFFIX}"))
        self.tables = [read_shard(path) for path in paths]

    @functools.cached_property
    def rows(self) -> dict[str, tuple[int, int]]:
        """Item → (shard, row in it)."""
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
