"""Garbage collection of the outputs folder: least recently used first, outputs of protected runs are kept.

An output is needed if a protected run ended with it, or if such an output was made from it. Pool shards are files that
outputs link: their bytes are counted once, and come back only when no output links them any more.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from rakuten.errors import InputError, OutputError
from rakuten.outputs.atomic import SET_ASIDE, remove
from rakuten.outputs.pool import POOLS, SHARDS, SUFFIX
from rakuten.outputs.stage_output import MANIFEST, StageOutput
from rakuten.outputs.store import PARTIAL, OutputStore
from rakuten.runs.records import RunBook, RunRecord, Status

Kind = Literal["output", "partial", "shard"]

UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


@dataclass(frozen=True)
class Item:
    """Removable item of the outputs folder.

    Attributes:
        name: Path relative to the outputs folder.
        kind: "output": committed; "partial": interrupted or damaged work; "shard": a file of a pool.
        size: Bytes on the disk that are its own; shards that an output links are items themselves.
        used: When a run last ended with it or with what was made from it, or when it was made; seconds since 1970.
        links: Of an output: the shards it links.
        sources: Of an output: keys of what it was made from.
    """

    name: str
    kind: Kind
    size: int
    used: float
    links: frozenset[str] = field(default=frozenset(), repr=False)
    sources: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class Clearing:
    """Plan of a garbage collection.

    Attributes:
        removed: Items to remove, in order.
        kept_size: Bytes that stay.
        needed_size: Bytes of those that protected runs need.
    """

    removed: tuple[Item, ...]
    kept_size: int
    needed_size: int


def plan_clearing(items: Iterable[Item], needed: frozenset[str], keep: int) -> Clearing:
    """Select items to remove until at most `keep` bytes remain: least recently used first, no needed ones.

    Args:
        items: Everything that could go.
        needed: Keys of outputs that protected runs ended with; what these were made from stays too.
        keep: Bytes that may stay.
    """
    present = {item.name: item for item in items}
    kept_outputs = closure(needed, present)
    kept_shards = frozenset(shard for name in kept_outputs for shard in present[name].links)
    needed_names = kept_outputs | (kept_shards & present.keys())
    linked_by: dict[str, set[str]] = {}
    for item in present.values():
        for shard in item.links:
            linked_by.setdefault(shard, set()).add(item.name)
    # A shard comes after the outputs that link it: of equal age, shards last.
    candidates = sorted(
        (item for name, item in present.items() if name not in needed_names),
        key=lambda item: (item.used, item.kind == "shard", item.name),
    )
    size = sum(item.size for item in present.values())
    gone: set[str] = set()
    removed = []
    for item in candidates:
        if size <= keep:
            break
        if linked_by.get(item.name, set()) <= gone:
            removed.append(item)
            gone.add(item.name)
            size -= item.size
    return Clearing(tuple(removed), size, sum(present[name].size for name in needed_names))


def closure(keys: Iterable[str], present: Mapping[str, Item]) -> frozenset[str]:
    """Transitive closure of outputs and their inputs, as far as they exist."""
    found: set[str] = set()
    waiting = [key for key in keys if key in present]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += [source for source in present[key].sources if source in present]
    return frozenset(found)


def survey(store: OutputStore) -> list[Item]:
    """List all removable items of an outputs folder."""
    shards = {f"{POOLS}/{path.parent.name}/{path.name}": path for path in store.folder.glob(f"{POOLS}/*/*{SUFFIX}")}
    inodes = {path.lstat().st_ino: name for name, path in shards.items()}
    outputs = {item.name: item for item in (*_outputs(store.folder, inodes), *_set_aside(store.folder))}
    used = _last_used(RunBook(store).all(), outputs)
    items = [replace(item, used=max(item.used, used.get(item.name, 0.0))) for item in outputs.values()]
    linked: dict[str, float] = {}
    for item in items:
        for shard in item.links:
            linked[shard] = max(linked.get(shard, 0.0), item.used)
    for name, path in shards.items():
        status = path.lstat()
        items.append(Item(name, "shard", status.st_size, linked.get(name, status.st_mtime)))
    return items


def needed_by(records: Iterable[RunRecord], last: int, protected: Iterable[str] = ()) -> frozenset[str]:
    """Keys that runs ended with: of the last completed ones of each flow, and of those named.

    Args:
        records: All runs, newest first.
        last: How many of each flow.
        protected: Ids of further runs.
    """
    named = set(protected)
    counts: dict[str, int] = {}
    keys: set[str] = set()
    for record in records:
        recent = record.status is Status.COMPLETED and counts.get(record.flow, 0) < last
        if recent:
            counts[record.flow] = counts.get(record.flow, 0) + 1
        if recent or record.run in named:
            keys |= set(record.outputs.values())
    return frozenset(keys)


def used_since(items: Iterable[Item], moment: float) -> frozenset[str]:
    """Names of items that were used since a moment, in seconds since 1970."""
    return frozenset(item.name for item in items if item.used >= moment)


def clear(store: OutputStore, items: Iterable[Item]) -> None:
    """Remove items; requires that no run is active."""
    for item in items:
        path = store.folder / item.name
        if item.kind == "output":
            # Without its manifest it is no output any more, however far the removal comes.
            (path / MANIFEST).unlink(missing_ok=True)
        remove(path)


def parse_size(text: str) -> int:
    """Bytes of a size such as `200GB`, `1.5 TiB` or `0`.

    Raises:
        InputError: If it is none, or a number other than 0 without a unit.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)", text.strip())
    if match is None or match[2] not in ("", "B", *UNITS):
        raise InputError(f"{text!r} is no size; expected one such as 200GB ({', '.join(UNITS)})")
    if not match[2] and float(match[1]):
        raise InputError(
            f"{text!r} has no unit; expected one such as {match[1]}GB ({', '.join(UNITS)}, or B for bytes)"
        )
    return int(float(match[1]) * UNITS.get(match[2], 1))


