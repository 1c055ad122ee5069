"""One run as the terminal shows it: whether its data is generated, what is decided, where its pages are."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.cli.run_views import record_lines
from rakuten.outputs import OutputStore
from rakuten.outputs.stage_output import Manifest, file_digest, list_files
from rakuten.outputs.store import commit

SCORES = [{"model": "average vote", "f1_weighted": 0.8}]


class Recorded:
    """Outputs and the record of a completed run in an outputs folder."""

    def __init__(self, folder: Path) -> None:
        self.store = OutputStore(folder)

    def output(self, key: str, **facts: Any) -> str:
        partial = self.store.folder / f"{key}.partial"
        partial.mkdir(parents=True)
        (partial / "file").write_text("content", "utf-8")
        manifest = Manifest(
            key=key,
            identity={},
            files={name: file_digest(partial / name) for name in list_files(partial)},
            facts=facts,
            started="2026-11-25T02:00:00+00:00",
            seconds=1.0,
            attempts=1,
            host="host",
            python="3.11.9",
            process=1,
            peak_memory=1,
        )
        commit(partial, self.store.folder / key, manifest)
        return key

    def run(self, flow: str = "retrain", **outputs: str) -> list[str]:
        record = {
            "run": "20261125-020000-demo",
            "flow": flow,
            "status": "completed",
            "started": "2026-11-25T02:00:00+00:00",
            "finished": "2026-11-25T02:01:00+00:00",
            "parameters": {"dump": "/deliveries/monday"},
            "plan": {},
            "outputs": {role.replace("_", " "): key for role, key in outputs.items()},
            "scores": SCORES,
            "decision": "average vote",
        }
        path = self.store.folder / "runs" / record["run"] / "run.json"  # type: ignore[operator]
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(record), "utf-8")
        return record_lines(self.store, str(record["run"]))


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    return Recorded(tmp_path / "outputs")


def headed_generated(lines: list[str]) -> bool:
    return lines[1].startswith("  GENERATED DATA (monday): these scores say nothing about real products")


def test_a_run_on_a_generated_dump_is_headed_so(recorded: Recorded) -> None:
    report = recorded.output("render_report-v2-0", generated=["monday"], has_reference=False)
    assert headed_generated(recorded.run(report=report))


def test_a_run_without_report_is_headed_so_by_its_snapshot(recorded: Recorded) -> None:
    snapshot = recorded.output("record_snapshot-v1-0", generated=True)
    assert headed_generated(recorded.run("score", snapshot=snapshot))


@pytest.mark.parametrize("facts", [{"generated": []}, {}], ids=["real products", "made before this was recorded"])
def test_other_runs_are_not(facts: dict[str, Any], recorded: Recorded) -> None:
    assert "GENERATED" not in "\n".join(recorded.run(report=recorded.output("render_report-v2-0", **facts)))


def test_a_run_whose_outputs_are_gone_is_shown_all_the_same(recorded: Recorded) -> None:
    assert recorded.run(report="render_report-v2-gone")[0].startswith("run 20261125-020000-demo")


@pytest.mark.parametrize(("flow", "decides"), [("retrain", True), ("study-text", False), ("study-images", False)])
def test_nothing_is_decided_by_a_study(flow: str, decides: bool, recorded: Recorded) -> None:
    lines = recorded.run(flow, decision=recorded.output("decide-v1-0"))
    assert any("decides" in line for line in lines) is decides


def test_the_validation_page_and_the_quarantine_are_named(recorded: Recorded) -> None:
    page, validation = recorded.output("render_validation-v1-0"), recorded.output("validate_dump-v2-0")
    places = dict(line.split(maxsplit=1) for line in recorded.run(validation=validation, validation_page=page)[-2:])
    assert places["validation"].endswith("render_validation-v1-0/validation.html")
    assert places["quarantine"].endswith("validate_dump-v2-0/quarantine.csv")
