"""Pools: work per item is done once, shared, and survives damage and kills."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rakuten.errors import DiskFullError, OutputError
from rakuten.outputs import OutputStore, Pool, StageOutput
from rakuten.outputs.disk_space import RESERVE
from rakuten.outputs.pool import Shards
from rakuten.stages import stage

asked: list[str] = []
failing: set[str] = set()


def square(items: Sequence[str]) -> pa.Table:
    if failing.intersection(items):
        raise ValueError("no luck")
    asked.extend(items)
    values = np.array([[int(item), int(item) ** 2] for item in items], np.int64)
    pixels = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(items), [None, pa.py_buffer(values.tobytes())])
    return pa.table({"digest": list(items), "values": pixels})


@stage(version=1)
def square_all(out: Path, items: tuple[str, ...], power: int = 2) -> dict[str, int]:
    """Square numbers."""
    pool = Pool(out.parent, square_all, ("items",), items=items, power=power)
    return pool.fill(out, items, square, shard_size=4, unit="numbers")


@pytest.fixture
def store(tmp_path: Path) -> OutputStore:
    asked.clear()
    failing.clear()
    return OutputStore(tmp_path)


def squares(output: StageOutput, items: Sequence[str]) -> list[int]:
    return Shards(output.folder).array("values", items, np.int64, (2,))[:, 1].tolist()


def numbers(*values: int) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def test_only_new_items_are_worked_on(store: OutputStore) -> None:
    store.run(square_all, items=numbers(*range(10)))
    asked.clear()
    output = store.run(square_all, items=numbers(*range(5, 12)))
    assert sorted(asked, key=int) == ["10", "11"]
    assert output.facts == {"numbers_computed": 2, "numbers_reused": 5}
    assert squares(output, numbers(11, 5, 5, 7)) == [121, 25, 25, 49]


def test_repeated_items_count_once(store: OutputStore) -> None:
    assert store.run(square_all, items=numbers(3, 3, 3)).facts == {"numbers_computed": 1, "numbers_reused": 0}


def test_another_parameter_has_another_pool(store: OutputStore) -> None:
    store.run(square_all, items=numbers(1, 2))
    assert store.run(square_all, items=numbers(1, 2), power=3).facts["numbers_computed"] == 2


def test_an_output_stays_whole_when_the_pool_is_deleted(store: OutputStore) -> None:
    output = store.run(square_all, items=numbers(1, 2))
    for path in (store.folder / "pools").glob("*/*"):
        path.unlink()
    found = store.find(output.key)
    assert found is not None
    assert squares(found, numbers(2)) == [4]


def test_work_done_before_a_failure_is_not_done_again(store: OutputStore) -> None:
    failing.add("9")
    with pytest.raises(ValueError, match="no luck"):
        store.run(square_all, items=numbers(*range(10)))
    assert len(asked) == 8
    failing.clear()
    assert store.run(square_all, items=numbers(*range(10))).facts == {"numbers_computed": 2, "numbers_reused": 8}


def test_a_damaged_shard_is_computed_again(store: OutputStore) -> None:
    output = store.run(square_all, items=numbers(*range(8)))
    shard = sorted((output.folder / "shards").iterdir())[0]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 255
    shard.write_bytes(content)
    assert store.find(output.key) is None
    asked.clear()
    again = store.run(square_all, items=numbers(*range(8)))
    assert len(asked) == 4
    assert squares(again, numbers(*range(8))) == [n * n for n in range(8)]


def another_table(path: Path) -> None:
    path.unlink()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, pa.schema([("other", pa.int64())])):
        pass


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link_to_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def empty(path: Path) -> None:
    path.unlink()
    path.touch()


@pytest.mark.parametrize("damage", [another_table, a_pipe, a_folder, a_link_to_nowhere, empty])
def test_what_is_no_shard_is_computed_again(store: OutputStore, damage: Any) -> None:
    store.run(square_all, items=numbers(*range(4)))
    (shard,) = store.folder.glob("pools/*/*.arrow")
    damage(shard)
    output = store.run(square_all, items=numbers(*range(3)))
    assert squares(output, numbers(2)) == [4]


def test_work_on_items_is_not_begun_where_their_results_would_not_fit(
    store: OutputStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run(square_all, items=numbers(*range(4)))
    asked.clear()
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": RESERVE + 1000}))
    assert store.run(square_all, items=numbers(*range(3))).facts["numbers_computed"] == 0
    with pytest.raises(DiskFullError, match="work on numbers needs about 50 MB"):
        store.run(square_all, items=numbers(*range(100)))
    assert asked == []


def test_pending_counts_what_no_shard_holds(store: OutputStore) -> None:
    store.run(square_all, items=numbers(*range(10)))
    pool = Pool(store.folder, square_all, ("items",), items=(), power=2)
    pending = pool.pending(numbers(8, 9, 10, 11, 12), "numbers")
    assert (pending.items, pending.total, pending.unit) == (3, 5, "numbers")


def test_work_that_answers_other_rows_is_refused(store: OutputStore, tmp_path: Path) -> None:
    pool = Pool(store.folder, square_all, ("items",), items=(), power=2)
    with pytest.raises(OutputError, match="other rows"):
        pool.fill(tmp_path, numbers(1, 2), lambda items: square(items[::-1]), shard_size=4, unit="numbers")


def test_rows_come_as_a_table_in_the_order_asked(store: OutputStore) -> None:
    output = store.run(square_all, items=numbers(*range(10)))
    assert Shards(output.folder).table(numbers(7, 0, 9)).column("digest").to_pylist() == ["7", "0", "9"]
