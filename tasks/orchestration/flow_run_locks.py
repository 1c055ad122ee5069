"""One file lock for each flow run under way: the kernel drops it when the run's process dies.

Prefect's database says "Running" of a run whose machine lost power, too. The lock tells the two apart at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from rakuten.outputs.locks import exclusive, is_held
from rakuten.settings import Settings


@contextmanager
def hold_flow_run_lock(flow_run: str | UUID | None) -> Iterator[None]:
    """Hold a flow run's lock; waits while an earlier process of the same run ends.

    Args:
        flow_run: Prefect's id; None: the flow's function was called outside of a run, which needs no lock.
    """
    if flow_run is None:
        yield
        return
    lock = _lock(flow_run)
    with exclusive(lock, purpose="this flow run"):
        try:
            yield
        finally:
            # Ids are not used again, except by a later process of this run, which makes the file anew.
            lock.unlink(missing_ok=True)


def has_process(flow_run: str | UUID) -> bool:
    """Return True if a living process holds a flow run's lock."""
    return is_held(_lock(flow_run))


def remove_unheld_locks() -> None:
    """Remove the lock files that killed processes left behind."""
    for lock in _folder().glob("*.lock"):
        if not is_held(lock):
            lock.unlink(missing_ok=True)


def _lock(flow_run: str | UUID) -> Path:
    return _folder() / f"{flow_run}.lock"


def _folder() -> Path:
    return Settings().outputs_folder / "locks" / "flow-runs"
