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
from pathlib import Path

from deployments.server.api import require_api
from deployments.server.database import Revision, check_database, database_file
from deployments.server.environment import prefect_environment, prefect_home, served_environment, ui_address
from deployments.server.flush_events import hand_over
from deployments.server.processes import Process, answers, end, free_port, start, wait_until_ready, why_not_free
from rakuten.errors import RakutenError
from rakuten.outputs.atomic import write_whole
from rakuten.outputs.locks import exclusive, is_held
from rakuten.pages.terminal import notice
from rakuten.settings import Settings

STOP_SECONDS = 15.0
LOG_BYTES = 10_000_000
MAKING = " and making its database, half a minute"


@contextmanager
def prefect_api(settings: Settings, *, meanwhile: str) -> Iterator[None]:
    """Have this process's Prefect talk to an API while the block runs.

    Must be entered before Prefect is imported.

    Args:
        settings: Where the database is.
        meanwhile: Module to import while a server of our own comes up.

    Raises:
        InputError: If PREFECT_API_URL is no URL.
        RakutenError: If no API answers there, the database cannot be used, or a server of our own does not come up.
    """
    os.environ.update(prefect_environment(settings))
    with _chosen_api(settings, meanwhile):
        try:
            yield
        finally:
            hand_over()


@contextmanager
def _chosen_api(settings: Settings, meanwhile: str) -> Iterator[None]:
    if address := os.environ.get("PREFECT_API_URL"):
        require_api(address)
        yield
    elif (address := _running_ui(settings)) is not None:
        os.environ["PREFECT_API_URL"] = address
        yield
    else:
        with _own_server(settings) as (server, address, log):
            # This server has no UI: runs print no links.
            os.environ.update({"PREFECT_API_URL": address, "PREFECT_UI_URL": ""})
            importlib.import_module(meanwhile)
            wait_until_ready(address, server, log)
            yield


@contextmanager
def served(settings: Settings) -> Iterator[tuple[Process, str]]:
    """Run Prefect's server and UI over the project's database while the block runs; commands find and use it.

    Yields:
        The server's process, which may not answer yet, and its API's address.

    Raises:
        RakutenError: If it runs already, its port is taken, or the database cannot be used.
    """
    if is_held(_ui_lock(settings)):
        where = (_recorded_address(settings) or "an unknown address").removesuffix("/api")
        raise RakutenError(f"the UI of these outputs runs already, at {where}")
    if (reason := why_not_free(settings.ui_port)) is not None:
        raise RakutenError(f"port {settings.ui_port} cannot be used ({reason}); name another in RAKUTEN_UI_PORT")
    is_new = _prepare(settings)
    notice("starting Prefect's server and UI" + (MAKING if is_new else ""))
    address = f"{ui_address(settings)}/api"
    options = ["--host", "127.0.0.1", "--port", str(settings.ui_port)]
    with exclusive(_ui_lock(settings), purpose="the Prefect UI"):
        write_whole(_ui_address(settings), json.dumps(address))
        server = start(["deployments.server.prefect_server", *options], served_environment(settings))
        try:
            yield server, address
        finally:
            end(server, [(signal.SIGTERM, STOP_SECONDS)])
            _ui_address(settings).unlink(missing_ok=True)


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
    address = _recorded_address(settings)
    return address if address is not None and answers(address) else None


def _recorded_address(settings: Settings) -> str | None:
    """What the running UI wrote of itself; None: not yet, or it is damaged. Each start writes it anew."""
    try:
        address = json.loads(_ui_address(settings).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return address if isinstance(address, str) and address.startswith("http://") else None


@contextmanager
def _own_server(settings: Settings) -> Iterator[tuple[Process, str, Path]]:
    """An API without UI for this process alone; the kernel ends it should this process be killed."""
    is_new = _prepare(settings)
    notice("starting Prefect's server" + (MAKING if is_new else ""))
    port = free_port()
    environment = {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
    log = prefect_home(settings) / "server.log"
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.unlink()
    # In a session of its own: it must still be there to be told that Ctrl-C cancelled the run.
    server = start(["deployments.server.prefect_server", "--port", str(port), "--log-level", "error"], environment, log)
    try:
        yield server, f"http://127.0.0.1:{port}/api", log
    finally:
        end(server, [(signal.SIGTERM, STOP_SECONDS)])


def _prepare(settings: Settings) -> bool:
    """Make Prefect's folder and check the database in it; whether its tables are still to be made.

    Raises:
        RakutenError: If the folder or the database cannot be used.
    """
    home = prefect_home(settings)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RakutenError(f"Prefect's folder {home} cannot be made: {error.strerror}") from None
    file = database_file(Path(os.environ.get("PREFECT_HOME", home)))
    return file is not None and check_database(file) is not Revision.CURRENT
