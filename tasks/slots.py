"""Which training runs on which GPU, or on how many threads: at most as many at once as this machine has slots."""

import functools
import queue
from collections.abc import Iterator
from contextlib import contextmanager

from rakuten.outputs.child import Resources
from rakuten.settings import Settings


@contextmanager
def training_slot() -> Iterator[Resources]:
    """Wait for a free slot of this run and hold it."""
    slots = _slots(Settings())
    resources = slots.get()
    try:
        yield resources
    finally:
        slots.put(resources)


def light_resources() -> Resources:
    """What a stage in a process of its own may use when it trains nothing."""
    return Resources(threads=1)


@functools.cache
def _slots(settings: Settings) -> "queue.SimpleQueue[Resources]":
    gpus: list[int | None] = list(settings.gpus) or [None] * settings.cpu_slots
    threads = max(1, settings.cores // len(gpus))
    slots: queue.SimpleQueue[Resources] = queue.SimpleQueue()
    for gpu in gpus:
        slots.put(Resources(threads=threads, gpu=gpu))
    return slots