def _set_aside(folder: Path) -> Iterator[Item]:
    """Files and links that were found where a folder belongs, and damaged pools."""
    for path in (*folder.glob(f"*{SET_ASIDE}"), *(folder / POOLS).glob(f"*{SET_ASIDE}")):
        if path.parent != folder or path.is_symlink() or not path.is_dir():
            status = path.lstat()
            yield Item(path.relative_to(folder).as_posix(), "partial", status.st_size, status.st_mtime)


def _outputs(folder: Path, shards: Mapping[int, str]) -> Iterator[Item]:
    for path in folder.iterdir():
        is_partial = path.name.endswith((PARTIAL, SET_ASIDE))
        if path.is_symlink() or not path.is_dir() or not (is_partial or (path / MANIFEST).is_file()):
            continue
        size, links, newest = 0, set(), path.stat().st_mtime
        for file in (file for file in path.rglob("*") if not file.is_dir()):
            status = file.lstat()
            newest = max(newest, status.st_mtime)
            if status.st_ino in shards and file.parent.name == SHARDS:
                links.add(shards[status.st_ino])
            else:
                size += status.st_size
        kind: Kind = "partial" if is_partial else "output"
        made = newest if is_partial else (path / MANIFEST).stat().st_mtime
        sources = frozenset() if is_partial else frozenset(_sources(path))
        yield Item(path.name, kind, size, made, frozenset(links), sources)


def _sources(folder: Path) -> Iterator[str]:
    """Keys of what an output was made from."""
    try:
        waiting: list[Any] = [StageOutput(key=folder.name, folder=folder).manifest.identity.get("inputs", {})]
    except OutputError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if set(value) == {"key"}:
                yield value["key"]
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _last_used(records: Iterable[RunRecord], present: Mapping[str, Item]) -> dict[str, float]:
    """When a run last ended with each output, or with one made from it."""
    used: dict[str, float] = {}
    for record in records:
        ended = datetime.fromisoformat(record.finished or record.started).timestamp()
        for key in closure(record.outputs.values(), present):
            used[key] = max(used.get(key, 0.0), ended)
    return used
