"""Which training runs on which GPU, or on how many threads: at most as many at once as this machine has slots.

A slot is a lock that the kernel drops when its holder dies, so that a killed training or worker gives it back at once,
and all runs of this machine that share an outputs folder share its slots. Prefect's own limits are leases: a minute or
more passes before a dead holder's slot is free, and a limit that nobody created is silently none.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rakuten.gpus import require_devices
from rakuten.outputs.locks import first_free
from rakuten.outputs.subprocess_runner import Resources
from rakuten.settings import Settings
from tasks.orchestration.nightly_priority import wait_for_turn


@contextmanager
def training_slot(called: str) -> Iterator[Resources]:
    """Wait for a free slot of this machine and hold it.

    Args:
        called: What is trained, for the log line of whoever waits.

    Raises:
        GpuError: If the settings name a GPU that this machine does not have.
    """
    settings = Settings()
    require_devices(settings.gpus)
    wait_for_turn()
    with first_free(slot_locks(settings), purpose=called) as place:
        yield Resources(threads=_threads(settings), gpu=settings.gpus[place] if settings.gpus else None)


def light_resources() -> Resources:
    """What a stage in a process of its own may use when it trains nothing."""
    return Resources(threads=1)


def slot_locks(settings: Settings) -> list[Path]:
    """One lock file a slot; other machines over the same outputs folder have slots of their own."""
    names = [f"gpu-{gpu}" for gpu in settings.gpus] or [f"cpu-{place}" for place in range(settings.cpu_slots)]
    return [settings.outputs_folder / "locks" / "slots" / platform.node() / f"{name}.lock" for name in names]


def _threads(settings: Settings) -> int:
    return max(1, settings.cores // (len(settings.gpus) or settings.cpu_slots))
