"""Prefect's SQLite database before a server opens it: checks that take a second, and its revision. Imports no Prefect.

A server on a damaged database does not end: it tries for minutes and logs a traceback each time.
"""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from rakuten.errors import RakutenError

# Another server's transactions take milliseconds.
LOCK_SECONDS = 15.0
CHECK_SECONDS = 3.0
SCHEME = re.compile(r"sqlite(\+aiosqlite)?:///")
REVISION = re.compile(r'^(revision|down_revision) = "(\w+)"', re.MULTILINE)


class Revision(Enum):
    """How a database's tables compare with those of the installed Prefect."""

    ABSENT = "no database yet"
    OLDER = "of an older Prefect"
    CURRENT = "of this Prefect"


def database_file(home: Path) -> Path | None:
    """The SQLite file that a server of this environment opens; None: its database is another, or in memory.

    Args:
        home: Prefect's folder.
    """
    names = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
    address = next((os.environ[name] for name in names if os.environ.get(name)), None)
    if address is None:
        return home / "prefect.db"
    path = SCHEME.sub("", address, count=1).partition("?")[0]
    return Path(path) if SCHEME.match(address) and path and ":memory:" not in path else None


def check_database(path: Path) -> Revision:
    """Refuse a database that a server could not open, write or read.

    Raises:
        RakutenError: If it is no file, may not be written, is locked by another process, damaged, not Prefect's, or of
            a newer Prefect. The message names the file and the remedy.
    """
    _check_file(path)
    if not path.exists() or path.stat().st_size == 0:
        return Revision.ABSENT
    with _reading(path) as connection:
        # A write lock that another process keeps would have the server wait for a minute, then fail.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        _check_pages(connection)
    return revision_of(path)


def revision_of(path: Path) -> Revision:
    """Compare a database's tables with those of the installed Prefect.

    Raises:
        RakutenError: If it cannot be read, is not Prefect's, or is of a newer Prefect.
    """
    if not path.exists() or path.stat().st_size == 0:
        return Revision.ABSENT
    with _reading(path) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return Revision.ABSENT
        rows = connection.execute("SELECT version_num FROM alembic_version") if "alembic_version" in tables else ()
        found = {name for (name,) in rows}
    known, head = _installed_revisions()
    if not found:
        raise RakutenError(f"{path} is not a database of Prefect; {_remedy(path)}")
    if found == {head}:
        return Revision.CURRENT
    if found <= known:
        return Revision.OLDER
    raise RakutenError(
        f"{path} was written by another Prefect than the installed {version('prefect')}, likely a newer one "
        f"(revision {', '.join(sorted(found - known))}): install that version again, or start anew: {_remedy(path)}"
    )


def _check_file(path: Path) -> None:
    folder = path.parent
    if path.is_symlink() and not path.exists():
        raise RakutenError(f"{path} is a link to {path.readlink()}, which does not exist; remove the link")
    if path.exists() and not path.is_file():
        raise RakutenError(f"{path} is no file, expected Prefect's database; {_remedy(path)}")
    for place in (path, Path(f"{path}-wal"), Path(f"{path}-shm"), folder):
        if place.exists() and not os.access(place, os.R_OK | os.W_OK):
            raise RakutenError(f"{place} cannot be read and written by this user, as Prefect's database must be")


def _check_pages(connection: sqlite3.Connection) -> None:
    """SQLite's own check of structure, for as long as a person would wait; a large database is checked in part.

    Raises:
        sqlite3.DatabaseError: If it finds damage.
    """
    deadline = time.monotonic() + CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
    try:
        (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return
    finally:
        connection.set_progress_handler(None, 0)
    if result != "ok":
        raise sqlite3.DatabaseError(" ".join(str(result).split()))


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        yield connection
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise RakutenError(
                f"{path} has been locked by another process for {LOCK_SECONDS:.0f} s; end it (`fuser {path}` names it)"
            ) from None
        raise RakutenError(f"{path} cannot be used: {error}; mend that, or start anew: {_remedy(path)}") from None
    except sqlite3.DatabaseError as error:
        raise RakutenError(f"{path} is damaged ({error}); {_remedy(path)}") from None
    finally:
        connection.close()


def _remedy(path: Path) -> str:
    return (
        f"`mv {path} {path}.old`, and the next start makes a new one; models, runs and reports are kept elsewhere, "
        "only the UI's history and what was changed in the UI are lost"
    )


def _installed_revisions() -> tuple[set[str], str]:
    """All revisions of the installed Prefect's tables, and the newest."""
    spec = find_spec("prefect")
    if spec is None or spec.origin is None:
        raise RakutenError("Prefect is not installed; run `make setup`")
    folder = Path(spec.origin).parent / "server" / "database" / "_migrations" / "versions" / "sqlite"
    pairs = [dict(REVISION.findall(path.read_text("utf-8"))) for path in folder.glob("*.py")]
    known = {pair["revision"] for pair in pairs if "revision" in pair}
    heads = known - {pair.get("down_revision") for pair in pairs}
    if len(heads) != 1:
        raise RakutenError(f"expected one newest revision of Prefect's tables in {folder}, found {sorted(heads)}")
    return known, heads.pop()
