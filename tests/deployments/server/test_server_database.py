"""Prefect's database is checked before a server opens it: one line names a broken one, an empty one is made anew."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deployments.server import database
from deployments.server.database import LOCK_SECONDS, Revision, check_database, database_file
from rakuten.errors import RakutenError

_, HEAD = database._installed_revisions()


def write_database(path: Path, revision: str | None = HEAD, rows: int = 2000) -> Path:
    """A database with a table of many pages, and a revision as Prefect writes it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE flow (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO flow (name) VALUES (?)", [("x" * 200,)] * rows)
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        if revision:
            connection.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(RakutenError) as caught:
        check_database(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_a_database_of_this_prefect_is_current(tmp_path: Path) -> None:
    assert check_database(write_database(tmp_path / "prefect.db")) is Revision.CURRENT


def test_a_database_of_an_older_prefect_is_older(tmp_path: Path) -> None:
    assert check_database(write_database(tmp_path / "prefect.db", "9725c1cbee35")) is Revision.OLDER


@pytest.mark.parametrize("content", [None, b""])
def test_no_database_and_an_empty_one_are_absent(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "prefect.db"
    if content is not None:
        path.write_bytes(content)
    assert check_database(path) is Revision.ABSENT


def test_a_database_without_tables_is_absent(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA user_version = 1")
    assert path.stat().st_size > 0
    assert check_database(path) is Revision.ABSENT


def test_a_garbage_header_is_damage_with_a_remedy(tmp_path: Path) -> None:
    path = write_database(tmp_path / "prefect.db")
    content = path.read_bytes()
    path.write_bytes(b"garbage!" * 12 + content[96:])
    message = refusal(path)
    assert "is damaged" in message
    assert f"`mv {path} {path}.old`" in message
    assert "models, runs and reports are kept elsewhere" in message


def test_a_text_file_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    path.write_text("no database\n" * 1000, "utf-8")
    assert "is damaged" in refusal(path)


def test_garbage_in_the_middle_is_damage(tmp_path: Path) -> None:
    path = write_database(tmp_path / "prefect.db")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(8192))
    assert "is damaged" in refusal(path)


def test_a_truncated_database_is_damage(tmp_path: Path) -> None:
    path = write_database(tmp_path / "prefect.db")
    os.truncate(path, path.stat().st_size // 2)
    assert "is damaged" in refusal(path)


def test_a_revision_that_is_unknown_here_names_the_versions(tmp_path: Path) -> None:
    message = refusal(write_database(tmp_path / "prefect.db", "ffffffffffff"))
    assert "written by another Prefect than the installed" in message
    assert "ffffffffffff" in message


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    assert "is not a database of Prefect" in refusal(write_database(tmp_path / "prefect.db", None))


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    path.mkdir()
    assert "is no file" in refusal(path)


def test_a_named_pipe_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    os.mkfifo(path)
    assert "is no file" in refusal(path)


def test_a_dangling_link_is_named_with_its_target(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    path.symlink_to(tmp_path / "gone.db")
    assert "gone.db, which does not exist" in refusal(path)


def test_a_link_in_a_circle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    path.symlink_to(path)
    refusal(path)


def test_a_link_to_a_database_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    path.symlink_to(write_database(tmp_path / "elsewhere.db"))
    assert check_database(path) is Revision.CURRENT


def test_a_database_that_may_not_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_database(tmp_path / "prefect.db")
    # Tests may run as root, who may write anything.
    monkeypatch.setattr(database.os, "access", lambda place, mode: place != path)
    assert "cannot be read and written by this user" in refusal(path)


def test_a_database_locked_by_another_process_is_refused_after_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_database(tmp_path / "prefect.db")
    assert LOCK_SECONDS < 60
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "locked by another process" in refusal(path)


def test_the_checks_leave_no_lock_behind(tmp_path: Path) -> None:
    path = write_database(tmp_path / "prefect.db")
    check_database(path)
    with closing(sqlite3.connect(path, timeout=0)) as other, other:
        other.execute("DELETE FROM flow")


@pytest.mark.parametrize(
    ("address", "file"),
    [
        (None, "home/prefect.db"),
        ("sqlite+aiosqlite:////data/prefect.db", "/data/prefect.db"),
        ("sqlite+aiosqlite:////data/prefect.db?timeout=5", "/data/prefect.db"),
        ("sqlite+aiosqlite:///file::memory:?cache=shared&uri=true", None),
        ("postgresql+asyncpg://user@db/prefect", None),
    ],
)
def test_the_file_is_the_one_that_the_server_opens(
    address: str | None, file: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_DATABASE_CONNECTION_URL", raising=False)
    monkeypatch.delenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", raising=False)
    if address is not None:
        monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", address)
    assert database_file(Path("home")) == (None if file is None else Path(file))
