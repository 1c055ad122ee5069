"""Fixtures of the tests of flows and commands."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner, Result
from command_line import Rakuten

from flows.cli import main


@pytest.fixture
def as_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Lets commands run in this process as in one of their own.

    They find no RAKUTEN_ or PREFECT_ variable, and an empty current folder; one that would start a server or a worker
    fails. Variables and signal handlers that they set are reset.
    """
    environment = dict(os.environ)
    handlers = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}
    for name in environment:
        if name.startswith(("RAKUTEN_", "PREFECT_")):
            del os.environ[name]
    folder = tmp_path / "current"
    folder.mkdir()
    monkeypatch.chdir(folder)
    # They end their process at once where Prefect is loaded, and here that is pytest's.
    monkeypatch.setattr("flows.commands.calling._leave", sys.exit)
    monkeypatch.setattr("flows.prefect_server.start", _refuse)
    monkeypatch.setattr("flows.serving.serve.start", _refuse)
    yield
    for which, handler in handlers.items():
        signal.signal(which, handler)
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


@pytest.fixture
def one_product_dump(tmp_path: Path) -> Path:
    """A dump of one labelled product without an image."""
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "X_train_update.csv").write_text(",designation,description,productid,imageid\n0,Chaise,,1,2\n", "utf-8")
    (folder / "y_train_CVw08PX.csv").write_text(",prdtypecode\n0,10\n", "utf-8")
    return folder
