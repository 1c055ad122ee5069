"""The candidate that a run offers, and whether its products were generated."""

from pathlib import Path
from typing import Any

import pytest

from rakuten.dumps.generated_marker import MARKER
from rakuten.promotion.decisions import Candidate, candidate_of
from rakuten.runs.records import RunRecord


def record(dump: Path, **parameters: Any) -> RunRecord:
    return RunRecord(
        run="run-1",
        flow="retrain",
        started="2026-01-01T00:00:00+00:00",
        parameters={"dump": str(dump), **parameters},
        plan={"name": "default", "recipes": []},
        outputs={"package": "package_model-v1-1", "snapshot": "record_snapshot-v1-1"},
    )


@pytest.fixture
def dumps(tmp_path: Path) -> tuple[Path, Path]:
    """A dump of the catalogue and a generated one."""
    real, generated = tmp_path / "real", tmp_path / "generated"
    for folder in (real, generated):
        folder.mkdir()
    (generated / MARKER).write_text("# Generated data", "utf-8")
    return real, generated


def test_a_run_on_a_generated_dump_offers_a_candidate_of_generated_products(dumps: tuple[Path, Path]) -> None:
    real, generated = dumps
    assert candidate_of(record(generated)).generated
    assert not candidate_of(record(real)).generated
    assert candidate_of(record(real, more_dumps=[str(generated)])).generated


def test_a_dump_that_is_gone_is_not_taken_for_a_generated_one(tmp_path: Path) -> None:
    assert not candidate_of(record(tmp_path / "gone")).generated


def test_generated_products_are_known_from_the_snapshot_though_the_dump_is_gone(tmp_path: Path, hand_made: Any) -> None:
    snapshot = hand_made.output("record_snapshot-v1-1", {"snapshot.parquet": ""}, generated=True)
    assert candidate_of(record(tmp_path / "gone"), snapshot).generated


def test_a_candidate_recorded_before_generated_dumps_were_told_apart_can_be_read() -> None:
    before = candidate_of(record(Path("dump"))).model_dump(exclude={"generated"})
    assert not Candidate.model_validate(before).generated
