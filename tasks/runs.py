"""The record of a run: opened before the first task, closed with what came of it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect.runtime import flow_run

from rakuten.errors import ContractError
from rakuten.outputs import OutputStore
from rakuten.outputs.locks import exclusive
from rakuten.outputs.runs import RunBook, RunRecord, Status
from rakuten.recipes import ImageStudyPlan, Plan
from rakuten.settings import Settings
from tasks.events import tell_of_broken_contract
from tasks.in_use import using_outputs

logger = logging.getLogger("rakuten.runs")


class OpenRun:
    """A run that goes on.

    Attributes:
        record: What is recorded of it.
        outputs: Keys of its outputs by role, recorded when it ends, however it ends.
        scores: The score table, likewise.
        decision: Name of the row of it that predictions are made with, likewise.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self.outputs: dict[str, str] = {}
        self.scores: list[dict[str, Any]] = []
        self.decision: str | None = None

    @property
    def found(self) -> dict[str, Any]:
        """What came of the run so far, as fields of its record."""
        return {"outputs": self.outputs, "scores": self.scores, "decision": self.decision}


@contextmanager
def recorded_run(flow: str, plan: Plan | ImageStudyPlan, parameters: dict[str, Any]) -> Iterator[OpenRun]:
    """Record a run from here on; an error is recorded and passed on.

    Args:
        flow: The flow's name.
        plan: What is run.
        parameters: What the flow was called with.
    """
    book = run_book()
    record = book.open(
        flow=flow,
        flow_run=flow_run.get_id(),
        parameters=parameters,
        plan=plan.model_dump(mode="json"),
    )
    run = OpenRun(record)
    with using_outputs(), exclusive(book.lock(record.run), purpose=record.run):
        logger.info("run %s", record.run)
        try:
            yield run
        except BaseException as error:
            message = f"{type(error).__name__}: {error}"
            book.close(record, Status.FAILED, error=message, **run.found)
            if isinstance(error, ContractError):
                tell_of_broken_contract(Path(parameters["dump"]).name, " ".join(str(error).split()))
            raise
        book.close(record, Status.COMPLETED, **run.found)


def run_book() -> RunBook:
    """The runs of this machine's outputs folder."""
    return RunBook(OutputStore(Settings().outputs_folder))
