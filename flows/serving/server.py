"""Prefect's server as this project runs it: on SQLite, transactions take turns instead of failing.

`python -m flows.serving.server …` is `prefect server …`; `create_app` is for uvicorn.

Prefect 3.8 begins its transactions deferred. One that has read, and would write after another has written, is refused
at once ("database is locked"), however long it would have waited. One that first asks for its turn to write waits.
"""

import runpy
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.database.dependencies import set_database_config
from prefect.server.utilities.database import get_dialect
from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

if TYPE_CHECKING:
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


class TurnTakingSqlite(AioSqliteConfiguration):
    """SQLite whose transactions begin with a turn to write."""

    @asynccontextmanager
    async def begin_transaction(
        self, session: "AsyncSession", with_for_update: bool = False
    ) -> AsyncGenerator["AsyncSessionTransaction", None]:
        """A transaction during which nobody else writes; waits for its turn up to Prefect's busy timeout, 60 s."""
        async with super().begin_transaction(session, with_for_update=True) as transaction:
            yield transaction


def create_app() -> "FastAPI":
    """The server's API, over the database that Prefect's settings name."""
    from prefect.server.api.server import create_app as create_prefect_app

    _take_turns()
    return create_prefect_app()


def _take_turns() -> None:
    connection: str = PREFECT_API_DATABASE_CONNECTION_URL.value()
    if get_dialect(connection).name == "sqlite":
        set_database_config(TurnTakingSqlite(connection))


def main() -> None:
    """Run `prefect server` with the arguments given."""
    _take_turns()
    sys.argv = ["prefect", "server", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
