"""What all flows of this project share: names of their runs, a lock for each run, and what carries out their tasks."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect import Flow, flow
from prefect.runtime import flow_run

from tasks.orchestration.engine import task_runner
from tasks.orchestration.flow_run_locks import hold_flow_run_lock
from tasks.orchestration.run_names import run_name, tag_run

P = ParamSpec("P")
R = TypeVar("R")

# Tags of runs by flow; deployments/prefect.yaml has the same for its deployments.
TAGS = {
    "nightly": "training",
    "backfill": "training",
    "retrain": "training",
    "fuse": "training",
    "study-text": "training",
    "study-images": "training",
    "find-lr": "training",
    "features": "training",
    "score": "prediction",
    "predict": "prediction",
    "promote": "promotion",
    "watch-catalogue": "data",
    "drift": "data",
    "validate": "data",
    "explore": "data",
}


def project_flow(name: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Declare the function below as a flow.

    Args:
        name: The flow's name, in the Prefect UI and in the records of its runs.
    """

    def declare(function: Callable[P, R]) -> Flow[P, R]:
        return flow(name=name, flow_run_name=run_name, task_runner=task_runner())(_prepared(function, TAGS.get(name)))

    return declare


def _prepared(function: Callable[P, R], tag: str | None) -> Callable[P, R]:
    """Have a flow hold its run's lock while it runs, and tag its run where no deployment has."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with hold_flow_run_lock(flow_run.get_id()):
            if tag is not None:
                tag_run(tag)
            return function(*args, **kwargs)

    return run
