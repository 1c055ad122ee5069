"""While a run is at work nothing is cleared away, and while something is cleared away no run begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten.outputs.locks import exclusive, is_held, shared
from rakuten.settings import Settings


@contextmanager
def using_outputs() -> Iterator[None]:
    """Keep what is in the outputs folder there."""
    with shared(_lock()):
        yield


@contextmanager
def nobody_using_outputs() -> Iterator[None]:
    """Wait until no run is at work, and have those that come wait."""
    with exclusive(_lock(), purpose="clearing up"):
        yield


def outputs_in_use() -> bool:
    """Whether a run is at work, on this machine or another one over the same outputs folder."""
    return is_held(_lock())


def _lock() -> Path:
    return Settings().outputs_folder / "locks" / "in-use.lock"
