"""What carries out a run's tasks: threads of its own process, or a Dask or Ray cluster.

Only where tasks run depends on it: keys and outputs are the same. All machines of a cluster need this project installed
and the same outputs folder, on a file system with working flock and atomic rename.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from rakuten.errors import InputError
from rakuten.settings import Settings


class Threads(ThreadPoolTaskRunner[Any]):
    """Prefect's threads, but a flow that is told to end does not wait for the tasks that go on.

    Its process leaves next, and the processes of trainings with it; their work is found by the next run.
    """

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the threads; at once, where anything but an ordinary error ends the flow."""
        told_to_end = exc_type is not None and not issubclass(exc_type, Exception)
        if told_to_end and self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None
        super().__exit__(exc_type, exc_value, traceback)


def task_runner() -> TaskRunner[Any]:
    """The task runner of this machine's settings.

    Raises:
        InputError: If the engine's package is not installed.
    """
    settings = Settings()
    if settings.engine == "local":
        return Threads()
    runners = _package(f"prefect_{settings.engine}")
    if settings.engine == "ray":
        runner: TaskRunner[Any] = runners.RayTaskRunner(address=settings.engine_address)
    elif settings.engine_address is None:
        runner = runners.DaskTaskRunner(cluster_kwargs=_local_cluster(settings))
    else:
        runner = runners.DaskTaskRunner(address=settings.engine_address)
    return runner


@contextmanager
def taking(slot: bool) -> Iterator[None]:
    """Have the cluster place the tasks submitted meanwhile where one of its training slots is free.

    Args:
        slot: Whether they take one.
    """
    settings = Settings()
    if not slot or settings.engine_slot is None or settings.engine == "local":
        yield
    elif settings.engine == "dask":
        with _package("dask").annotate(resources={settings.engine_slot: 1}):
            yield
    else:
        # What Ray knows as a GPU it also makes the only one that the task's process sees.
        wanted = {"num_gpus": 1} if settings.engine_slot == "GPU" else {"resources": {settings.engine_slot: 1}}
        with _package("prefect_ray.context").remote_options(**wanted):
            yield


def _local_cluster(settings: Settings) -> dict[str, object]:
    """A Dask cluster of processes of this machine, one a core."""
    resources = {} if settings.engine_slot is None else {"resources": {settings.engine_slot: 1}}
    return {"n_workers": settings.cores, "threads_per_worker": 2, "dashboard_address": None, **resources}


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise InputError(f"RAKUTEN_ENGINE asks for {name}, and it cannot be imported: {error}") from error
