"""At the next start no run is left in a state that nobody will end, and no concurrency slot is held by nobody."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import flow, get_client, task
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
    WorkPoolCreate,
)
from prefect.client.schemas.objects import ConcurrencyOptions, FlowRun, State
from prefect.client.schemas.schedules import CronSchedule
from prefect.states import (
    AwaitingRetry,
    Cancelling,
    Completed,
    Crashed,
    Late,
    Paused,
    Pending,
    Running,
    Scheduled,
    Submitting,
    Suspended,
)

from deployments import work_pool
from deployments.recovery import interrupted_runs as interrupted
from deployments.recovery.concurrency_slots import free_slots
from deployments.recovery.interrupted_runs import recover_runs
from deployments.recovery.missed_schedules import MISSED, catch_up, unscheduled_times
from deployments.recovery.unreachable_runs import replace_unreachable_runs
from tasks.observability.events import RUNS_MISSED
from tasks.orchestration.flow_run_locks import hold_flow_run_lock

pytestmark = pytest.mark.usefixtures("prefect_api", "outputs")

POOL = "recovery"
LAST_HOUR = datetime.now(UTC) - timedelta(hours=1)


@flow(name="recovered")
def recovered() -> None: ...


@task(name="step")
def step() -> None: ...


@pytest.fixture(scope="module")
def client(prefect_api: None) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as made:
        yield made


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupted, "SETTLING_SECONDS", 0.0)
    monkeypatch.setattr(interrupted, "PATIENCE_SECONDS", 1.0)


@pytest.fixture
def deployment(client: SyncPrefectClient) -> Iterator[UUID]:
    """A nightly deployment of which only one run may be under way."""
    if POOL not in {pool.name for pool in client.read_work_pools()}:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    made = client.create_deployment(
        flow_id=client.create_flow(recovered),
        name=f"nightly-{uuid4()}",
        work_pool_name=POOL,
        schedules=[DeploymentScheduleCreate(schedule=CronSchedule(cron="0 3 * * *", timezone="UTC"), slug="night")],
        concurrency_limit=1,
        concurrency_options=ConcurrencyOptions(collision_strategy="CANCEL_NEW"),
    )
    yield made
    client.delete_deployment(made)


def put(client: SyncPrefectClient, deployment: UUID, state: State[Any]) -> UUID:
    """A run that the database has in some state."""
    run = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(run.id, state, force=True)
    return run.id


def overdue(client: SyncPrefectClient, deployment: UUID, hours: float) -> UUID:
    """A run that the server scheduled some hours ago."""
    due = datetime.now(UTC) - timedelta(hours=hours)
    body = {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": due.isoformat()}}}
    run = client.request("POST", "/deployments/{id}/create_flow_run", path_params={"id": deployment}, json=body).json()
    return UUID(run["id"])


def slots(client: SyncPrefectClient, deployment: UUID) -> int:
    limit = client.read_global_concurrency_limit_by_name(f"deployment:{deployment}")
    return int(limit.active_slots)


def state_of(client: SyncPrefectClient, run: UUID) -> str | None:
    return client.read_flow_run(run).state_name


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (Pending(), "Scheduled"),
        (Submitting(), "Scheduled"),
        (Running(), "Scheduled"),
        (Running(name="Retrying"), "Scheduled"),
        (Cancelling(), "Cancelled"),
        (Paused(), "Cancelled"),
        (Suspended(), "Cancelled"),
        # A worker takes these by itself.
        (Late(scheduled_time=LAST_HOUR), "Late"),
        (AwaitingRetry(scheduled_time=LAST_HOUR), "AwaitingRetry"),
        (Scheduled(name="AwaitingConcurrencySlot", scheduled_time=LAST_HOUR), "AwaitingConcurrencySlot"),
        (Scheduled(name="Resuming"), "Resuming"),
        (Completed(), "Completed"),
        (Crashed(), "Crashed"),
    ],
    ids=lambda value: value.name if isinstance(value, State) else value,
)
def test_a_run_of_a_deployment_goes_on_or_is_ended_whatever_its_state(
    client: SyncPrefectClient, deployment: UUID, state: State[Any], after: str
) -> None:
    run = put(client, deployment, state)
    recover_runs(client)
    assert state_of(client, run) == after


@pytest.mark.parametrize("state", [Pending(), Running(), Paused(), Scheduled(), AwaitingRetry()], ids=lambda s: s.name)
def test_a_run_of_a_command_is_marked_crashed_whatever_its_state(client: SyncPrefectClient, state: State[Any]) -> None:
    run = client.create_flow_run(recovered, state=state)
    recover_runs(client)
    assert state_of(client, run.id) == "Crashed"


def test_runs_and_tasks_inside_a_run_are_ended_with_it(client: SyncPrefectClient, deployment: UUID) -> None:
    parent = put(client, deployment, Running())
    caller = client.create_task_run(step, flow_run_id=parent, dynamic_key="0", state=Running())
    child = client.create_flow_run(recovered, parent_task_run_id=caller.id, state=Running())
    inner = client.create_task_run(step, flow_run_id=child.id, dynamic_key="0", state=Running())
    recover_runs(client)
    assert state_of(client, parent) == "Scheduled"
    assert state_of(client, child.id) == "Crashed"
    assert {client.read_task_run(each.id).state_name for each in (caller, inner)} == {"Crashed"}


def test_a_run_whose_process_lives_is_left_alone_with_its_tasks(client: SyncPrefectClient) -> None:
    run = client.create_flow_run(recovered, state=Running())
    inner = client.create_task_run(step, flow_run_id=run.id, dynamic_key="0", state=Running())
    with hold_flow_run_lock(run.id):
        recover_runs(client)
        assert state_of(client, run.id) == "Running"
        assert client.read_task_run(inner.id).state_name == "Running"
    recover_runs(client)
    assert state_of(client, run.id) == "Crashed"


def test_a_pause_with_a_time_limit_is_left_to_the_server(client: SyncPrefectClient, deployment: UUID) -> None:
    limited = put(client, deployment, Suspended(timeout_seconds=600))
    over = put(client, deployment, Suspended(pause_expiration_time=LAST_HOUR))
    recover_runs(client)
    assert (state_of(client, limited), state_of(client, over)) == ("Suspended", "Cancelled")


def test_a_run_that_its_server_marked_at_once_goes_on_too(client: SyncPrefectClient, deployment: UUID) -> None:
    earlier = put(client, deployment, Crashed())
    since = datetime.now(UTC)
    marked = put(client, deployment, Crashed(message="its process is gone: no heartbeat"))
    recover_runs(client, since=since)
    assert (state_of(client, earlier), state_of(client, marked)) == ("Crashed", "Scheduled")


def test_a_run_that_was_started_often_is_not_started_again(
    client: SyncPrefectClient, deployment: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = put(client, deployment, Running())
    monkeypatch.setattr(interrupted, "STARTS", client.read_flow_run(run).run_count)
    recover_runs(client)
    assert state_of(client, run) == "Crashed"


def test_a_night_that_died_while_pending_leaves_its_slot_to_the_next(
    client: SyncPrefectClient, deployment: UUID
) -> None:
    died = client.create_flow_run_from_deployment(deployment).id
    client.set_flow_run_state(died, Submitting())
    assert slots(client, deployment) == 1
    recover_runs(client)
    free_slots(client)
    assert slots(client, deployment) == 0
    assert client.set_flow_run_state(died, Submitting()).state.name == "Submitting"
    client.set_flow_run_state(died, Completed(), force=True)
    assert slots(client, deployment) == 0


def test_slots_that_only_the_count_knows_are_freed(
    client: SyncPrefectClient, deployment: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"of-a-person-{uuid4()}"
    client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=3))
    counted = {f"deployment:{deployment}": 1, name: 2}
    for limit, count in counted.items():
        client.update_global_concurrency_limit(limit, GlobalConcurrencyLimitUpdate(active_slots=count))
    with caplog.at_level(logging.INFO, "rakuten.serving"):
        free_slots(client)
    for limit in counted:
        assert client.read_global_concurrency_limit_by_name(limit).active_slots == 0
        assert sum(limit in line for line in caplog.messages) == 1


def test_nights_that_were_missed_are_made_up_for_once_and_told_of(
    client: SyncPrefectClient, deployment: UUID, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = listen(monkeypatch)
    nights = [overdue(client, deployment, hours) for hours in (50, 26, 2)]
    as_scheduled(monkeypatch, nights)
    by_hand = overdue(client, deployment, 30)
    catch_up(client, [])
    assert [state_of(client, night) for night in nights] == [MISSED, MISSED, "Scheduled"]
    assert state_of(client, by_hand) == "Scheduled"
    ((event, payload),) = told
    assert event == RUNS_MISSED
    assert payload["words"] in caplog.messages
    assert len(payload["times"]) >= 3


@pytest.mark.parametrize("before", [Submitting(), Running()], ids=lambda state: state.name)
def test_an_interrupted_night_makes_up_for_those_after_it(
    client: SyncPrefectClient, deployment: UUID, monkeypatch: pytest.MonkeyPatch, before: State[Any]
) -> None:
    told = listen(monkeypatch)
    died, night = overdue(client, deployment, 25), overdue(client, deployment, 1)
    as_scheduled(monkeypatch, [died, night])
    client.set_flow_run_state(died, before, force=True)
    catch_up(client, recover_runs(client))
    assert (state_of(client, night), state_of(client, died)) == (MISSED, "Scheduled")
    assert len(told) == 1


def test_one_late_night_runs_now_and_is_not_called_missed(
    client: SyncPrefectClient, deployment: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = listen(monkeypatch)
    night = overdue(client, deployment, 0.001)
    as_scheduled(monkeypatch, [night])
    monkeypatch.setattr("deployments.recovery.missed_schedules.unscheduled_times", lambda *_: [])
    catch_up(client, [])
    assert state_of(client, night) == "Scheduled"
    assert told == []


def test_nights_that_were_never_scheduled_are_counted(client: SyncPrefectClient, deployment: UUID) -> None:
    found = client.read_deployment(deployment)
    after, before = datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 4, 12, tzinfo=UTC)
    assert unscheduled_times(found, after, before) == [datetime(2026, 11, day, 3, tzinfo=UTC) for day in (2, 3, 4)]


def test_a_run_whose_queue_was_deleted_is_scheduled_anew(client: SyncPrefectClient, deployment: UUID) -> None:
    queue = client.create_work_queue(f"lost-{uuid4()}", work_pool_name=POOL)
    run = client.create_flow_run_from_deployment(deployment, work_queue_name=queue.name, tags=["asked"])
    client.delete_work_queue_by_id(queue.id)
    replace_unreachable_runs(client)
    assert state_of(client, run.id) == "Cancelled"
    (substitute,) = [found for found in runs_named(client, run.name) if found.id != run.id]
    assert (substitute.work_queue_name, substitute.tags, substitute.state_name) == ("default", ["asked"], "Scheduled")


def runs_named(client: SyncPrefectClient, name: str) -> list[FlowRun]:
    return [found for found in client.read_flow_runs(limit=200) if found.name == name]


def as_scheduled(monkeypatch: pytest.MonkeyPatch, runs: list[UUID]) -> None:
    """Have only these runs count as made by a schedule."""
    read = interrupted.read_runs

    def marked(client: SyncPrefectClient, *types: Any) -> list[FlowRun]:
        return [run.model_copy(update={"auto_scheduled": run.id in runs}) for run in read(client, *types)]

    monkeypatch.setattr("deployments.recovery.missed_schedules.read_runs", marked)


def listen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Events that are emitted, in order."""
    told: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(
        "tasks.observability.events.emit_event", lambda event, resource, payload: told.append((event, payload))
    )
    return told


