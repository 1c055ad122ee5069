"""Prefect's server as this project runs it: `python -m deployments.server.prefect_server --port N [--host ADDRESS]`.

It differs from `prefect server start` in three points. Requests of foreign web pages are refused, see `origin_guard`.
Servers on one SQLite database start one after another, and migrate it in a copy, so that a kill leaves no half-migrated
one. And on SQLite transactions take turns instead of failing: Prefect 3.8 begins its transactions deferred, and one
that has read and would write after another has written is refused at once ("database is locked"), however long it would
have waited. One that first asks for its turn to write waits.
"""

import argparse
import asyncio
import logging
import os
import socket
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from prefect.server.api.server import create_app as create_prefect_app
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import provide_database_interface, set_database_config
from prefect.server.utilities.database import get_dialect
from prefect.settings import (
    PREFECT_API_DATABASE_CONNECTION_URL,
    PREFECT_API_DATABASE_MIGRATE_ON_START,
    PREFECT_HOME,
    PREFECT_MEMO_STORE_PATH,
    temporary_settings,
)

from deployments.server.database import Revision, database_file, revision_of
from deployments.server.origin_guard import OriginGuard
from rakuten.errors import RakutenError
from rakuten.outputs.atomic import whole_file
from rakuten.outputs.locks import exclusive
from rakuten.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

# Requests under way at a stop; then what events and states wait in memory is still written.
GRACE_SECONDS = 5


class TurnTakingSqlite(AioSqliteConfiguration):
    """SQLite whose transactions begin with a turn to write."""

    @asynccontextmanager
    async def begin_transaction(
        self, session: "AsyncSession", with_for_update: bool = False
    ) -> AsyncGenerator["AsyncSessionTransaction", None]:
        """A transaction during which nobody else writes; waits for its turn up to Prefect's busy timeout, 60 s."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def create_app() -> OriginGuard:
    """The server's API and UI, over the database that Prefect's settings name."""
    connection: str = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if get_dialect(connection).name == "sqlite":
        set_database_config(TurnTakingSqlite(connection))
    return OriginGuard(create_prefect_app(final=True), Settings().public_urls)


class SuccessiveServer(uvicorn.Server):
    """A server that starts while no other one on the same database does.

    Prefect registers its block types at the start; of two servers that do so at once, one fails.
    """

    def __init__(self, config: uvicorn.Config, file: Path) -> None:
        super().__init__(config)
        self.file = file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start when it is this server's turn."""
        with _alone(self.file):
            await super().startup(sockets)


def migrate(path: Path) -> None:
    """Bring the tables of a SQLite file to the installed Prefect's; one process does, others wait for it.

    The work is done in a copy that takes the file's place at the end: killed half-way, it begins again.

    Raises:
        RakutenError: As `revision_of`, or if an older Prefect's server still uses the file.
    """
    with _alone(path):
        for left in path.parent.glob(f".{path.name}.*"):
            left.unlink()
        revision = revision_of(path)
        if revision is Revision.CURRENT:
            return
        with whole_file(path) as copy:
            if revision is Revision.OLDER:
                _copy_database(path, copy)
            asyncio.run(_upgrade(copy))
            with closing(sqlite3.connect(copy)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            # Left by a database that was removed: a log would be replayed into the new one, and Prefect would take its
            # block types for registered.
            for left in (Path(f"{path}-wal"), Path(f"{path}-shm"), PREFECT_MEMO_STORE_PATH.value()):
                left.unlink(missing_ok=True)


def _alone(file: Path) -> AbstractContextManager[None]:
    return exclusive(file.with_name("start.lock"), purpose="the start of Prefect's server")


def _copy_database(path: Path, copy: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        (busy, *_) = source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise RakutenError(f"{path} is of an older Prefect and still in use; stop the processes that use it first")


async def _upgrade(path: Path) -> None:
    set_database_config(TurnTakingSqlite(f"sqlite+aiosqlite:///{path}"))
    database = provide_database_interface()
    await database.create_db()
    await (await database.engine()).dispose()


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="Prefect's server, guarded against requests of foreign web pages.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=4200)
    parser.add_argument("--log-level", default=os.environ.get("PREFECT_SERVER_LOGGING_LEVEL", "warning").lower())
    options = parser.parse_args()
    # That it waits for another process's migration; alembic's own hundred lines stay off.
    logger = logging.getLogger("rakuten")
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler())
    file = database_file(Path(PREFECT_HOME.value()))
    try:
        if file is not None:
            migrate(file)
    except RakutenError as error:
        sys.exit(f"rakuten: {error}")
    with temporary_settings({PREFECT_API_DATABASE_MIGRATE_ON_START: file is None}):
        config = uvicorn.Config(
            create_app(),
            host=options.host,
            port=options.port,
            log_level=options.log_level,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = uvicorn.Server(config) if file is None else SuccessiveServer(config, file)
        server.run()
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    main()
