"""Runs of schedules that did not take place while the machine was off: made up for once, and reported.

The newest overdue run of a deployment stays and runs now, unless an interrupted run of that deployment goes on anyway.
The others are cancelled, in a state named "Missed".
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from prefect import State
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.server.schemas.schedules import SCHEDULE_TYPES
from prefect.states import Cancelled
from pydantic import TypeAdapter

from deployments.recovery.interrupted_runs import read_runs
from tasks.observability.events import emit_runs_missed

logger = logging.getLogger("rakuten.serving")

MISSED = "Missed"
# Times named in a message.
NAMED = 5
# Dates that a schedule is asked for at most: a month of every five minutes.
DATES = 9000


def catch_up(client: SyncPrefectClient, resumed: Sequence[FlowRun]) -> None:
    """Leave one overdue run to each deployment with a schedule, and report the others.

    Args:
        client: Of a server with no worker.
        resumed: Interrupted runs that go on.
    """
    now = datetime.now(UTC)
    going_on = {run.deployment_id: run for run in resumed}
    known = {run.id for run in resumed}
    overdue = [
        run
        for run in read_runs(client, StateType.SCHEDULED)
        if run.auto_scheduled and run.run_count == 0 and _due(run) < now and run.id not in known
    ]
    overdue.sort(key=lambda run: (str(run.deployment_id), _due(run)))
    for deployment, grouped in groupby(overdue, key=lambda run: run.deployment_id):
        if deployment is None:
            continue
        runs = list(grouped)
        stays = going_on.get(deployment)
        missed = runs if stays is not None else runs[:-1]
        substitute = stays or runs[-1]
        for run in missed:
            client.set_flow_run_state(run.id, missed_state(substitute.name), force=True)
        _report(client, deployment, runs, substitute, now)


def missed_state(substitute: str) -> State:
    """State of a run that was due while the machine was off.

    Args:
        substitute: Name of the run that is made in its stead.
    """
    return Cancelled(name=MISSED, message=f"it was due while the machine was off; {substitute} runs in its stead")


def _report(
    client: SyncPrefectClient, deployment: UUID, runs: Sequence[FlowRun], substitute: FlowRun, now: datetime
) -> None:
    try:
        found = client.read_deployment(deployment)
    except ObjectNotFound:
        return
    times = [_due(run) for run in runs] + unscheduled_times(found, _due(runs[-1]), now)
    if substitute is runs[-1] and len(times) == 1:
        logger.info("%s: the run of %s runs now", found.name, _shown(times[0]))
        return
    named = ", ".join(map(_shown, times[-NAMED:]))
    if len(times) > NAMED:
        named = f"… {named}"
    words = f"{found.name}: {len(times)} missed while the machine was off ({named}); one run makes up for all"
    logger.warning("%s", words)
    emit_runs_missed(found.name, str(deployment), [time.isoformat() for time in times], words)


def unscheduled_times(deployment: DeploymentResponse, after: datetime, before: datetime) -> list[datetime]:
    """Times of a deployment's active schedules between two moments, both excluded."""
    parse: TypeAdapter[Any] = TypeAdapter(SCHEDULE_TYPES)
    found: set[datetime] = set()
    for each in deployment.schedules:
        if each.active:
            schedule = parse.validate_python(each.schedule.model_dump())
            found |= set(asyncio.run(schedule.get_dates(n=DATES, start=after, end=before)))
    return sorted(time.astimezone(UTC) for time in found if after < time < before)


def _due(run: FlowRun) -> datetime:
    assert run.expected_start_time is not None
    return run.expected_start_time


def _shown(time: datetime) -> str:
    return f"{time.astimezone():%d %b %H:%M}"
