"""How far a stage has come: the stage reports, whoever runs it listens."""

import contextvars
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


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


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of stages run in this thread to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
