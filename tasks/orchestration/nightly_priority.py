"""Nightly runs go first: while one is at work, the trainings of backfills wait, and backfills begin no further dump.

The sign is a lock that the nightly run holds, so a killed one holds nobody up.
"""

import contextvars
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten.outputs.locks import exclusive, is_held
from rakuten.settings import Settings

logger = logging.getLogger("rakuten.precedence")

POLL_SECONDS = 1.0

_gives_way: contextvars.ContextVar[bool] = contextvars.ContextVar("gives way", default=False)


@contextmanager
def going_first() -> Iterator[None]:
    """Have everything that gives way wait meanwhile; a second nightly run waits too."""
    with exclusive(_lock(), purpose="the nightly run"):
        yield


@contextmanager
def giving_way() -> Iterator[None]:
    """Have the work of this context wait its turn."""
    token = _gives_way.set(True)
    try:
        yield
    finally:
        _gives_way.reset(token)


def wait_for_turn() -> None:
    """Wait while a nightly run is at work, if this context gives way."""
    if not _gives_way.get() or not is_held(_lock()):
        return
    logger.info("waiting: the nightly run goes first")
    while is_held(_lock()):
        time.sleep(POLL_SECONDS)


def _lock() -> Path:
    return Settings().outputs_folder / "locks" / "nightly.lock"
