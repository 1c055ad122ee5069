"""Progress reporting of stages to a listener in the calling code."""

import contextvars
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

PACE_SECONDS = 0.5


class Progress(NamedTuple):
    """Progress of a stage: `done` of `total` items, named `unit`."""

    done: int
    total: int
    unit: str


Listener = Callable[[Progress], None]

_listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("progress listener", default=None)


def report_progress(done: int, total: int, unit: str) -> None:
    """Report progress to the listener, if any; must be called in the thread that runs the stage."""
    listener = _listener.get()
    if listener is not None:
        listener(Progress(done, total, unit))


class PacedProgress:
    """Rate-limited `report_progress`, for steps that take milliseconds.

    Args:
        unit: Name of the items, plural.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._reported_at = -PACE_SECONDS

    def report(self, done: int, total: int) -> None:
        """Report progress, at most every half second."""
        if time.monotonic() - self._reported_at >= PACE_SECONDS:
            self._reported_at = time.monotonic()
            report_progress(done, total, self._unit)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of stages in this thread to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
