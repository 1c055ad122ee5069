"""Processes of Prefect's: starting them so that none outlives us, waiting for them, ending them. Imports no Prefect."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rakuten.errors import RakutenError
from rakuten.outputs.orphans import die_with_parent

# A machine with much else to do needs minutes; a server that dies is noticed at once.
START_SECONDS = 300.0

Process = subprocess.Popen[bytes]


def start(command: Sequence[str], environment: Mapping[str, str]) -> Process:
    """Start a Python module in a session of its own, where Ctrl-C does not reach it; it dies when this process does.

    Args:
        command: The module's name and its arguments.
        environment: Variables beside this process's own.
    """
    # `python` in a worker's command means this Python, whatever else is installed.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "PATH": path, **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_be_a_child,
    )


def _be_a_child() -> None:
    die_with_parent()
    # A shell starts what runs in its background with SIGINT ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until_ready(address: str, server: Process) -> None:
    """Wait for an API to answer.

    Raises:
        RakutenError: If its process ends or nothing answers in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RakutenError(f"the Prefect server exited with code {server.returncode} before it answered")
        if answers(address):
            return
        time.sleep(0.05)
    raise RakutenError(f"the Prefect server did not answer within {START_SECONDS:.0f} s")


def answers(address: str) -> bool:
    """Whether an API is there and healthy."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


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
