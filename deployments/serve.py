"""`make serve`: server, worker and deployments of one machine in one command, until it is interrupted."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deployments.server.api import ask
from deployments.server.environment import MARKS, prefect_environment, ui_address
from deployments.server.processes import Process, answers, descendants, end, start, tell, wait_until_ready
from deployments.server.session import served
from rakuten.errors import InputError, RakutenError
from rakuten.settings import Settings

logger = logging.getLogger("rakuten.serving")

LOOK_SECONDS = 1.0
RESTART_SECONDS = 5.0
# Runs are told to end, then have so long before they are killed.
END_SECONDS = 30.0


def serve(settings: Settings, deployments: Path | None = None) -> None:
    """Run server and worker until SIGINT or SIGTERM; what is under way then goes on with the next start.

    Args:
        settings: Port, outputs, catalogue, and how much a worker does at once.
        deployments: The deployments' file; None: the project's own.

    Raises:
        RakutenError: If the server does not come up, or ends by itself.
    """
    stopping = _stop_signals()
    settle_environment(settings)
    started = datetime.now(UTC)
    with served(settings) as (server, address):
        os.environ["PREFECT_API_URL"] = address
        # Imports Prefect, which reads its environment then, while the server comes up.
        from deployments import set_up

        wait_until_ready(address, server)
        set_up.set_up_and_recover(settings, deployments or set_up.DEPLOYMENTS, worker=worker_name(), since=started)
        worker = start_worker(settings, worker_name())
        try:
            _say(settings)
            while not stopping.wait(LOOK_SECONDS):
                if server.poll() is not None:
                    raise RakutenError(f"the Prefect server ended with code {server.returncode}")
                if worker.poll() is not None:
                    logger.warning("the worker ended with code %s; starting another", worker.returncode)
                    time.sleep(RESTART_SECONDS)
                    set_up.recover_from_worker(worker_name())
                    worker = start_worker(settings, worker_name())
        finally:
            with _going_on_later(address):
                stop_worker(worker)


def work(settings: Settings) -> int:
    """Run a worker against the server that PREFECT_API_URL names, until SIGINT or SIGTERM.

    Returns:
        The worker's exit code; 0 where it was told to end.

    Raises:
        InputError: If no server is named.
    """
    if "PREFECT_API_URL" not in os.environ:
        raise InputError("PREFECT_API_URL does not name a server to work for; `rakuten serve` brings its own")
    stopping = _stop_signals()
    settle_environment(settings)
    worker = start_worker(settings)
    while worker.poll() is None:
        if stopping.wait(LOOK_SECONDS):
            stop_worker(worker)
            return 0
    return worker.returncode


def settle_environment(settings: Settings) -> None:
    """Have this process and all it starts mean the same folders, wherever they run."""
    os.environ["RAKUTEN_OUTPUTS"] = str(settings.outputs_folder)
    os.environ["RAKUTEN_CATALOGUE"] = str(settings.catalogue_folder)
    os.environ["RAKUTEN_WEIGHTS"] = str(settings.weights_folder)
    os.environ.update(prefect_environment(settings))


def worker_name() -> str:
    """Name of this machine's worker of `serve`: by it other machines' workers are told from a killed one of its own."""
    return f"serve on {socket.gethostname()}"


def start_worker(settings: Settings, name: str | None = None) -> Process:
    """Start a worker of the project's pool.

    Args:
        settings: How many runs it carries out at once.
        name: Its name in the UI; None: one that Prefect makes up.
    """
    options = ["--pool", "rakuten", "--type", "process", "--limit", str(settings.worker_runs)]
    if name is not None:
        options += ["--name", name]
    return start(["deployments.worker", *options], {})


def stop_worker(worker: Process) -> None:
    """Have a worker take no more runs, tell those under way to end, and see that all of them have."""
    runs = descendants(worker.pid)
    if worker.poll() is None:
        worker.send_signal(signal.SIGINT)
    tell(runs, signal.SIGTERM)
    end(worker, [(signal.SIGCONT, END_SECONDS)])
    tell(runs, signal.SIGKILL)


@contextmanager
def _going_on_later(address: str) -> Iterator[None]:
    """Schedule the runs anew that are under way before the block and not over after it.

    They are this machine's: a server that is served to others has workers of its own. Runs that then wait for the next
    start have no heartbeat, so nobody may be about to mark them.
    """
    if not answers(address):
        yield
        return
    mine = {"work_pools": {"name": {"any_": ["rakuten"]}}}
    under_way = ask(address, "flow_runs/filter", {**mine, "flow_runs": _in_states("RUNNING", "PENDING")})
    for automation in ask(address, "automations/filter", {}):
        if automation["name"].startswith(MARKS):
            ask(address, f"automations/{automation['id']}", {"enabled": False}, "PATCH")
    yield
    for run in under_way:
        state = {"type": "SCHEDULED", "name": "Scheduled", "message": "interrupted by a stop; goes on where it was"}
        if ask(address, f"flow_runs/{run['id']}")["state_type"] not in ("COMPLETED", "FAILED", "CANCELLED"):
            ask(address, f"flow_runs/{run['id']}/set_state", {"state": state, "force": True})


def _in_states(*types: str) -> dict[str, Any]:
    return {"state": {"type": {"any_": list(types)}}}


def _stop_signals() -> threading.Event:
    """Set when this process is told to end; a second time changes nothing."""
    stopping = threading.Event()
    for which in (signal.SIGINT, signal.SIGTERM):
        signal.signal(which, lambda *_: stopping.set())
    return stopping


def _say(settings: Settings) -> None:
    lines = [
        f"Prefect UI      {ui_address(settings)}",
        f"deployments     {ui_address(settings)}/deployments",
        f"catalogue       {settings.catalogue_folder}",
        f"outputs         {settings.outputs_folder}",
        "Ctrl-C ends all of it; what is under way then goes on with the next start.",
    ]
    print("\n".join(lines), flush=True)
