"""The commands `runs` and `gc` over an outputs folder, in this process."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli.commands.housekeeping import gc
from flows.cli.commands.runs import runs
from flows.cli.run_views import duration
from rakuten.outputs import OutputStore
from rakuten.runs.records import RunBook, Status
from rakuten.stages import stage
from tasks.orchestration.outputs_lock import outputs_in_use


@stage(version=1)
def write_page(out: Path, word: str) -> None:
    """Write a page."""
    (out / "page.html").write_text(word * 1000)


@pytest.fixture(autouse=True)
def _this_process_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands end their process at once where Prefect is loaded, and here that is pytest's."""
    monkeypatch.setattr("flows.cli.flow_calls._leave", sys.exit)


@pytest.fixture
def store(outputs: Path) -> OutputStore:
    """Three runs: a completed retraining, a cancelled validation, an exploration whose page is there."""
    store = OutputStore(outputs)
    book = RunBook(store)
    scores = [{"model": "stacking", "f1_weighted": 0.8}]
    done = book.open("retrain", parameters={"dump": "a"}, plan={"name": "default"})
    book.close(done, Status.COMPLETED, scores=scores, decision="stacking")
    cancelled = book.open("validate", parameters={"dump": "b"})
    book.close(cancelled, Status.CANCELLED, error="cancelled in the Prefect UI or with its API")
    explored = book.open("explore", parameters={"dump": "c"})
    book.close(explored, Status.COMPLETED, outputs={"exploration": store.run(write_page, word="kept").key})
    store.run(write_page, word="not needed")
    return store


def listed(*arguments: str) -> str:
    done = CliRunner().invoke(runs, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_runs_are_listed_with_flow_state_and_duration(store: OutputStore) -> None:
    rows = [line.split() for line in listed().splitlines()[2:]]
    assert {row[1]: row[3] for row in rows} == {"retrain": "completed", "validate": "cancelled", "explore": "completed"}
    assert {row[1]: row[2] for row in rows}["retrain"] == "default"


def test_runs_are_limited_and_chosen_by_flow(store: OutputStore) -> None:
    assert len(listed("--limit", "1").splitlines()) == 3
    assert "validate" not in listed("--flow", "retrain")


def test_runs_as_json_hold_all_that_is_recorded(store: OutputStore) -> None:
    (found,) = json.loads(listed("--flow", "retrain", "--json"))
    assert found["f1_weighted"] == 0.8
    assert found["champion"] is False
    assert found["seconds"] >= 0
    assert found["parameters"] == {"dump": "a"}


def test_one_unreadable_record_hides_no_other(store: OutputStore) -> None:
    (store.folder / "runs" / "20200101-000000-x").mkdir()
    (store.folder / "runs" / "20200101-000000-x" / "run.json").touch()
    assert len(listed().splitlines()) == 5


def test_what_an_exploration_shows_is_kept_and_nothing_goes_unasked(
    store: OutputStore, monkeypatch: pytest.MonkeyPatch
) -> None:

    def pages() -> int:
        return len(list(store.outputs_of("write_page")))

    assert CliRunner().invoke(gc, ["--keep", "0", "--yes"]).exit_code == 0
    assert pages() == 2, "what was made within the last hour stays"
    unasked = CliRunner().invoke(gc, ["--keep", "0", "--min-age", "0"])
    assert unasked.exit_code == 2
    assert "add --yes" in unasked.output
    assert pages() == 2
    assert CliRunner().invoke(gc, ["--keep", "0", "--min-age", "0", "--yes"]).exit_code == 0
    assert pages() == 1


def test_no_lock_is_held_while_a_person_is_asked(store: OutputStore, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def answer(question: str, **options: object) -> bool:
        seen.append(outputs_in_use())
        return True

    monkeypatch.setattr("flows.cli.commands.housekeeping._is_terminal", lambda: True)
    monkeypatch.setattr("click.confirm", answer)
    assert CliRunner().invoke(gc, ["--keep", "0", "--min-age", "0"]).exit_code == 0
    assert seen == [False]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (61, "1 min 01 s"), (3600, "1 h 00 min"), (7500, "2 h 05 min")]
)
def test_durations_are_shown_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text
