"""Dumps that were not there before: told once each, also after a restart.

What was told is remembered in `<outputs>/arrivals.json`: for each catalogue and dump its fingerprint and digest. It is
written after the server has acted upon the event, so that a kill in between makes an event too many rather than none;
the run that it starts finds everything done.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter

from rakuten.dumps.catalogue_folder import Catalogue, CataloguedDump
from rakuten.dumps.snapshot import list_dump
from rakuten.errors import DumpError, EventError
from rakuten.outputs.atomic import set_aside, write_whole
from rakuten.outputs.locks import exclusive
from rakuten.settings import Settings
from tasks.observability.events import tell_of_dump

logger = logging.getLogger("rakuten.arrivals")

Known = dict[str, dict[str, str]]
_MEMORY = TypeAdapter(dict[str, Known])


def tell_of_arrivals(catalogue: Catalogue) -> list[str]:
    """Emit an event for each complete dump that is new, or whose content has changed.

    Returns:
        Names of the dumps told.

    Raises:
        EventError: If no server acts upon an event; the others are told first, this dump again the next time.
    """
    told: list[str] = []
    unheard: list[EventError] = []
    with _remembered(catalogue) as known:
        for dump in catalogue.dumps:
            before = known.get(dump.name, {})
            fingerprint = dump.fingerprint
            if before.get("fingerprint") == fingerprint or dump.why_incomplete(catalogue.settle_seconds) is not None:
                continue
            digest = _digest(dump)
            if digest is None:
                continue
            try:
                if before.get("digest") != digest:
                    tell_of_dump(dump.name, digest, str(dump.path))
                    logger.info("%s has arrived (%s)", dump.name, digest)
                    told.append(dump.name)
                known[dump.name] = {"fingerprint": fingerprint, "digest": digest}
            except EventError as error:
                unheard.append(error)
    if unheard:
        raise unheard[0]
    return told


def _digest(dump: CataloguedDump) -> str | None:
    """The digest of a dump's content; None where it cannot be read, which a later look may find mended."""
    try:
        return list_dump(dump.path, memory=Settings().outputs_folder / "digests.parquet").key
    except DumpError as error:
        logger.warning("%s is complete, and cannot be read: %s", dump.name, error)
        return None


@contextmanager
def _remembered(catalogue: Catalogue) -> Iterator[Known]:
    """What was told of a catalogue's dumps; changes made meanwhile are kept."""
    outputs = Settings().outputs_folder
    memory = outputs / "arrivals.json"
    with exclusive(outputs / "locks" / "arrivals.lock", purpose="new dumps"):
        everything = _read_memory(memory)
        known = everything.setdefault(_name_of(catalogue.folder), {})
        yield known
        write_whole(memory, json.dumps(everything, indent=2))


def _read_memory(memory: Path) -> dict[str, Known]:
    """Dumps known of each catalogue; none where the file is damaged: their events are then emitted once more."""
    try:
        return _MEMORY.validate_json(memory.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.warning("%s cannot be read and is begun anew: %s", memory, str(error).splitlines()[0])
        if memory.is_dir():
            set_aside(memory)
        return {}


def _name_of(folder: Path) -> str:
    return str(folder.resolve())
