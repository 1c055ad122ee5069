"""Waiting for what a flow submitted, and telling the failure that caused the others."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from prefect.futures import PrefectFuture, wait
from prefect.runtime import flow_run

from rakuten.errors import ConstantPredictionError, InputError
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


def settled(futures: Mapping[str, Any]) -> tuple[dict[str, StageOutput], dict[str, str]]:
    """Wait for trainings of which some may be refused, for what they were asked to do or for what came of it.

    Args:
        futures: By name.

    Returns:
        Outputs by name, and by name why there is none.

    Raises:
        Exception: What a task raised that failed for any other reason; all others are waited for before.
    """
    wait(list(futures.values()))
    refused = {name: reason for name, future in futures.items() if (reason := _refusal(future)) is not None}
    submitted = _submitted[flow_run.get_id()]
    for name in refused:
        submitted.remove(futures[name])
    expected = {name: future for name, future in futures.items() if name not in refused}
    if not all(future.state.is_completed() for future in expected.values()):
        outputs_of({})
    return {name: output_of(future) for name, future in expected.items()}, refused


def _refusal(future: PrefectFuture[Any]) -> str | None:
    if not future.state.is_failed():
        return None
    error = future.state.result(raise_on_failure=False)
    return str(error) if isinstance(error, InputError | ConstantPredictionError) else None


def output_of(future: Any) -> StageOutput:
    """The output of a future, waited for; an output is its own.

    Raises:
        Exception: What the task raised.
    """
    output = future.result() if isinstance(future, PrefectFuture) else future
    assert isinstance(output, StageOutput)
    return output
