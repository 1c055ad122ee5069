"""What stops a command before it starts a server is one line, at once."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Rakuten

from deployments.server.processes import free_port, start, wait_until_ready
from deployments.server.session import prefect_api, served
from rakuten.errors import RakutenError, SettingError
from rakuten.outputs.locks import exclusive
from rakuten.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(outputs=tmp_path / "outputs")


@pytest.fixture
def home(settings: Settings) -> Path:
    folder = settings.outputs_folder / "prefect"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Variables that a test sets are gone after it."""
    before = dict(os.environ)
    os.environ.pop("PREFECT_API_URL", None)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_a_command_on_a_damaged_database_ends_with_one_line(
    home: Path, rakuten: Rakuten, one_product_dump: Path
) -> None:
    (home / "prefect.db").write_bytes(b"garbage" * 1000)
    done = rakuten("validate", "--dump", str(one_product_dump))
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert str(home / "prefect.db") in line
    assert "mv" in line


@pytest.mark.parametrize("command", ["ui", "serve"])
def test_the_server_on_a_damaged_database_ends_with_one_line(
    home: Path, command: str, rakuten: Rakuten, tmp_path: Path
) -> None:
    (home / "prefect.db").write_bytes(b"garbage" * 1000)
    done = rakuten(command, RAKUTEN_CATALOGUE=str(tmp_path), RAKUTEN_UI_PORT=str(free_port()))
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "is damaged" in done.stderr


@pytest.mark.parametrize(
    ("address", "code", "message"),
    [
        ("http://127.0.0.1:9/api", 1, "no server answers there"),
        ("127.0.0.1:4200", 2, "expected an address like http://127.0.0.1:4200/api"),
    ],
)
def test_a_server_that_does_not_answer_is_one_line(
    address: str, code: int, message: str, rakuten: Rakuten, one_product_dump: Path
) -> None:
    for arguments in (["validate", "--dump", str(one_product_dump)], ["worker"], ["deploy"]):
        done = rakuten(*arguments, PREFECT_API_URL=address)
        assert done.exit_code == code, done.stderr
        (line,) = done.stderr.splitlines()
        assert message in line


@pytest.mark.parametrize("command", ["deploy", "worker"])
def test_what_needs_a_server_of_its_own_says_so(command: str, rakuten: Rakuten, tmp_path: Path) -> None:
    done = rakuten(command)
    assert done.exit_code == 2
    assert "PREFECT_API_URL does not name a server" in done.stderr
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("content", [None, "", "{", '"http://127.0.0.1:9/api"', "[1]", '"no address"'])
def test_a_second_ui_is_refused_whatever_the_first_wrote_of_itself(
    home: Path, settings: Settings, content: str | None
) -> None:
    if content is not None:
        (home / "ui.json").write_text(content, "utf-8")
    with (
        exclusive(home / "ui.lock", purpose="this test"),
        pytest.raises(RakutenError, match="runs already"),
        served(settings),
    ):
        pass


def test_a_taken_port_is_named(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(RakutenError, match=f"port {port} cannot be used .*RAKUTEN_UI_PORT"),
            served(Settings(outputs=settings.outputs, ui_port=port)),
        ):
            pass


def test_a_file_in_the_place_of_prefects_folder_is_named(home: Path, settings: Settings) -> None:
    home.rmdir()
    home.touch()
    with pytest.raises(RakutenError, match=f"Prefect's folder {home}"), prefect_api(settings, meanwhile="json"):
        pass


def test_commands_keep_proxies_off_loopback(settings: Settings, home: Path) -> None:
    (home / "prefect.db").mkdir()
    os.environ["NO_PROXY"] = "intranet"
    with pytest.raises(RakutenError), prefect_api(settings, meanwhile="json"):
        pass
    assert os.environ["no_proxy"] == "intranet,127.0.0.1,localhost,::1"


def test_a_public_address_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAKUTEN_PUBLIC_URLS", "https://prefect.example.com, http://10.0.0.5:4200")
    assert Settings().public_urls == ("https://prefect.example.com", "http://10.0.0.5:4200")
    monkeypatch.setenv("RAKUTEN_PUBLIC_URLS", json.dumps("prefect.example.com"))
    with pytest.raises(SettingError, match="expected addresses of a server"):
        Settings()


def test_what_ended_a_server_at_its_start_is_in_the_message(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    server = start(["flows.no_such_module"], {}, log)
    with pytest.raises(RakutenError, match=r"exited with code 1 .*No module named.*server\.log") as caught:
        wait_until_ready("http://127.0.0.1:9/api", server, log)
    assert "\n" not in str(caught.value)
