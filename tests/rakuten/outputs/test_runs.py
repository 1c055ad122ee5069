"""Records of runs: found by id, by its start, by being newest; dead ones are told from living ones."""

from pathlib import Path
from typing import Any

import pytest

from rakuten.errors import RunNotFoundError
from rakuten.outputs import OutputStore
from rakuten.outputs.locks import exclusive
from rakuten.outputs.runs import RunBook, RunRecord, Status


@pytest.fixture
def book(tmp_path: Path) -> RunBook:
    return RunBook(OutputStore(tmp_path))


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
