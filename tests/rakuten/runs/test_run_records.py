"""Records of runs: found by id, by its start, by being newest; dead ones are told from living ones."""

import os
from pathlib import Path
from typing import Any

import pytest

from rakuten.errors import OutputError, RunNotFoundError
from rakuten.outputs import OutputStore
from rakuten.outputs.locks import exclusive
from rakuten.runs import records as runs
from rakuten.runs.records import RunBook, RunRecord, Status


@pytest.fixture
def book(tmp_path: Path) -> RunBook:
    return RunBook(OutputStore(tmp_path))


@pytest.fixture(autouse=True)
def _no_warnings_yet() -> None:
    runs._unreadable.clear()


def opened(book: RunBook, flow: str = "retrain", **fields: Any) -> RunRecord:
    return book.open(flow=flow, parameters={"dump": "d"}, plan={"name": "default"}, **fields)


def test_runs_opened_in_the_same_second_have_different_ids(book: RunBook) -> None:
    assert len({opened(book).run for _ in range(5)}) == 5
    assert len(book.all()) == 5


def test_a_run_whose_process_is_gone_was_interrupted(book: RunBook) -> None:
    record = opened(book)
    with exclusive(book.lock(record.run), purpose="test"):
        assert book.status(record) is Status.RUNNING
    assert book.status(record) is Status.INTERRUPTED
    assert book.status(book.close(record, Status.COMPLETED)) is Status.COMPLETED


def test_the_newest_completed_run_is_found(book: RunBook) -> None:
    first = book.close(opened(book), Status.COMPLETED)
    book.close(opened(book), Status.FAILED, error="no")
    book.close(opened(book, flow="other"), Status.COMPLETED)
    assert book.find(flow="retrain").run == first.run


def test_a_run_is_found_by_the_start_of_its_id(book: RunBook) -> None:
    record = opened(book)
    assert book.find(record.run[:-3]) == record
    opened(book)
    assert book.find(record.run) == record
    with pytest.raises(RunNotFoundError, match="start of 2 runs"):
        book.find(record.run[:-3])


def test_what_is_not_there_is_told(book: RunBook) -> None:
    with pytest.raises(RunNotFoundError, match="no completed run"):
        book.find()
    with pytest.raises(RunNotFoundError, match="rakuten runs"):
        book.find("2020")
    with pytest.raises(RunNotFoundError, match="without 'report'"):
        book.output(opened(book), "report")
    with pytest.raises(RunNotFoundError, match="gone or damaged"):
        book.output(opened(book, outputs={"report": "report-v1-x"}), "report")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def garbage(path: Path) -> None:
    path.write_bytes(b"\0\xff\xfe garbage")


def of_another_version(path: Path) -> None:
    path.write_text('{"version": 9, "run": "x"}')


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link_to_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def without_a_time(path: Path) -> None:
    path.write_text(path.read_text().replace('"started": "', '"started": "at '))


def without_a_time_zone(path: Path) -> None:
    path.write_text(path.read_text().replace("+00:00", ""))


def of_another_run(path: Path) -> None:
    path.write_text(path.read_text().replace(path.parent.name, "20200101-000000-other"))


@pytest.mark.parametrize(
    "damage",
    [
        empty,
        truncated,
        garbage,
        of_another_version,
        a_folder,
        a_link_to_nowhere,
        a_link_to_itself,
        a_pipe,
        without_a_time,
        without_a_time_zone,
        of_another_run,
    ],
)
def test_a_record_that_cannot_be_read_is_passed_over_with_one_warning(
    book: RunBook, damage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sound, damaged = book.close(opened(book), Status.COMPLETED), opened(book)
    damage(book.folder / damaged.run / "run.json")
    for _ in range(2):
        assert book.all() == [sound]
    assert book.find() == sound
    warnings = [line for line in caplog.messages if "is passed over" in line]
    assert len(warnings) == 1


@pytest.mark.parametrize("intruder", [Path.touch, lambda path: path.symlink_to("nowhere")], ids=["file", "link"])
def test_what_stands_in_the_place_of_all_runs_is_named(book: RunBook, intruder: Any) -> None:
    intruder(book.folder)
    assert book.all() == []
    with pytest.raises(OutputError, match="is no folder; remove it"):
        opened(book)


def test_the_newest_run_with_scores_is_found_beside_later_ones_without(book: RunBook) -> None:
    scored = book.close(opened(book), Status.COMPLETED, scores=[{"model": "m"}])
    book.close(opened(book, flow="validate"), Status.COMPLETED)
    assert book.find(scored=True).run == scored.run


def test_a_run_without_a_plan_is_named_after_its_flow(book: RunBook) -> None:
    record = book.open("validate", parameters={"dump": "d"})
    assert record.run.endswith("-validate")
    assert record.plan_name is None
