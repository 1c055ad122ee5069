"""A `map` over processes that leaves none behind, for the generation of dumps."""

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# Below this much work for each, a process costs more to start than it saves.
ITEMS_A_PROCESS = 500


class MapChunks(Protocol):
    """Calls a function on each chunk and answers in the order of the chunks."""

    def __call__(
        self, function: Callable[[Sequence[Item]], Answer], chunks: Iterable[Sequence[Item]], /
    ) -> Iterator[Answer]:
        """The answers, one a chunk."""


@contextmanager
def worker_processes(num_workers: int | None, num_items: int) -> Iterator[MapChunks]:
    """Processes for the time of a `with` block.

    Args:
        num_workers: How many; None: as many as there are cores, fewer where there is little work; 1: none, the work
            is done in this process.
        num_items: How much work is to come.
    """
    count = num_workers or min(os.cpu_count() or 1, 1 + num_items // ITEMS_A_PROCESS)
    if count == 1:
        yield map
        return
    # Spawned: the caller may have threads, whose locks a forked process would inherit locked.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, initializer=_end_with_parent) as executor:
        try:
            yield executor.map
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """In a worker: end when the process that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
