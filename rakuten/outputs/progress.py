"""How far a stage has come: the stage reports, whoever runs it listens."""

import contextvars
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

PACE_SECONDS = 0.5


class Progress(NamedTuple):
    """A position in a piece of work: `done` of `total` `unit`s."""

    done: int
    total: int
    unit: str


Listener = Callable[[Progress], None]

_listener: contextvars.ContextVar[Listener | None] = contextvars.ContextVar("progress listener", default=None)


def report_progress(done: int, total: int, unit: str) -> None:
    """Tell whoever runs this stage how far it is; costs next to nothing when nobody listens.

    Call it from the thread that runs the stage.
    """
    listener = _listener.get()
    if listener is not None:
        listener(Progress(done, total, unit))


class PacedProgress:
    """`report_progress` for work whose steps take milliseconds: most of its calls are passed over.

    Args:
        unit: What is counted, in the plural.
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._reported_at = -PACE_SECONDS

    def report(self, done: int, total: int) -> None:
        """Report, unless the last report is younger than half a second."""
        if time.monotonic() - self._reported_at >= PACE_SECONDS:
            self._reported_at = time.monotonic()
            report_progress(done, total, self._unit)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of stages run in this thread to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
