"""Prefect's server under many short runs from several workers at once, on PostgreSQL or SQLite.

    python benchmarks/server.py [--database postgresql|sqlite] [--runs 300] [--workers 3] [--at-once 8] [--plain]

Registers a deployment of a flow of three tasks, schedules all its runs at once and starts workers, each a process that
takes up to --at-once runs. They carry runs out in threads of their own, so that the server is loaded, not the machine
by starting Python 300 times; polling, claiming, states and events are those of any worker. Prints how many runs
completed, how long it took, and what the server complained of, last as one line of JSON. PostgreSQL is started in a
temporary folder from the binaries found in /usr/lib/postgresql or on PATH, as user `postgres` where this user is root.
With --plain the server is started as Prefect does, with its own transactions on SQLite.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from deployments.server.api import ask
from deployments.server.environment import prefect_environment
from deployments.server.processes import end, free_port, start, wait_until_ready
from rakuten.settings import Settings

POOL = "benchmark"
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
PATIENCE_SECONDS = 900.0


def find_postgresql() -> Path | None:
    """The folder of PostgreSQL's newest binaries, or None where there are none."""
    on_path = shutil.which("pg_isready")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
    return folders[-1] if folders else Path(on_path).parent if on_path else None


@contextlib.contextmanager
def postgresql(binaries: Path, folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own; gives the address that Prefect takes."""
    port = free_port()
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    data = folder / "data"
    data.mkdir()
    if user:
        folder.chmod(0o755)
        shutil.chown(data, "postgres", "postgres")
    options: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": data, **user}
    subprocess.run([binaries / "initdb", "-D", data, "-U", "rakuten", "--auth=trust"], **options)
    command = [binaries / "postgres", "-D", data, "-p", str(port), "-c", f"unix_socket_directories={data}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=data, **user)
    try:
        ready = [binaries / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready, check=False, stdout=subprocess.DEVNULL).returncode:
            if server.poll() is not None:
                raise RuntimeError(f"PostgreSQL exited with code {server.returncode}")
            time.sleep(0.2)
        yield f"postgresql+asyncpg://rakuten@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'prefect.db'}"
        return
    binaries = find_postgresql()
    if binaries is None:
        raise SystemExit("no PostgreSQL here: neither initdb on PATH nor /usr/lib/postgresql")
    with postgresql(binaries, folder) as address:
        yield address


def measure(kind: str, runs: int, workers: int, at_once: int, folder: Path, *, plain: bool) -> dict[str, Any]:
    """Carry out the runs; what came of them."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/api"
    log = folder / "server.log"
    with database(kind, folder) as connection, contextlib.ExitStack() as processes:
        os.environ.update(prefect_environment(Settings(outputs=folder)))
        os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = connection
        module = ["prefect", "server", "start"] if plain else ["deployments.server.prefect_server"]
        command = [*module, "--host", "127.0.0.1", "--port", str(port)]
        with log.open("wb") as stream, _output_to(stream.fileno()):
            server = start(command, {"PREFECT_LOGGING_TO_API_ENABLED": "false"})
        processes.callback(end, server, [(signal.SIGTERM, 15.0)])
        wait_until_ready(address, server)
        api = partial(ask, address)
        api("work_pools/", {"name": POOL, "type": "in-threads"})
        flow = api("flows/", {"name": "short"})
        here = f"{Path(__file__).with_name('short_runs.py')}:short"
        deployment = api(
            "deployments/",
            {"name": "short", "flow_id": flow["id"], "work_pool_name": POOL, "entrypoint": here, "path": "."},
        )
        for number in range(runs):
            body = {"parameters": {"number": number}, "state": {"type": "SCHEDULED", "name": "Scheduled"}}
            api(f"deployments/{deployment['id']}/create_flow_run", body)
        started = time.monotonic()
        for _ in range(workers):
            script = str(Path(__file__).with_name("short_runs.py"))
            environment = {**os.environ, "PREFECT_API_URL": address}
            worker = subprocess.Popen(
                [sys.executable, script, POOL, str(at_once)],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
            )
            processes.callback(worker.wait)
            processes.callback(worker.kill)
        states = _wait_for(api, runs)
        seconds = time.monotonic() - started
        lost = runs - sum(states.values())
    complaints = log.read_text("utf-8", "replace").count("database is locked")
    return {
        "database": kind,
        "plain": plain,
        "runs": runs,
        "workers": workers,
        "states": dict(states),
        "lost": lost,
        "seconds": round(seconds, 1),
        "runs_a_second": round(runs / seconds, 2),
        "locked": complaints,
    }


def _wait_for(api: Callable[..., Any], runs: int) -> Counter[str]:
    """Runs by state, once all have ended or patience has."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: Counter[str] = Counter()
        for offset in range(0, runs + 200, 200):
            found.update(run["state_type"] for run in api("flow_runs/filter", {"limit": 200, "offset": offset}))
        if sum(found[state] for state in ENDED) >= runs or time.monotonic() > deadline:
            return found
        time.sleep(2)


@contextlib.contextmanager
def _output_to(target: int) -> Iterator[None]:
    """Have processes started meanwhile write to a file."""
    kept = [os.dup(1), os.dup(2)]
    os.dup2(target, 1)
    os.dup2(target, 2)
    try:
        yield
    finally:
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


def main() -> None:
    """Measure one database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument("--runs", type=int, default=300, help="flow runs (default: 300)")
    parser.add_argument("--workers", type=int, default=3, help="worker processes (default: 3)")
    parser.add_argument("--at-once", type=int, default=8, help="runs a worker takes at once (default: 8)")
    parser.add_argument("--plain", action="store_true", help="Prefect's server as it starts by itself")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(
            arguments.database,
            arguments.runs,
            arguments.workers,
            arguments.at_once,
            Path(folder),
            plain=arguments.plain,
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
