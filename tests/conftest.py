"""What tests of all layers share: a Prefect API, and the folder of real products where there is one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A clock tells of the machine's other work, not of an example.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order tests of the library before those that load Prefect.

    Prefect's threads draw from Python's random numbers, by which Keras seeds the weights of a network that is built in
    the same process.
    """
    tests = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] in ("flows", "tasks"))


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """The address of a Prefect server for this session; starting one takes twenty seconds: only where flows run.

    Commands in processes of their own use it where PREFECT_API_URL names it, and start none themselves.
    """
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
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
