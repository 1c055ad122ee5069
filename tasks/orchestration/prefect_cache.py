"""Prefect's records of cached tasks: one file a key, of use only while the output is there."""

from rakuten.outputs import OutputStore
from rakuten.outputs.stage_output import MANIFEST

# Relative to the outputs folder.
RECORDS = "prefect/results"


def forget_lost_records(store: OutputStore) -> int:
    """Remove records of tasks that failed, and of outputs that are no longer there; all are misses anyway.

    Returns:
        How many were removed.
    """
    lost = [path for path in (store.folder / RECORDS).glob("*") if not (store.folder / path.name / MANIFEST).is_file()]
    for path in lost:
        path.unlink()
    return len(lost)
