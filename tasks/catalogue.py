"""The dumps that flows take from a catalogue folder."""

from pathlib import Path
from typing import Literal

from rakuten.dumps.catalogue_folder import Catalogue, CataloguedDump, read_catalogue
from rakuten.settings import Settings

Order = Literal["oldest", "newest"]


def open_catalogue(folder: str) -> Catalogue:
    """What a catalogue holds now.

    Args:
        folder: The catalogue; "": the one of this machine's settings.

    Raises:
        DumpError: If there is no such folder.
    """
    settings = Settings()
    chosen = Path(folder).expanduser() if folder else settings.catalogue_folder
    return read_catalogue(chosen, settings.settle_seconds)


def newest_dump(folder: str) -> CataloguedDump:
    """The newest complete dump of a catalogue.

    Raises:
        DumpError: If there is none.
    """
    return open_catalogue(folder).newest()


def dumps_between(folder: str, first: str, last: str, order: Order) -> tuple[CataloguedDump, ...]:
    """Complete dumps of a catalogue, from one name to another, in the order asked for.

    Args:
        folder: As for `open_catalogue`.
        first, last: Names of dumps; "": the oldest, the newest.
        order: Which comes first.

    Raises:
        DumpError: If a name is that of no dump, or no complete dump is between them.
    """
    dumps = open_catalogue(folder).between(first or None, last or None)
    return dumps if order == "oldest" else dumps[::-1]
