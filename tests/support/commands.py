"""Fixtures for tests of flows and commands; conftest.py of their folders names them."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner, Result
from command_line import Rakuten

from flows.cli.main import main
from rakuten.outputs import OutputStore, StageOutput
from rakuten.stages import Stage


@pytest.fixture
def as_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Lets commands run in this process as in one of their own.

    They find no RAKUTEN_ or PREFECT_ variable, and an empty current folder; one that would start a server or a worker
    fails. Variables, signal handlers and log formats that they set are reset.
    """
    environment = dict(os.environ)
    handlers = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}
    formats = [(handler, handler.formatter, handler.filters.copy()) for handler in logging.getLogger().handlers]
    for name in environment:
        if name.startswith(("RAKUTEN_", "PREFECT_")):
            del os.environ[name]
    folder = tmp_path / "current"
    folder.mkdir()
    monkeypatch.chdir(folder)
    # They end their process at once where Prefect is loaded, and here that is pytest's.
    monkeypatch.setattr("flows.cli.flow_calls._leave", sys.exit)
    monkeypatch.setattr("deployments.server.session.start", _refuse)
    monkeypatch.setattr("deployments.serve.start", _refuse)
    yield
    for which, handler in handlers.items():
        signal.signal(which, handler)
    for log, formatter, filters in formats:
        log.setFormatter(formatter)
        log.filters[:] = filters
    os.environ.clear()
    os.environ.update(environment)


def _refuse(command: list[str], *arguments: object) -> NoReturn:
    raise AssertionError(f"a process was started for nothing: {command}")


@pytest.fixture
def rakuten(as_command: None, tmp_path: Path) -> Rakuten:
    """Runs a command in this process: arguments, the outputs folder (`outputs` of the test), further variables."""

    def run(*arguments: str, outputs: Path = tmp_path / "outputs", **variables: str) -> Result:
        os.environ.update({"RAKUTEN_OUTPUTS": str(outputs), "RAKUTEN_WEIGHTS": str(outputs), **variables})
        return CliRunner().invoke(main, arguments)

    return run


@pytest.fixture(scope="module")
def stages_in_process() -> Iterator[None]:
    """Run isolated stages in this process, one at a time.

    Each subprocess would import TensorFlow or Great Expectations again, in up to ten seconds; subprocesses have tests
    of their own, and the tests of whole runs use them.
    """
    turn = threading.Lock()

    def run(store: OutputStore, stage: Stage, inputs: dict[str, Any], *_: Any, **__: Any) -> StageOutput:
        with turn:
            return store.run(stage, **inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.stage_task.run_in_child", run)
        yield


@pytest.fixture
def one_product_dump(tmp_path: Path) -> Path:
    """A dump of one labelled product without an image."""
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "X_train_update.csv").write_text(",designation,description,productid,imageid\n0,Chaise,,1,2\n", "utf-8")
    (folder / "y_train_CVw08PX.csv").write_text(",prdtypecode\n0,10\n", "utf-8")
    return folder
