"""Clearing up: oldest unneeded first, nothing that a protected run needs, shards after the outputs that link them."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten.errors import InputError
from rakuten.outputs import OutputStore, Pool, StageOutput
from rakuten.runs.garbage_collection import (
    Item,
    clear,
    closure,
    needed_by,
    parse_size,
    plan_clearing,
    survey,
    used_since,
)
from rakuten.runs.records import RunBook, Status
from rakuten.stages import stage

NOTHING: frozenset[str] = frozenset()


@stage(version=1)
def hold_items(out: Path, items: tuple[str, ...]) -> dict[str, int]:
    """Take items from a pool."""
    pool = Pool(out.parent, hold_items, ("items",), items=items)

    def compute(digests: object) -> pa.Table:
        return pa.table({"digest": digests, "pixels": [b"x" * 5000 for _ in list(digests)]})  # type: ignore[call-overload]

    return pool.fill(out, items, compute, shard_size=10, unit="items")


@stage(version=1)
def learn_items(out: Path, held: StageOutput) -> None:
    """Write something made from items."""
    (out / "model.bin").write_bytes(b"m" * 1000)


def output(name: str, used: float, size: int = 10, links: tuple[str, ...] = (), sources: tuple[str, ...] = ()) -> Item:
    return Item(name, "output", size, used, frozenset(links), frozenset(sources))


def names(items: tuple[Item, ...]) -> list[str]:
    return [item.name for item in items]


def test_the_least_recently_used_goes_first_and_no_more_than_must() -> None:
    items = [output("c", 3), output("a", 1), output("b", 2)]
    clearing = plan_clearing(items, NOTHING, keep=15)
    assert names(clearing.removed) == ["a", "b"]
    assert clearing.kept_size == 10
    assert plan_clearing(items, NOTHING, keep=30).removed == ()


def test_what_a_protected_run_ended_with_and_what_that_was_made_from_stays() -> None:
    items = [output("clean", 1), output("model", 2, sources=("clean", "gone")), output("other", 9)]
    clearing = plan_clearing(items, frozenset({"model"}), keep=0)
    assert names(clearing.removed) == ["other"]
    assert clearing.needed_size == clearing.kept_size == 20


def test_a_shard_goes_only_after_every_output_that_links_it() -> None:
    shard = Item("pools/p/s", "shard", 100, 1)
    items = [shard, output("old", 1, links=("pools/p/s",)), output("new", 5, links=("pools/p/s",))]
    assert names(plan_clearing(items, NOTHING, keep=0).removed) == ["old", "new"]
    later = [Item("pools/p/s", "shard", 100, 5), *items[1:]]
    assert names(plan_clearing(later, NOTHING, keep=0).removed) == ["old", "new", "pools/p/s"]
    assert names(plan_clearing(later, frozenset({"new"}), keep=0).removed) == ["old"]


@st.composite
def folders(draw: st.DrawFn) -> tuple[list[Item], frozenset[str], int]:
    count = draw(st.integers(1, 8))
    keys = [f"o{number}" for number in range(count)]
    items = [
        output(
            key,
            draw(st.integers(0, 5)),
            draw(st.integers(0, 50)),
            links=tuple(draw(st.lists(st.sampled_from(["s0", "s1"]), unique=True))),
            sources=tuple(draw(st.lists(st.sampled_from(keys), unique=True))),
        )
        for key in keys
    ]
    items += [Item(name, "shard", draw(st.integers(0, 50)), draw(st.integers(0, 5))) for name in ("s0", "s1")]
    return items, frozenset(draw(st.lists(st.sampled_from(keys), unique=True))), draw(st.integers(0, 300))


@given(folders())
def test_nothing_needed_goes_and_room_is_made_as_far_as_it_can_be(case: tuple[list[Item], frozenset[str], int]) -> None:
    items, needed, keep = case
    clearing = plan_clearing(items, needed, keep)
    present = {item.name: item for item in items}
    gone = set(names(clearing.removed))
    kept = closure(needed, present)
    assert not gone & kept
    assert not gone & {shard for name in kept for shard in present[name].links}
    for name in present.keys() - gone:
        assert not present[name].links & gone, "an output lost a shard it links"
    assert clearing.kept_size == sum(item.size for name, item in present.items() if name not in gone)


def test_clearing_a_real_folder_leaves_needed_outputs_whole(tmp_path: Path) -> None:
    store = OutputStore(tmp_path)
    first = store.run(hold_items, items=tuple("abc"))
    second = store.run(hold_items, items=tuple("cde"))
    model = store.run(learn_items, held=second)
    book = RunBook(store)
    record = book.open(flow="retrain", parameters={}, plan={"name": "p"})
    book.close(record, Status.COMPLETED, outputs={"model": model.key})
    items = survey(store)
    shards = {item.name: item for item in items if item.kind == "shard"}
    assert len(shards) == 2
    assert sum(item.size for item in items) < 30_000, "linked shards were counted twice"

    clear(store, plan_clearing(items, needed_by(book.all(), last=1), keep=0).removed)
    assert store.find(first.key) is None
    assert store.find(second.key)
    assert store.find(model.key)
    assert len(list(tmp_path.glob("pools/*/*.arrow"))) == 2, "the second output links both"
    clear(store, plan_clearing(survey(store), NOTHING, keep=0).removed)
    assert survey(store) == []


def test_interrupted_work_is_an_item_of_its_own(tmp_path: Path) -> None:
    store = OutputStore(tmp_path)
    (tmp_path / "train-v1-x.partial").mkdir()
    (tmp_path / "train-v1-x.partial" / "checkpoint").write_bytes(b"x" * 100)
    (item,) = survey(store)
    assert (item.kind, item.size) == ("partial", 100)
    clear(store, plan_clearing([item], NOTHING, keep=0).removed)
    assert not (tmp_path / "train-v1-x.partial").exists()


def test_the_last_runs_of_each_flow_and_those_named_are_protected(tmp_path: Path) -> None:
    book = RunBook(OutputStore(tmp_path))
    runs = []
    for number, flow in enumerate(["retrain", "retrain", "score", "retrain"]):
        record = book.open(flow=flow, parameters={}, plan={"name": f"p{number}"})
        runs.append(book.close(record, Status.COMPLETED, outputs={"model": f"m{number}"}))
    failed = book.open(flow="retrain", parameters={}, plan={"name": "p9"})
    book.close(failed, Status.FAILED, outputs={"model": "m9"})
    records = sorted(book.all(), key=lambda record: record.plan["name"], reverse=True)
    assert needed_by(records, last=1) == {"m3", "m2"}
    assert needed_by(records, last=1, protected=[runs[0].run]) == {"m3", "m2", "m0"}


@pytest.mark.parametrize(
    ("text", "size"), [("200GB", 200 * 10**9), ("1.5 TiB", 3 * 2**39), ("0", 0), ("12B", 12), ("3kB", 3000)]
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1XB", "1,5GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize("text", ["5", "200", "1.5"])
def test_a_size_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"has no unit; expected one such as {text}GB"):
        parse_size(text)


def test_what_was_used_since_a_moment_stays(tmp_path: Path) -> None:
    store = OutputStore(tmp_path)
    old, fresh = store.run(hold_items, items=("a",)), store.run(hold_items, items=("b",))
    training = tmp_path / "train-v1-x.partial" / "scratch"
    training.mkdir(parents=True)
    (training / "checkpoint").write_bytes(b"x")
    for path in (old.folder / "manifest.json", *old.folder.glob("shards/*"), training.parent, training):
        os.utime(path, (1e9, 1e9))
    recent = used_since(survey(store), 1.5e9)
    assert {fresh.key, "train-v1-x.partial"} <= recent
    assert old.key not in recent
    assert fresh.key not in names(plan_clearing(survey(store), recent, keep=0).removed)


def test_what_was_set_aside_is_removed(tmp_path: Path) -> None:
    store = OutputStore(tmp_path)
    (tmp_path / "train-v1-x.damaged").write_text("a file")
    (tmp_path / "train-v1-y.partial.damaged").mkdir()
    (tmp_path / "train-v1-y.partial.damaged" / "checkpoint").write_text("half")
    (tmp_path / "pools").mkdir()
    (tmp_path / "pools" / "inspect-v1-z.damaged").symlink_to("nowhere")
    clear(store, plan_clearing(survey(store), NOTHING, keep=0).removed)
    assert [path.name for path in tmp_path.iterdir()] == ["pools"]
    assert list((tmp_path / "pools").iterdir()) == []
