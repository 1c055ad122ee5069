"""Runs inside a run: bounded, independent of each other, known as parts of the whole."""

import threading
from pathlib import Path

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.runtime import flow_run

from tasks.orchestration.child_flows import run_each

going: list[int] = []
most: list[int] = []
guard = threading.Lock()
pair = threading.Barrier(2)


@flow
def part(number: int) -> int:
    with guard:
        going.append(number)
        most.append(len(going))
    # Nobody comes past it alone: that two go on at once is not left to the clock.
    pair.wait(timeout=60)
    with guard:
        going.remove(number)
    if number == 1:
        raise ValueError("this one fails")
    return number


@flow
def whole(numbers: list[int], at_once: int) -> tuple[str | None, list[str]]:
    states = run_each(part, [{"number": number} for number in numbers], at_once)
    return flow_run.get_id(), [state.type.value for state in states]


@pytest.mark.usefixtures("prefect_api")
def test_a_failing_part_leaves_the_others_be_and_no_more_go_on_at_once_than_asked(outputs: Path) -> None:
    most.clear()
    parent, states = whole([0, 1, 2, 3], at_once=2)
    assert states == ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]
    assert max(most) == 2
    assert parent is not None
    with get_client(sync_client=True) as client:
        children = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[parent]))
        )
    assert len(children) == 4
