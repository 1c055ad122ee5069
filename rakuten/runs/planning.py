"""Dry run of a flow: cache hits and misses of its stages, with reasons and expected durations.

Keys depend on keys alone, so the composition of a flow can be walked with outputs that do not exist yet.
"""

import contextvars
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rakuten.outputs import OutputStore, StageOutput
from rakuten.outputs.stage_output import Manifest
from rakuten.stages import Pending, Stage, key_of


@dataclass(frozen=True)
class Expectation:
    """Expected cache hit or miss of one stage.

    Attributes:
        stage: The stage's name.
        label: What tells it from others of the same stage.
        key: The key of its output.
        cached: Whether the output is there.
        reason: Why it is or is not, in words.
        pending: How much of a divisible stage is left, or None.
        seconds: What the nearest output of the stage took, scaled to the items that are left where it is divisible;
            0 where the output is there, None where none was ever made.
    """

    stage: str
    label: str
    key: str
    cached: bool
    reason: str
    pending: Pending | None
    seconds: float | None = None


@dataclass
class Planner:
    """Recorder of a dry run.

    Attributes:
        store: Where outputs are looked for.
        expectations: What was noted, in order of composition.
    """

    store: OutputStore
    expectations: list[Expectation] = field(default_factory=list)

    def expect(self, stage: Stage[...], inputs: dict[str, object], *, label: str) -> StageOutput:
        """Note what a stage would do, once for the same output, and stand in for its output."""
        identity = stage.identity(**inputs)
        key = key_of(identity)
        found = self.store.find(key)
        if any(expectation.key == key for expectation in self.expectations):
            return found or StageOutput(key=key, folder=self.store.folder / key)
        if found is not None:
            self.expectations.append(Expectation(stage.name, label, key, True, "found", None, 0.0))
            return found
        pending = None if stage.pending is None else stage.pending(self.store, **inputs)
        nearest = sorted(
            self.store.manifests_like(identity), key=lambda manifest: len(_changes(manifest.identity, identity))
        )
        reason = self._why(nearest, identity, key)
        self.expectations.append(
            Expectation(stage.name, label, key, False, reason, pending, _seconds(nearest, pending))
        )
        return StageOutput(key=key, folder=self.store.folder / key)

    def _why(self, nearest: list[Manifest], identity: dict[str, Any], key: str) -> str:
        """Difference from the most similar existing output of the stage."""
        if (self.store.folder / key).exists():
            return "its output is damaged"
        if self.store.has_partial(key):
            return "was interrupted; goes on from there"
        if not nearest:
            return "never run"
        return "changed since the nearest output: " + ", ".join(_changes(nearest[0].identity, identity))


_planner: contextvars.ContextVar[Planner | None] = contextvars.ContextVar("planner", default=None)


def current_planner() -> Planner | None:
    """Planner of the current context; None outside a dry run."""
    return _planner.get()


@contextmanager
def planning(store: OutputStore) -> Iterator[Planner]:
    """Context manager for a dry run: tasks are recorded, not executed."""
    planner = Planner(store)
    token = _planner.set(planner)
    try:
        yield planner
    finally:
        _planner.reset(token)


def _seconds(nearest: list[Manifest], pending: Pending | None) -> float | None:
    """Expected duration, from manifests of the same stage, nearest first."""
    if pending is None:
        return nearest[0].seconds if nearest else None
    for manifest in nearest:
        items = manifest.facts.get(f"{pending.unit}_computed", 0)
        if items:
            return manifest.seconds / items * pending.items
    return None if pending.items else 0.0


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    changed = [part for part in ("version", "code") if before.get(part) != now[part]]
    libraries = before.get("libraries", {})
    changed += [
        f"{name} {libraries.get(name)} → {version}"
        for name, version in now["libraries"].items()
        if libraries.get(name) != version
    ]
    environment = before.get("environment", {})
    changed += [
        f"{name.replace('_', ' ')} {environment.get(name)} → {value}"
        for name, value in now.get("environment", {}).items()
        if environment.get(name) != value
    ]
    inputs = before.get("inputs", {})
    return changed + [name for name, content in now["inputs"].items() if inputs.get(name) != content]
