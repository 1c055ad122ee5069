"""Which Prefect API a command talks to: the one the environment names, the one of `make ui`, or one of its own.

Imports nothing of Prefect: the variables below must be set before Prefect is first imported, and a command's own server
starts while that import goes on.
"""

import importlib
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from flows.serving.environment import prefect_environment, prefect_home, served_environment, ui_address
from flows.serving.hand_over import hand_over
from flows.serving.processes import Process, answers, end, free_port, is_free, start, wait_until_ready
from rakuten.errors import RakutenError
from rakuten.outputs.atomic import write_whole
from rakuten.outputs.locks import exclusive, is_held
from rakuten.settings import Settings

STOP_SECONDS = 15.0


@contextmanager
def prefect_api(settings: Settings, *, meanwhile: str) -> Iterator[None]:
    """Have this process's Prefect talk to an API while the block runs.

    Must be entered before Prefect is imported.

    Args:
        settings: Where the database is.
        meanwhile: Module to import while a server of our own comes up.

    Raises:
        RakutenError: If a server of our own does not come up.
    """
    os.environ.update(prefect_environment(settings))
    if "PREFECT_API_URL" in os.environ:
        yield
    elif (address := _running_ui(settings)) is not None:
        os.environ["PREFECT_API_URL"] = address
        yield
    else:
        with _own_server(settings) as (server, address):
            os.environ["PREFECT_API_URL"] = address
            importlib.import_module(meanwhile)
            wait_until_ready(address, server)
            _migrated(settings).touch()
            try:
                yield
            finally:
                hand_over()


@contextmanager
def served(settings: Settings) -> Iterator[tuple[Process, str]]:
    """Run Prefect's server and UI over the project's database while the block runs; commands find and use it.

    Yields:
        The server's process, which may not answer yet, and its API's address.

    Raises:
        RakutenError: If it runs already, or its port is taken.
    """
    if (address := _running_ui(settings)) is not None:
        raise RakutenError(f"the UI runs already, at {address.removesuffix('/api')}")
    if not is_free(settings.ui_port):
        raise RakutenError(f"port {settings.ui_port} is taken; name another in RAKUTEN_UI_PORT")
    address = f"{ui_address(settings)}/api"
    options = ["--host", "127.0.0.1", "--port", str(settings.ui_port)]
    with exclusive(_ui_lock(settings), purpose="the Prefect UI"):
        write_whole(_ui_address(settings), json.dumps(address))
        server = start(["flows.serving.server", "start", *options], served_environment(settings))
        try:
            yield server, address
        finally:
            end(server, [(signal.SIGTERM, STOP_SECONDS)])


def serve_ui(settings: Settings) -> int:
    """Run Prefect's server and UI over the project's database until interrupted.

    Returns:
        The server's exit code.

    Raises:
        RakutenError: As `served`.
    """
    with served(settings) as (server, _):
        try:
            return server.wait()
        except KeyboardInterrupt:
            return 0


def _ui_lock(settings: Settings) -> Path:
    return prefect_home(settings) / "ui.lock"


def _ui_address(settings: Settings) -> Path:
    return prefect_home(settings) / "ui.json"


def _running_ui(settings: Settings) -> str | None:
    """The API address of a running `make ui` over the same database."""
    if not is_held(_ui_lock(settings)):
        return None
    address: str = json.loads(_ui_address(settings).read_text("utf-8"))
    return address if answers(address) else None


@contextmanager
def _own_server(settings: Settings) -> Iterator[tuple[Process, str]]:
    """An API without UI for this process alone; the kernel ends it should this process be killed."""
    home = prefect_home(settings)
    home.mkdir(parents=True, exist_ok=True)
    is_migrated = _migrated(settings).exists() and (home / "prefect.db").exists()
    port = free_port()
    environment = {
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
        "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": str(not is_migrated).lower(),
    }
    # In a session of its own: it must still be there to be told that Ctrl-C cancelled the run.
    server = start(_uvicorn(port), environment)
    try:
        yield server, f"http://127.0.0.1:{port}/api"
    finally:
        server.terminate()
        server.wait()


def _migrated(settings: Settings) -> Path:
    """Says that the database has this version's tables; checking them takes longer than all the rest of the start."""
    return prefect_home(settings) / f"migrated-by-{version('prefect')}"


def _uvicorn(port: int) -> list[str]:
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "--lifespan", "on"]
    return ["uvicorn", "--factory", "flows.serving.server:create_app", *options]
