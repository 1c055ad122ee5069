"""Transactions of the server's SQLite take turns; those of Prefect alone would not."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.exc import OperationalError

from deployments.server.prefect_server import TurnTakingSqlite


async def add_twice(config: AioSqliteConfiguration) -> int:
    """Two transactions at once, each of which reads a number and writes the next one; the number they leave."""
    engine = await config.engine()
    try:
        async with await config.session(engine) as session, config.begin_transaction(session):
            await session.execute(sa.text("CREATE TABLE numbers (number INTEGER)"))
            await session.execute(sa.text("INSERT INTO numbers VALUES (0)"))

        async def add() -> None:
            async with await config.session(engine) as session, config.begin_transaction(session):
                number = (await session.execute(sa.text("SELECT number FROM numbers"))).scalar_one()
                await asyncio.sleep(0.2)
                await session.execute(sa.text("UPDATE numbers SET number = :number"), {"number": number + 1})

        await asyncio.gather(add(), add())
        async with await config.session(engine) as session:
            left: int = (await session.execute(sa.text("SELECT number FROM numbers"))).scalar_one()
            return left
    finally:
        await engine.dispose()


def database(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'test.db'}"


def test_a_transaction_waits_for_the_one_that_writes(tmp_path: Path) -> None:
    assert asyncio.run(add_twice(TurnTakingSqlite(database(tmp_path)))) == 2


def test_transactions_of_prefect_alone_are_refused(tmp_path: Path) -> None:
    # Should this fail one day, Prefect has mended it and `deployments.server.prefect_server` can go.
    with pytest.raises(OperationalError, match="database is locked"):
        asyncio.run(add_twice(AioSqliteConfiguration(database(tmp_path))))
