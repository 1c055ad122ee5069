"""Runs that a command began and a kill ended before any server could miss their heartbeats."""

import logging
from uuid import UUID

from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from rakuten.outputs.runs import RunBook, Status

logger = logging.getLogger("rakuten.serving")


def mark_interrupted_runs(book: RunBook) -> None:
    """Mark as crashed what the server takes for running and the records of runs know to be dead.

    Args:
        book: The records; a run's process holds a lock there while it lives.
    """
    interrupted = [record for record in book.all() if book.status(record) is Status.INTERRUPTED and record.flow_run]
    with get_client(sync_client=True) as client:
        for record in interrupted:
            run = _read(client, UUID(record.flow_run))
            if run is not None:
                _mark(client, run)
                if run.parent_task_run_id is not None:
                    parent = client.read_task_run(run.parent_task_run_id).flow_run_id
                    _mark(client, None if parent is None else _read(client, parent))


def _read(client: SyncPrefectClient, run: UUID) -> FlowRun | None:
    try:
        return client.read_flow_run(run)
    except ObjectNotFound:
        return None


def _mark(client: SyncPrefectClient, run: FlowRun | None) -> None:
    """Mark a run that is nobody's: a worker's has its own ways."""
    if run is not None and run.deployment_id is None and run.state is not None and run.state.is_running():
        client.set_flow_run_state(run.id, Crashed(message="its process was killed"), force=True)
        logger.info("%s was killed: marked crashed", run.name)
