"""Several runs of a flow inside another, some at once."""

import contextvars
import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from prefect import Flow
from prefect.client.schemas.objects import State

from tasks.orchestration.nightly_priority import wait_for_turn

R = TypeVar("R")


def run_each(flow: Flow[..., R], calls: Sequence[Mapping[str, object]], at_once: int) -> list[State[R]]:
    """Run a flow once for each set of parameters; one that fails leaves the others be.

    Args:
        flow: What to run.
        calls: Parameters of each run, in the order they begin.
        at_once: How many go on at a time.

    Returns:
        How each ended.
    """
    threads = ThreadPoolExecutor(at_once, thread_name_prefix=flow.name)
    try:
        # Of the calling run's context, so that Prefect knows whose they are.
        futures = [
            threads.submit(contextvars.copy_context().run, functools.partial(_run, flow, **call)) for call in calls
        ]
        return [future.result() for future in futures]
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _run(flow: Flow[..., R], **parameters: object) -> State[R]:
    wait_for_turn()
    state: State[R] = flow(**parameters, return_state=True)  # type: ignore[assignment]
    return state
