"""The record of a run: opened before the first task, closed with what came of it."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict
from uuid import UUID

import httpx
from prefect import get_client
from prefect.exceptions import CancelledRun, ObjectNotFound, TerminationSignal
from prefect.runtime import flow_run

from rakuten.errors import ContractError
from rakuten.outputs import OutputStore
from rakuten.outputs.locks import exclusive
from rakuten.recipes import ImageStudyPlan, Plan
from rakuten.runs.records import RunBook, RunRecord, Status
from rakuten.runs.run_outputs import RunOutputs
from rakuten.settings import Settings
from tasks.futures import outputs_of
from tasks.observability.events import tell_of_broken_contract
from tasks.orchestration.outputs_lock import using_outputs

logger = logging.getLogger("rakuten.runs")


class Found(TypedDict):
    """Fields of a run's record that are known at its end."""

    outputs: dict[str, str]
    scores: list[dict[str, object]]
    decision: str | None


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
        self.scores: list[dict[str, object]] = []
        self.decision: str | None = None

    @property
    def found(self) -> Found:
        """The fields as far as they are known."""
        return {"outputs": self.outputs, "scores": self.scores, "decision": self.decision}

    def finish(self, made: RunOutputs) -> None:
        """Wait for everything the run has submitted and record what it made.

        Raises:
            Exception: What the first failed task raised.
        """
        self.outputs |= outputs_of(made.to_roles())


@contextmanager
def recorded_run(
    flow: str, parameters: Mapping[str, object], plan: Plan | ImageStudyPlan | None = None
) -> Iterator[OpenRun]:
    """Record a run from here on; an error is recorded and passed on.

    Args:
        flow: The flow's name.
        parameters: What the flow was called with.
        plan: What is run; None: the flow has no plan.
    """
    book = run_book()
    record = book.open(
        flow,
        flow_run=flow_run.get_id(),
        parameters=parameters,
        plan=plan.model_dump(mode="json") if plan else {},
    )
    run = OpenRun(record)
    with using_outputs(), exclusive(book.lock(record.run), purpose=record.run):
        logger.info("run %s", record.run)
        try:
            yield run
        except BaseException as error:
            status, message = _ending(error)
            book.close(record, status, error=message, **run.found)
            if isinstance(error, ContractError):
                tell_of_broken_contract(Path(str(parameters["dump"])).name, " ".join(str(error).split()))
            raise
        book.close(record, Status.COMPLETED, **run.found)


def _ending(error: BaseException) -> tuple[Status, str]:
    """The status and message of a run that an error ended: cancelled, interrupted or failed."""
    if isinstance(error, KeyboardInterrupt):
        return Status.INTERRUPTED, "interrupted with Ctrl-C"
    if isinstance(error, TerminationSignal | CancelledRun):
        if _is_cancelling():
            return Status.CANCELLED, "cancelled in the Prefect UI or with its API"
        return Status.INTERRUPTED, "its process was told to end (SIGTERM)"
    return Status.FAILED, f"{type(error).__name__}: {error}"


def _is_cancelling() -> bool:
    """Whether Prefect has this flow run as being cancelled; False where its server is gone, too."""
    run = flow_run.get_id()
    if run is None:
        return False
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(UUID(run)).state
    except (httpx.HTTPError, ObjectNotFound) as error:
        logger.warning("the server does not tell who ended this run: %s", error)
        return False
    return state is not None and (state.is_cancelling() or state.is_cancelled())


def run_book() -> RunBook:
    """The runs of this machine's outputs folder."""
    return RunBook(OutputStore(Settings().outputs_folder))
