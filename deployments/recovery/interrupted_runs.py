"""Recovery of flow runs whose processes are gone: scheduled anew, or marked crashed or cancelled.

Called before this machine's worker starts, so that no process of a deployment's run can be there, except one that is
about to end. A run started by a command holds its lock while it lives (`tasks.orchestration.flow_run_locks`).
"""

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from prefect import State
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed, Scheduled

from tasks.orchestration.flow_run_locks import has_process, remove_unheld_locks

logger = logging.getLogger("rakuten.serving")

OPEN = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.PAUSED)
# A run that takes its machine down must not be started for ever.
STARTS = 5
# A run of a killed worker ends within 20 s; a run of a command takes its lock soon after its first state.
PATIENCE_SECONDS = 30.0
SETTLING_SECONDS = 10.0
PAGE = 200


def recover_runs(
    client: SyncPrefectClient, *, types: Sequence[StateType] = OPEN, since: datetime | None = None
) -> list[FlowRun]:
    """Settle every run that is under way by its state and has no process; its task runs, too.

    Args:
        client: Of a server whose only worker is this machine's, which is not started.
        types: Only runs in states of these types.
        since: Runs of deployments marked crashed after this moment count as under way: the server's automation acts
            by itself as soon as the server is up.

    Returns:
        The runs scheduled anew.
    """
    found = [run for run in read_runs(client, *types) if not _waits_for_worker(run)]
    if since is not None:
        found += [run for run in _newly_crashed(client, since) if run.deployment_id]
    resumed = []
    for run in _without_process(client, found):
        state = _recovery_state(run)
        if state is None:
            logger.info("run %s is %s; the server ends it at its time limit", run.name, run.state_name)
            continue
        client.set_flow_run_state(run.id, state, force=True)
        outcome = "scheduled anew" if state.is_scheduled() else f"marked {str(state.name).lower()}"
        logger.info("run %s was %s when its process ended: %s", run.name, run.state_name, outcome)
        if state.is_scheduled():
            resumed.append(run)
    _end_task_runs(client)
    remove_unheld_locks()
    return resumed


def read_runs(client: SyncPrefectClient, *types: StateType) -> list[FlowRun]:
    """Read all flow runs in states of some types, the earliest due first."""
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))))
    runs: list[FlowRun] = []
    order = FlowRunSort.EXPECTED_START_TIME_ASC
    while page := client.read_flow_runs(flow_run_filter=wanted, sort=order, limit=PAGE, offset=len(runs)):
        runs += page
    return runs


def _newly_crashed(client: SyncPrefectClient, since: datetime) -> Iterator[FlowRun]:
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED])))
    for run in client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.END_TIME_DESC, limit=PAGE):
        if _changed(run) >= since:
            yield run


def _waits_for_worker(run: FlowRun) -> bool:
    return run.deployment_id is not None and run.state_type is StateType.SCHEDULED


def _without_process(client: SyncPrefectClient, runs: Sequence[FlowRun]) -> Iterator[FlowRun]:
    """The runs that have no process; processes about to end, or to begin, are waited for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for run in runs:
        while _may_change(run) and time.monotonic() < deadline:
            time.sleep(0.5)
        if has_process(run.id):
            continue
        try:
            now = client.read_flow_run(run.id)
        except ObjectNotFound:
            continue
        if now.state_type in OPEN and not _waits_for_worker(now):
            yield now
        elif now.state_type is StateType.CRASHED and run.deployment_id is not None:
            # Its own process recorded its end meanwhile.
            yield run


def _may_change(run: FlowRun) -> bool:
    if run.deployment_id is not None:
        return has_process(run.id)
    return not has_process(run.id) and datetime.now(UTC) - _changed(run) < timedelta(seconds=SETTLING_SECONDS)


def _recovery_state(run: FlowRun) -> State | None:
    """The state that a run without a process is put in; None: the server itself will end it."""
    assert run.state is not None
    if run.state.is_cancelling():
        return Cancelled(message="its process ended before it could be told to stop")
    if run.deployment_id is None:
        return Crashed(message="its process was killed")
    if run.state.is_paused():
        limit = run.state.state_details.pause_timeout
        if limit is not None and limit > datetime.now(UTC):
            return None
        return Cancelled(message="it was paused when its process ended; run it again to go on")
    if run.run_count >= STARTS:
        return Crashed(message=f"its process was killed; not started again after {run.run_count} starts")
    return Scheduled(message="its process was killed; goes on where it was")


def _end_task_runs(client: SyncPrefectClient) -> None:
    """Mark task runs as crashed whose flow run has no process; a later start of the flow run makes its own."""
    wanted = TaskRunFilter(state=TaskRunFilterState(type=TaskRunFilterStateType(any_=list(OPEN))))
    alive = 0
    while page := client.read_task_runs(task_run_filter=wanted, limit=PAGE, offset=alive):
        for task in page:
            if task.flow_run_id is not None and has_process(task.flow_run_id):
                alive += 1
            else:
                state: State = Crashed(message="the process of its flow run was killed")
                client.set_task_run_state(task.id, state, force=True)


def _changed(run: FlowRun) -> datetime:
    assert run.state is not None
    return run.state.timestamp
