"""Opening a dump: what it holds, and the digest of its bytes by which all later stages know it."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from rakuten.data.snapshot import DumpListing, list_dump, read_listing, record_snapshot
from rakuten.outputs import OutputStore, StageOutput
from rakuten.outputs.runs import RunRecord
from rakuten.settings import Settings
from tasks.planning import current_planner
from tasks.runs import run_book


class Dump(BaseModel):
    """A dump as a run sees it.

    Attributes:
        path: Its folder on this machine.
        snapshot: Names and digests of its files.
        has_train, has_labels, has_test, has_images: Which of the challenge's parts it holds.
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    snapshot: StageOutput
    has_train: bool
    has_labels: bool
    has_test: bool
    has_images: bool


def open_dump(dump: str) -> Dump:
    """Digest a dump's files; a task in a run, a plain call while planning.

    Raises:
        DumpError: If the folder is no dump.
    """
    return _open(dump) if current_planner() else _open_dump(dump)


def _open(dump: str) -> Dump:
    path = Path(dump).expanduser().absolute()
    store = OutputStore(Settings().outputs_folder)
    listing = list_dump(path, memory=store.folder / "digests.parquet")
    return _dump(path, store.run(record_snapshot, listing=listing), listing)


def recorded_dump(record: RunRecord) -> Dump:
    """The dump of a run as it was then. What the run's stages made of it is found though its folder be gone.

    Raises:
        RunNotFoundError: If what the run recorded of it is gone.
    """
    snapshot = run_book().output(record, "snapshot")
    return _dump(Path(record.parameters["dump"]), snapshot, read_listing(snapshot))


def _dump(path: Path, snapshot: StageOutput, listing: DumpListing) -> Dump:
    return Dump(
        path=path,
        snapshot=snapshot,
        has_train=listing.has_train,
        has_labels=listing.has_labels,
        has_test=listing.has_test,
        has_images=listing.has_images,
    )


# Its key is the digest it computes: there is nothing to look up before it has run.
_open_dump = task(name="open_dump", cache_policy=NO_CACHE, persist_result=False)(_open)
