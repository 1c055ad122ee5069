"""Artifacts are created in one place, which escapes what comes from outside."""

import ast
import importlib
from pathlib import Path
from typing import Any

import pytest

from rakuten.data.named_dump import ValidatedDump
from tasks.observability import publishing

ROOT = Path(__file__).parents[3]
CREATORS = {"create_table_artifact", "create_markdown_artifact", "create_link_artifact", "create_image_artifact"}


def test_nothing_else_creates_artifacts() -> None:
    creating = set()
    for path in [*ROOT.glob("tasks/**/*.py"), *ROOT.glob("flows/**/*.py")]:
        names = {node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.alias)}
        if names & CREATORS:
            creating.add(path.relative_to(ROOT).as_posix())
    assert creating == {"tasks/observability/publishing.py"}


def test_texts_of_tables_and_descriptions_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    created: list[Any] = []
    monkeypatch.setattr(publishing, "create_table_artifact", lambda rows, **more: created.append((rows, more)))
    publishing.publish_table([{"dump": "<img src=x>", "rows": 2}], key="k", description="of [a](javascript:b)")
    rows, more = created[0]
    assert rows == [{"dump": "&lt;img src=x&gt;", "rows": 2}]
    assert more == {"key": "k", "description": r"of \[a\](javascript:b)"}


def test_the_verdict_of_a_hostile_dump_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = importlib.import_module("tasks.observability.artifacts")
    shown: list[str] = []
    monkeypatch.setattr(artifacts, "publish_markdown", lambda text, **_: shown.append(text))
    monkeypatch.setattr(artifacts, "publish_link", lambda *_, **__: None)

    class Output:
        key = "k"

        def read_json(self, _: str) -> dict[str, Any]:
            return {"ok": True, "summary": ["train | <script>alert(1)</script>"]}

        def file(self, name: str) -> Path:
            return Path("/") / name

    dump = ValidatedDump(name="dump", snapshot=Output(), validation=Output(), page=Output())
    assert artifacts.publish_validation(dump) == "k"
    assert shown == ["# Contracts hold\n- train \\| &lt;script&gt;alert(1)&lt;/script&gt;"]
