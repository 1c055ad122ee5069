"""Opening a dump: what it holds, and the digest of its bytes by which all later stages know it."""

from dataclasses import dataclass
from pathlib import Path

from rakuten.data.named_dump import NamedDump
from rakuten.dumps.snapshot import DumpListing, list_dump, read_listing, record_snapshot
from rakuten.outputs import OutputStore, StageOutput
from rakuten.runs.records import RunRecord
from rakuten.settings import Settings
from tasks.look_up import LookUp
from tasks.runs import run_book


@dataclass(frozen=True)
class Dump:
    """A dump as a run sees it.

    Attributes:
        path: Its folder on this machine.
        snapshot: Names and digests of its files.
        has_train, has_labels, has_test, has_images: Which of the challenge's parts it holds.
    """

    path: Path
    snapshot: StageOutput
    has_train: bool
    has_labels: bool
    has_test: bool
    has_images: bool

    @property
    def name(self) -> str:
        """What people call it: the name of its folder."""
        return self.path.name

    @property
    def named(self) -> NamedDump:
        """The dump as stages take it."""
        return NamedDump(self.name, self.snapshot)


@LookUp
def open_dump(dump: str) -> Dump:
    """Digest a dump's files.

    Raises:
        DumpError: If the folder is no dump.
    """
    path = Path(dump).expanduser().absolute()
    store = OutputStore(Settings().outputs_folder)
    listing = list_dump(path, memory=store.folder / "digests.parquet")
    return _dump(path, store.run(record_snapshot, listing=listing), listing)


def recorded_dump(record: RunRecord) -> Dump:
    """The first dump of a run, see `recorded_dumps`."""
    return recorded_dumps(record)[0]


def recorded_dumps(record: RunRecord) -> tuple[Dump, ...]:
    """The dumps of a run as they were then. What the run's stages made of them is found though their folders be gone.

    Raises:
        RunNotFoundError: If what the run recorded of one is gone.
    """
    book = run_book()
    snapshots = [book.output(record, "snapshot")]
    for validation in book.outputs(record).validations[1:]:
        products = book.store.upstream(validation, "products")
        snapshots.append(book.store.upstream(products, "snapshot"))
    paths = [record.parameters["dump"], *record.parameters.get("more_dumps", ())]
    return tuple(
        _dump(Path(path), snapshot, read_listing(snapshot)) for path, snapshot in zip(paths, snapshots, strict=True)
    )


def _dump(path: Path, snapshot: StageOutput, listing: DumpListing) -> Dump:
    return Dump(
        path=path,
        snapshot=snapshot,
        has_train=listing.has_train,
        has_labels=listing.has_labels,
        has_test=listing.has_test,
        has_images=listing.has_images,
    )
