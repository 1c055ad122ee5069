"""The code digest: what edits it sees."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rakuten.stages.code import _closure, _read, code_digest

FILES = {
    "__init__.py": "",
    "entry.py": (
        '"""Entry."""\nfrom toy.helper import double\n\n\ndef run(x):\n    """Run."""\n    return double(x)  # twice\n'
    ),
    "helper.py": "def double(x):\n    from toy import deep\n    return deep.FACTOR * x\n",
    "deep.py": "FACTOR = 2\n",
    "unrelated.py": "VALUE = 1\n",
}


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str, str], str]]:
    """Replace text in a file of a toy package and give the digest of its entry module."""
    package = tmp_path / "toy"
    package.mkdir()
    for name, source in FILES.items():
        (package / name).write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))

    def replace(name: str, old: str, new: str) -> str:
        path = package / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        _closure.cache_clear()
        _read.cache_clear()
        importlib.invalidate_caches()
        return code_digest(["toy.entry"])

    yield replace
    _closure.cache_clear()
    _read.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "toy"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("entry.py", "# twice", "# two times"),
        ("entry.py", '"""Run."""', '"""Run it."""'),
        ("entry.py", '"""Entry."""', '"""The entry."""'),
        ("entry.py", "\n\n\ndef", "\n\ndef"),
        ("unrelated.py", "VALUE = 1", "VALUE = 2"),
    ],
    ids=["comment", "docstring", "module docstring", "blank lines", "a module nobody imports"],
)
def test_digest_is_unchanged_by(edit: Callable[[str, str, str], str], name: str, old: str, new: str) -> None:
    before = edit("deep.py", "2", "2")
    assert edit(name, old, new) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("entry.py", "double(x)  #", "double(x) + 1  #"),
        ("helper.py", "* x", "+ x"),
        ("deep.py", "FACTOR = 2", "FACTOR = 3"),
    ],
    ids=["own body", "imported helper", "module imported inside a function of a helper"],
)
def test_digest_changes_with(edit: Callable[[str, str, str], str], name: str, old: str, new: str) -> None:
    before = edit("deep.py", "2", "2")
    assert edit(name, old, new) != before


def test_digest_does_not_see_the_stage_machinery() -> None:
    reached = dict(_closure("rakuten.data.probabilities"))
    assert "rakuten.catalogue.classes" in reached
    assert not [name for name in reached if name.startswith(("rakuten.stages", "rakuten.outputs", "rakuten.errors"))]


def test_digest_does_not_depend_on_the_order_of_modules() -> None:
    modules = ["rakuten.data.probabilities", "rakuten.catalogue.classes"]
    assert code_digest(modules) == code_digest(modules[::-1])
