"""Which Prefect API a command talks to: the one the environment names, the one of `make ui`, or one of its own.

Imports nothing of Prefect: the variables below must be set before Prefect is first imported, and a command's own server
starts while that import goes on.
"""

import importlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from rakuten.errors import RakutenError
from rakuten.outputs.atomic import write_whole
from rakuten.outputs.locks import exclusive, is_held
from rakuten.outputs.orphans import die_with_parent
from rakuten.settings import Settings

START_SECONDS = 120.0
HAND_OVER_SECONDS = 10.0


def prefect_home(settings: Settings) -> Path:
    """Where Prefect keeps its database."""
    return settings.outputs_folder / "prefect"


def ui_address(settings: Settings) -> str:
    """Where `rakuten ui` serves the Prefect UI."""
    return f"http://127.0.0.1:{settings.ui_port}"


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Variables for Prefect; what the user has set in the environment already wins."""
    defaults = {
        "PREFECT_HOME": str(prefect_home(settings)),
        # The links that runs print; a command's own server has no UI.
        "PREFECT_UI_URL": ui_address(settings),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        # The library's log lines appear in the run that caused them.
        "PREFECT_LOGGING_EXTRA_LOGGERS": "rakuten",
        "PREFECT_LOGGING_FORMATTERS_STANDARD_FORMAT": "%(asctime)s %(message)s",
        "PREFECT_LOGGING_FORMATTERS_STANDARD_FLOW_RUN_FMT": "%(asctime)s %(flow_run_name)s: %(message)s",
        "PREFECT_LOGGING_FORMATTERS_STANDARD_TASK_RUN_FMT": "%(asctime)s %(task_run_name)s: %(message)s",
        # SQLite answers 503 when two flows write at once; the same call succeeds a moment later.
        "PREFECT_CLIENT_RETRY_EXTRA_CODES": "503",
        "PREFECT_CLIENT_MAX_RETRIES": "8",
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
    }
    return {name: os.environ.get(name, value) for name, value in defaults.items()}


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
            _wait_until_ready(address, server)
            _migrated(settings).touch()
            try:
                yield
            finally:
                _hand_over()


def serve_ui(settings: Settings) -> int:
    """Run Prefect's server and UI over the project's database until interrupted.

    Returns:
        The server's exit code.

    Raises:
        RakutenError: If it runs already, or its port is taken.
    """
    if (address := _running_ui(settings)) is not None:
        raise RakutenError(f"the UI runs already, at {address.removesuffix('/api')}")
    if not _is_free(settings.ui_port):
        raise RakutenError(f"port {settings.ui_port} is taken; name another in RAKUTEN_UI_PORT")
    address = ui_address(settings)
    with exclusive(_ui_lock(settings), purpose="the Prefect UI"):
        write_whole(_ui_address(settings), json.dumps(f"{address}/api"))
        command = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(settings.ui_port)]
        environment = {
            **os.environ,
            **prefect_environment(settings),
            # Without it a UI on another port than 4200 calls 4200 and stays blank.
            "PREFECT_SERVER_UI_API_URL": f"{address}/api",
            "PREFECT_UI_API_URL": f"{address}/api",
        }
        server = subprocess.Popen([sys.executable, *command], env=environment, preexec_fn=die_with_parent)
        try:
            return server.wait()
        except KeyboardInterrupt:
            # The terminal has told the server too; it ends by itself.
            return server.wait()


def _wait_until_ready(address: str, alive: "subprocess.Popen[bytes]") -> None:
    """Wait for an API to answer.

    Raises:
        RakutenError: If its process ends or nothing answers in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if alive.poll() is not None:
            raise RakutenError(f"the Prefect server exited with code {alive.returncode} before it answered")
        if _answers(address):
            return
        time.sleep(0.05)
    raise RakutenError(f"the Prefect server did not answer within {START_SECONDS:.0f} s")


def _ui_lock(settings: Settings) -> Path:
    return prefect_home(settings) / "ui.lock"


def _ui_address(settings: Settings) -> Path:
    return prefect_home(settings) / "ui.json"


def _running_ui(settings: Settings) -> str | None:
    """The API address of a running `make ui` over the same database."""
    if not is_held(_ui_lock(settings)):
        return None
    address: str = json.loads(_ui_address(settings).read_text("utf-8"))
    return address if _answers(address) else None


@contextmanager
def _own_server(settings: Settings) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """An API without UI for this process alone; the kernel ends it should this process be killed."""
    home = prefect_home(settings)
    home.mkdir(parents=True, exist_ok=True)
    is_migrated = _migrated(settings).exists() and (home / "prefect.db").exists()
    port = _free_port()
    server = subprocess.Popen(
        _uvicorn(port),
        env={
            **os.environ,
            "PREFECT__SERVER_EPHEMERAL": "1",
            "PREFECT__SERVER_FINAL": "1",
            "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": str(not is_migrated).lower(),
        },
        stdin=subprocess.DEVNULL,
        # Ctrl-C reaches a whole process group: the server must still be there to be told that the run was cancelled.
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        yield server, f"http://127.0.0.1:{port}/api"
    finally:
        server.terminate()
        server.wait()


def _hand_over() -> None:
    """Let Prefect's background threads send what they hold; once the server is gone they would try for minutes."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        worker.drain_all(timeout=HAND_OVER_SECONDS)


def _migrated(settings: Settings) -> Path:
    """Says that the database has this version's tables; checking them takes longer than all the rest of the start."""
    return prefect_home(settings) / f"migrated-by-{version('prefect')}"


def _uvicorn(port: int) -> list[str]:
    where = find_spec("prefect")
    assert where is not None
    assert where.origin is not None
    options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "--lifespan", "on"]
    app = ["--app-dir", str(Path(where.origin).parent), "--factory", "prefect.server.api.server:create_app"]
    return [sys.executable, "-m", "uvicorn", *app, *options]


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
