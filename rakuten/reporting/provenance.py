"""Which stages led to some outputs: read back from the manifests, upstream first."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rakuten.outputs import StageOutput
from rakuten.outputs.stage_output import MANIFEST, Manifest

STAGE_KEY = re.compile(r"[a-z_]+-v\d+-[0-9a-f]{20}")


@dataclass(frozen=True)
class Step:
    """One output on the way.

    Attributes:
        key: Of the output.
        stage: Name of the stage that made it.
        label: The recipe or name that tells it from others of the stage; "" where nothing does.
        manifest: None where the output is no longer stored.
    """

    key: str
    stage: str
    label: str
    manifest: Manifest | None

    @property
    def size(self) -> int | None:
        """Bytes of its files."""
        return sum(file.size for file in self.manifest.files.values()) if self.manifest else None


def trace(outputs: Iterable[StageOutput]) -> list[Step]:
    """All outputs that these came from, these included, each once and after its own inputs.

    Outputs are looked for where these are stored; what came from outside (a dump's listing, a weights file) is none.
    """
    steps: dict[str, Step] = {}
    for output in outputs:
        _visit(output.key, output.folder.parent, steps)
    return list(steps.values())


def total_seconds(steps: Iterable[Step]) -> float:
    """Wall time of all stages one after another."""
    return sum(step.manifest.seconds for step in steps if step.manifest)


def environment(steps: Iterable[Step]) -> dict[str, list[str]]:
    """Versions of Python and of the libraries that the stages declare; several where outputs of both were used."""
    versions: dict[str, set[str]] = {}
    for manifest in (step.manifest for step in steps if step.manifest):
        found = {"Python": manifest.python, **manifest.identity["libraries"]}
        for name, version in found.items():
            versions.setdefault(name, set()).add(version)
    return {name: sorted(versions[name]) for name in sorted(versions, key=str.casefold)}


def _visit(key: str, folder: Path, steps: dict[str, Step]) -> None:
    if key in steps:
        return
    if not (folder / key / MANIFEST).is_file():
        if STAGE_KEY.fullmatch(key):
            steps[key] = Step(key, key.partition("-")[0], "", None)
        return
    manifest = StageOutput(key=key, folder=folder / key).manifest
    inputs = manifest.identity["inputs"]
    for upstream in _keys(inputs):
        _visit(upstream, folder, steps)
    steps[key] = Step(key, manifest.identity["stage"], _label(inputs), manifest)


def _keys(content: Any) -> Iterator[str]:
    if isinstance(content, Mapping):
        if set(content) == {"key"}:
            yield content["key"]
        else:
            for value in content.values():
                yield from _keys(value)
    elif isinstance(content, list):
        for value in content:
            yield from _keys(value)


def _label(inputs: Mapping[str, Any]) -> str:
    recipe = inputs.get("recipe", {})
    named = recipe.get("content", {}).get("name") if isinstance(recipe, Mapping) else None
    return str(named or inputs.get("name") or inputs.get("method") or "")
