"""Composing a flow without running it: which stages would run, which are found, and why.

Keys depend on keys alone, so the composition of a flow can be walked with outputs that do not exist yet.
"""

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rakuten.outputs import OutputStore, StageOutput
from rakuten.stages import Pending, Stage, key_of


@dataclass(frozen=True)
class Expectation:
    """What a run would do for one stage.

    Attributes:
        stage: The stage's name.
        label: What tells it from others of the same stage.
        key: The key of its output.
        cached: Whether the output is there.
        reason: Why it is or is not, in words.
        pending: How much of a divisible stage is left, or None.
    """

    stage: str
    label: str
    key: str
    cached: bool
    reason: str
    pending: Pending | None


@dataclass
class Planner:
    """Walks a composition and notes what each stage would do.

    Attributes:
        store: Where outputs are looked for.
        expectations: What was noted, in order of composition.
    """

    store: OutputStore
    expectations: list[Expectation] = field(default_factory=list)

    def expect(self, stage: Stage, inputs: dict[str, Any], *, label: str) -> StageOutput:
        """Note what a stage would do and stand in for its output."""
        identity = stage.identity(**inputs)
        key = key_of(identity)
        found = self.store.find(key)
        pending = None if found or stage.pending is None else stage.pending(self.store, **inputs)
        reason = "found" if found else self._why(stage, identity, key)
        self.expectations.append(Expectation(stage.name, label, key, found is not None, reason, pending))
        return found or StageOutput(key=key, folder=self.store.folder / key)

    def _why(self, stage: Stage, identity: dict[str, Any], key: str) -> str:
        """What differs from the most similar output this stage ever made."""
        if (self.store.folder / key).exists():
            return "its output is damaged"
        if self.store.has_partial(key):
            return "was interrupted; goes on from there"
        changes = [_changes(output.manifest.identity, identity) for output in self.store.outputs_of(stage.name)]
        if not changes:
            return "never run"
        return "changed since the nearest output: " + ", ".join(sorted(changes, key=len)[0])


_planner: contextvars.ContextVar[Planner | None] = contextvars.ContextVar("planner", default=None)


def current_planner() -> Planner | None:
    """The planner that tasks of this context report to, or None where they run."""
    return _planner.get()


@contextmanager
def planning(store: OutputStore) -> Iterator[Planner]:
    """Have tasks note what they would do instead of doing it."""
    planner = Planner(store)
    token = _planner.set(planner)
    try:
        yield planner
    finally:
        _planner.reset(token)


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    changed = [part for part in ("version", "code") if before.get(part) != now[part]]
    libraries = before.get("libraries", {})
    changed += [
        f"{name} {libraries.get(name)} → {version}"
        for name, version in now["libraries"].items()
        if libraries.get(name) != version
    ]
    inputs = before.get("inputs", {})
    return changed + [name for name, content in now["inputs"].items() if inputs.get(name) != content]
