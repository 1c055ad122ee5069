"""Processes of Prefect's: starting them so that none outlives us, waiting for them, ending them. Imports no Prefect."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import IO

from deployments.server.proxies import open_url
from rakuten.errors import RakutenError
from rakuten.outputs.parent_death_signal import die_with_parent

# A machine with much else to do needs minutes; a server that dies is noticed at once.
START_SECONDS = 300.0

# The end of a traceback.
ERROR_LINE = re.compile(r"(rakuten|[\w.]*(Error|Exception)): ")

Process = subprocess.Popen[bytes]


def start(command: Sequence[str], environment: Mapping[str, str], log: Path | None = None) -> Process:
    """Start a Python module in a session of its own, where Ctrl-C does not reach it; it dies when this process does.

    Args:
        command: The module's name and its arguments.
        environment: Variables beside this process's own.
        log: File that its output is appended to; None: this process's own output.
    """
    with nullcontext() if log is None else log.open("ab") as output:
        return _start(command, environment, output)


def _start(command: Sequence[str], environment: Mapping[str, str], output: IO[bytes] | None) -> Process:
    # `python` in a worker's command means this Python, whatever else is installed.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "PATH": path, **environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=_be_a_child,
    )


def _be_a_child() -> None:
    die_with_parent()
    # A shell starts what runs in its background with SIGINT ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until_ready(address: str, server: Process, log: Path | None = None) -> None:
    """Wait for an API to answer.

    Args:
        address: Of the API.
        server: Its process.
        log: File with its output, for the error; None: it was shown.

    Raises:
        RakutenError: If its process ends or nothing answers in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RakutenError(f"the Prefect server exited with code {server.returncode} before it answered{_why(log)}")
        if answers(address):
            return
        time.sleep(0.05)
    raise RakutenError(f"the Prefect server did not answer within {START_SECONDS:.0f} s")


def _why(log: Path | None) -> str:
    """The last error in a server's output, or else its last line, as the end of a message."""
    if log is None:
        return "; see the lines above"
    lines = [line.strip() for line in log.read_text("utf-8", "replace").split("\n") if line.strip()]
    said = [line for line in lines if ERROR_LINE.match(line)] or lines or ["no output"]
    return f": {said[-1][:300]} (more in {log})"


def answers(address: str) -> bool:
    """Whether an API is there and healthy."""
    try:
        with open_url(urllib.request.Request(f"{address}/health"), timeout=2) as answer:
            return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False


def why_not_free(port: int) -> str | None:
    """Why a server of this user cannot listen on a port of this machine; None: it can."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are only closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror
    return None


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and those that they started (Linux)."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold blanks.
            parent = int(status.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(status.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        waiting += children.get(waiting[0], [])
        found.append(waiting.pop(0))
    return found[1:]


def tell(pids: Iterable[int], what: signal.Signals) -> None:
    """Send a signal to processes; those that are gone are passed over."""
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            continue


def end(process: Process, ways: Sequence[tuple[signal.Signals, float]]) -> None:
    """End a process: each signal in turn, with seconds to wait after it, and SIGKILL at last."""
    for what, seconds in ways:
        if process.poll() is not None:
            return
        process.send_signal(what)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()