def test_lock_files_of_killed_processes_are_removed(client: SyncPrefectClient, outputs: Path) -> None:
    left = outputs / "locks" / "flow-runs" / f"{uuid4()}.lock"
    left.parent.mkdir(parents=True)
    left.touch()
    recover_runs(client)
    assert not left.exists()


def test_a_worker_of_another_machine_is_told_from_a_killed_one(
    client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = work_pool.POOL
    if name not in {pool.name for pool in client.read_work_pools()}:
        client.create_work_pool(WorkPoolCreate(name=name, type="process"))
    beat(client, "serve on here")
    assert not work_pool.has_other_workers(client, "serve on here")
    beat(client, "ProcessWorker 1")
    assert work_pool.has_other_workers(client, "serve on here")
    # One that was killed with the server sends no heartbeat to the next.
    monkeypatch.setattr(work_pool, "WORKER_BEAT_SECONDS", 0.0)
    since = datetime.now(UTC)
    assert not work_pool.has_other_workers(client, "serve on here", since)
    beat(client, "ProcessWorker 1")
    assert work_pool.has_other_workers(client, "serve on here", since)


def beat(client: SyncPrefectClient, worker: str) -> None:
    path = f"/work_pools/{work_pool.POOL}/workers/heartbeat"
    client.request("POST", path, json={"name": worker, "heartbeat_interval_seconds": 30})  # type: ignore[arg-type]
