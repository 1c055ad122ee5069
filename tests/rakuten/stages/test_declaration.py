"""Keys: what changes them and what does not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, ConfigDict

from rakuten.errors import KeyInputError
from rakuten.outputs import StageOutput
from rakuten.stages import Stage, stage


class Knobs(BaseModel):
    model_config = ConfigDict(frozen=True)
    rate: float = 0.1
    words: tuple[str, ...] = ("a", "b")


@dataclass(frozen=True)
class Group:
    output: StageOutput
    knobs: Any = None


def body(out: Path, upstream: Any = None, knobs: Any = None, dump: Path | None = None, workers: int = 1) -> None:
    """Digest things.

    More lines.
    """


def declared(name: str = "digest", version: int = 1, libraries: tuple[str, ...] = ()) -> Stage:
    return Stage(name, version, body, libraries, ignore=("dump", "workers"))


UPSTREAM = StageOutput(key="clean-v1-abc", folder=Path("here"))


def test_key_starts_with_name_and_version() -> None:
    assert declared("digest", 3).key().startswith("digest-v3-")


def test_key_is_unchanged_by_folders_and_worker_counts() -> None:
    here = declared().key(upstream=UPSTREAM, dump=Path("/a"), workers=1)
    there = declared().key(upstream=StageOutput(key=UPSTREAM.key, folder=Path("/there")), dump=Path("/b"), workers=8)
    assert here == there


def test_key_is_unchanged_by_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    before = declared().key(knobs=Knobs())
    monkeypatch.setenv("RAKUTEN_OUTPUTS", "/elsewhere")
    monkeypatch.setenv("RAKUTEN_CPU_SLOTS", "7")
    assert declared().key(knobs=Knobs()) == before


def test_key_is_unchanged_when_a_default_is_spelt_out() -> None:
    assert declared().key(knobs=None) == declared().key()


@pytest.mark.parametrize(
    "other",
    [
        declared(version=2).key(upstream=UPSTREAM, knobs=Knobs()),
        declared(name="other").key(upstream=UPSTREAM, knobs=Knobs()),
        declared(libraries=("numpy",)).key(upstream=UPSTREAM, knobs=Knobs()),
        declared().key(upstream=StageOutput(key="clean-v1-abd", folder=Path("here")), knobs=Knobs()),
        declared().key(upstream=UPSTREAM, knobs=Knobs(rate=0.2)),
        declared().key(upstream=UPSTREAM, knobs=Knobs(words=("b", "a"))),
        declared().key(upstream=None, knobs=Knobs()),
    ],
    ids=["version", "stage", "library", "upstream", "recipe value", "recipe order", "no upstream"],
)
def test_key_changes_with(other: str) -> None:
    assert declared().key(upstream=UPSTREAM, knobs=Knobs()) != other


def test_key_tells_scalars_of_different_types_apart() -> None:
    keys = {declared().key(knobs=value) for value in (1, 1.0, "1", True, None, [1], {"1": 1})}
    assert len(keys) == 7


@pytest.mark.parametrize(
    "value",
    [
        Path("/data"),
        pd.DataFrame({"a": [1]}),
        np.zeros(2),
        {1, 2},
        [Path("/data")],
        {"folder": Path("/data")},
        {1: "a"},
        float("nan"),
        b"bytes",
    ],
    ids=["path", "frame", "array", "set", "path in list", "path in dict", "integer keys", "nan", "bytes"],
)
def test_an_argument_whose_content_is_unclear_raises_type_error(value: Any) -> None:
    with pytest.raises(KeyInputError, match="knobs") as caught:
        declared().key(knobs=value)
    assert isinstance(caught.value, TypeError)


def test_missing_and_unknown_arguments_raise() -> None:
    with pytest.raises(TypeError):
        declared().key(nonsense=1)


def test_a_stage_name_is_declared_once() -> None:
    def declared_twice(out: Path) -> None:
        """One."""

    def other(out: Path) -> None:
        """Other."""

    other.__name__ = declared_twice.__name__
    assert stage(version=1)(declared_twice).name == "declared_twice"
    with pytest.raises(ValueError, match="declared_twice"):
        stage(version=1)(other)


def test_ignoring_an_argument_that_does_not_exist_raises() -> None:
    with pytest.raises(ValueError, match="folder"):

        @stage(version=1, ignore=("folder",))
        def one(out: Path) -> None:
            """One."""


def test_summary_is_the_first_line_of_the_docstring() -> None:
    assert declared().summary == "Digest things."


def test_a_module_chosen_by_name_enters_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    class Chooses(Knobs):
        code_modules: tuple[str, ...] = ("rakuten.catalogue.classes",)
        libraries: tuple[str, ...] = ("numpy",)
        environment: dict[str, str] = {"device": "cpu"}

    asked: list[list[str]] = []

    def note(modules: list[str]) -> str:
        asked.append(modules)
        return "digest"

    monkeypatch.setattr("rakuten.stages.declaration.code_digest", note)
    identity = declared().identity(knobs=(Chooses(),))
    assert set(identity["libraries"]) == {"numpy"}
    assert identity["environment"] == {"device": "cpu"}
    declared().key(knobs=Group(UPSTREAM, Chooses()))
    assert asked == [[body.__module__, "rakuten.catalogue.classes"]] * 2


def test_grouped_arguments_enter_the_key_by_their_fields() -> None:
    elsewhere = Group(StageOutput(key=UPSTREAM.key, folder=Path("/there")), knobs=1)
    others = [Group(UPSTREAM, knobs=2), Group(StageOutput("clean-v1-abd", Path("here")), knobs=1), None]
    key = declared().key(knobs=Group(UPSTREAM, knobs=1))
    assert declared().key(knobs=elsewhere) == key
    assert key not in {declared().key(knobs=other) for other in others}


def test_a_field_whose_content_is_unclear_is_named() -> None:
    with pytest.raises(KeyInputError, match=r"knobs\[0\]\.knobs is a pathlib"):
        declared().key(knobs=(Group(UPSTREAM, knobs=Path("/data")),))
