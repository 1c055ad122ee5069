"""Automations see the runs of a schedule as they begin and end."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from prefect.server.events.ordering import EventArrivedEarly, get_triggers_causal_ordering
from prefect.server.events.schemas.events import ReceivedEvent, Resource
from prefect.settings import PREFECT_SERVER_EVENTS_CAUSAL_ORDERING, temporary_settings

from deployments.server.environment import served_environment
from deployments.server.event_order import CausalOrdering
from rakuten.settings import Settings

NEVER_SENT = uuid4()


@pytest.fixture
def handled() -> list[str]:
    return []


@pytest.fixture
def order() -> CausalOrdering:
    return CausalOrdering(scope=str(uuid4()))


def change(before: str | None, after: str, follows: UUID | None) -> ReceivedEvent:
    return ReceivedEvent(
        occurred=datetime.now(UTC),
        event=f"prefect.flow-run.{after}",
        resource=Resource({"prefect.resource.id": "prefect.flow-run.1"}),
        payload={"initial_state": None if before is None else {"type": before}},
        id=uuid4(),
        follows=follows,
    )


async def handle(order: CausalOrdering, event: ReceivedEvent, handled: list[str]) -> None:
    async def again(waiting: ReceivedEvent, depth: int = 0) -> None:
        async with order.preceding_event_confirmed(again, waiting, depth):
            handled.append(waiting.event.rpartition(".")[2])

    try:
        await again(event)
    except EventArrivedEarly:
        handled.append("later")


def test_a_run_of_a_schedule_is_seen_at_once(order: CausalOrdering, handled: list[str]) -> None:
    pending = change("SCHEDULED", "Pending", follows=NEVER_SENT)
    running = change("PENDING", "Running", follows=pending.id)

    async def both() -> None:
        await handle(order, pending, handled)
        await handle(order, running, handled)

    asyncio.run(both())
    assert handled == ["Pending", "Running"]


@pytest.mark.parametrize("before", ["PENDING", "RUNNING"])
def test_other_events_wait_for_the_one_before(order: CausalOrdering, handled: list[str], before: str) -> None:
    first = change("SCHEDULED", "Pending", follows=None)
    second = change(before, "Running", follows=first.id)

    async def the_wrong_way_round() -> None:
        await handle(order, second, handled)
        await handle(order, first, handled)

    asyncio.run(the_wrong_way_round())
    assert handled == ["later", "Pending", "Running"]


def test_an_event_of_a_run_that_was_never_in_a_state_waits_as_well(order: CausalOrdering, handled: list[str]) -> None:
    asyncio.run(handle(order, change(None, "Scheduled", follows=NEVER_SENT), handled))
    assert handled == ["later"]


def test_prefect_takes_the_module() -> None:
    named = served_environment(Settings())["PREFECT_SERVER_EVENTS_CAUSAL_ORDERING"]
    with temporary_settings({PREFECT_SERVER_EVENTS_CAUSAL_ORDERING: named}):
        assert isinstance(get_triggers_causal_ordering(), CausalOrdering)
