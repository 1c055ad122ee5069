"""Outputs committed by hand, for tests of stages whose upstream stages would be slow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_dumps import reading, small_dump

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.data.probabilities import Probabilities
from rakuten.outputs import OutputStore, StageOutput
from rakuten.outputs.stage_output import Manifest, file_digest, list_files
from rakuten.outputs.store import commit

# Fixtures of tests of dumps and contracts.
__all__ = ["reading", "small_dump"]


class HandMade:
    """Commits content to an outputs folder as a run of a stage would.

    Attributes:
        store: That outputs folder's store.
    """

    def __init__(self, folder: Path) -> None:
        self.store = OutputStore(folder)

    def output(
        self, key: str, files: Mapping[str, Any], inputs: Mapping[str, Any] | None = None, **facts: Any
    ) -> StageOutput:
        """Commit files (frames, probabilities or text, by name) under a key that begins with the stage's name."""
        partial = self.store.folder / f"{key}.partial"
        partial.mkdir()
        for name, content in files.items():
            write_content(content, partial / name)
        by_key = {
            name: {"key": value.key} if isinstance(value, StageOutput) else value
            for name, value in (inputs or {}).items()
        }
        stage, version, _ = key.split("-")
        manifest = Manifest(
            key=key,
            identity={
                "stage": stage,
                "version": int(version[1:]),
                "inputs": by_key,
                "libraries": {"numpy": "2.0.0"},
                "code": "0" * 64,
            },
            files={name: file_digest(partial / name) for name in list_files(partial)},
            facts=facts,
            started="2024-05-01T02:00:00+00:00",
            seconds=12.5,
            attempts=1,
            host="host",
            python="3.11.9",
            process=1,
            peak_memory=200_000_000,
        )
        return commit(partial, self.store.folder / key, manifest)

    def split(self, codes: list[int], sides: list[str]) -> StageOutput:
        """A split of products 1, 2, 3 …, of these classes, on these sides."""
        frame = pd.DataFrame({"productid": range(1, len(codes) + 1), "prdtypecode": codes, "side": sides})
        return self.output("split_products-v1-0", {"split.parquet": frame})

    @staticmethod
    def sure_of(productids: list[int], codes: list[int], confidence: float = 0.9) -> Probabilities:
        """Probabilities that favour one class a product and share the rest among the others."""
        values = np.full((len(codes), NUM_CLASSES), (1 - confidence) / (NUM_CLASSES - 1), np.float32)
        values[np.arange(len(codes)), [CODES.index(code) for code in codes]] = confidence
        return Probabilities(np.asarray(productids, np.int64), values)


def write_content(content: Any, path: Path) -> None:
    if isinstance(content, Probabilities):
        content.write(path)
    elif isinstance(content, pd.DataFrame):
        content.to_parquet(path, index=False)
    else:
        path.write_text(content, "utf-8")


@pytest.fixture
def hand_made(tmp_path: Path) -> HandMade:
    return HandMade(tmp_path / "outputs")


@pytest.fixture(scope="session")
def hand_made_in() -> type[HandMade]:
    """For tests that share outputs: called with an outputs folder."""
    return HandMade
