"""What tests of all layers share: a Prefect API, and the folder of real products where there is one."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import pytest
from hypothesis import settings

# A clock tells of the machine's other work, not of an example.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


# Begun first among the tests that load Prefect, so that no process of two is left alone with them in the end.
LONGEST = ("test_end_to_end.py", "test_serving.py", "test_promote.py", "test_study_images.py", "test_set_up.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order tests of the library before those that load Prefect, and of these the longest first.

    Prefect's threads draw from Python's random numbers, by which Keras seeds the weights of a network that is built in
    the same process.
    """
    tests = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        if item.path.relative_to(tests).parts[0] not in ("deployments", "flows", "tasks"):
            return 0
        return 1 if item.path.name in LONGEST else 2

    items.sort(key=turn)


# Services of Prefect's server that act by themselves on schedules, late runs, pauses and automations. Here no run comes
# of them, and a schedule alone would put a hundred runs into the database.
UNUSED_SERVICES = (
    "scheduler",
    "late_runs",
    "foreman",
    "pause_expirations",
    "cancellation_cleanup",
    "repossessor",
    "triggers",
)


@pytest.fixture(scope="session")
def migrated_database(pytestconfig: pytest.Config) -> Path:
    """An empty SQLite database with all tables of the installed Prefect, to be copied: its migrations take long.

    Made once for all processes, and kept in pytest's cache for later sessions.
    """
    from rakuten.outputs.locks import exclusive

    folder = pytestconfig.cache.mkdir("prefect")  # type: ignore[union-attr]
    made = folder / f"{version('prefect')}.db"
    with exclusive(folder / "database.lock", purpose="the migrations of a database"):
        if not made.exists():
            with TemporaryDirectory(dir=folder) as work:
                _migrate(Path(work) / "prefect.db").rename(made)
    return made


def _migrate(database: Path) -> Path:
    """Make a database as a server does at its start; all of it is in one file afterwards."""
    address = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{database}"}
    home = {"PREFECT_HOME": str(database.parent), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
    subprocess.run(command, env={**os.environ, **address, **home}, check=True, capture_output=True)
    whole = database.with_name("whole.db")
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(whole)) as target:
        source.backup(target)
    return whole


@pytest.fixture(scope="session")
def prefect_api(migrated_database: Path) -> Iterator[str]:
    """The address of a Prefect server for this session; starting one takes ten seconds: only where flows run.

    Commands in processes of their own use it where PREFECT_API_URL names it, and start none themselves. Tests of
    schedules and automations start a server with all services (`real_server`).
    """
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    def folder_with_database() -> str:
        folder = mkdtemp()
        shutil.copy(migrated_database, Path(folder) / "prefect-test.db")
        return folder

    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            for service in UNUSED_SERVICES:
                patch.setenv(f"PREFECT_SERVER_SERVICES_{service.upper()}_ENABLED", "false")
            patch.setattr("prefect.testing.utilities.mkdtemp", folder_with_database)
            stack.enter_context(prefect_test_harness(server_startup_timeout=120))
        yield PREFECT_API_URL.value()


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An outputs folder of this test's own, as the settings see it."""
    folder = tmp_path / "outputs"
    monkeypatch.setenv("RAKUTEN_OUTPUTS", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real products and weights; the test skips where there is none."""
    folder = Path(os.environ.get("RAKUTEN_SHARED_DATA", "../shared/data")).absolute()
    if not folder.is_dir():
        pytest.skip(f"no real products in {folder}; name their folder in RAKUTEN_SHARED_DATA")
    return folder
