"""Waiting for what a flow submitted, and telling the failure that caused the others."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from prefect.futures import PrefectFuture, wait
from prefect.runtime import flow_run

from rakuten.outputs import StageOutput

# By flow run, in order of submission, in which a cause comes before what it stops.
_submitted: defaultdict[str | None, list[PrefectFuture[Any]]] = defaultdict(list)


def remembered(future: PrefectFuture[Any]) -> PrefectFuture[Any]:
    """The same future, known to belong to the flow run that submits it."""
    _submitted[flow_run.get_id()].append(future)
    return future


def outputs_of(futures: Mapping[str, Any]) -> dict[str, str]:
    """Wait for everything this flow run has submitted and give the keys of some of it.

    All of it is waited for before a failure is raised, so that one failed training does not keep the others from being
    finished and cached.

    Args:
        futures: Futures or outputs by role; None where there was nothing to do.

    Raises:
        Exception: What the first failed task raised; tasks that waited for it have no error of their own.
    """
    submitted = _submitted.pop(flow_run.get_id(), [])
    wait(submitted)
    for future in submitted:
        if future.state.is_failed() or future.state.is_crashed():
            future.result()
    return {role: output_of(future).key for role, future in futures.items() if future is not None}


def output_of(future: Any) -> StageOutput:
    """The output of a future, waited for; an output is its own.

    Raises:
        Exception: What the task raised.
    """
    output = future.result() if isinstance(future, PrefectFuture) else future
    assert isinstance(output, StageOutput)
    return output
