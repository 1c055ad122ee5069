"""What carries out tasks: threads that let a flow end, and engines that say what they lack."""

import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from rakuten.errors import InputError
from tasks.orchestration.engine import Threads, task_runner

release = threading.Event()


@task(cache_policy=NO_CACHE, persist_result=False)
def go_on() -> None:
    """A training that takes its time."""
    release.wait(60)


@flow(task_runner=Threads())
def interrupted() -> None:
    """A flow that is told to end while a task is under way."""
    go_on.submit()
    time.sleep(0.5)
    raise KeyboardInterrupt


@pytest.mark.usefixtures("prefect_api")
def test_a_flow_that_is_told_to_end_does_not_wait_for_its_tasks(outputs: Path) -> None:
    clock = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert time.monotonic() - clock < 20
    finally:
        release.set()


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_an_engine_that_is_not_installed_says_so(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec(f"prefect_{engine}"):
        pytest.skip(f"prefect_{engine} is installed")
    monkeypatch.setenv("RAKUTEN_ENGINE", engine)
    with pytest.raises(InputError, match=f"asks for prefect_{engine}"):
        task_runner()


def test_without_a_setting_tasks_run_in_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAKUTEN_ENGINE", raising=False)
    assert isinstance(task_runner(), Threads)
