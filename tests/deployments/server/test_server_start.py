"""Real servers: several started at once on a new folder all come up; pages of other origins get nothing from them."""

import http.client
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from deployments.server.api import ask
from deployments.server.database import Revision, check_database
from deployments.server.environment import served_environment
from deployments.server.processes import end, free_port, start, wait_until_ready
from rakuten.settings import Settings

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def outputs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def ports(outputs_folder: Path) -> Iterator[list[int]]:
    """Three servers that were started at once over one folder, where an empty file stands for the database."""
    home = outputs_folder / "prefect"
    home.mkdir()
    (home / "prefect.db").touch()
    # Left by a database that was removed; it would be replayed into the new one.
    (home / "prefect.db-wal").write_bytes(os.urandom(5000))
    ports = [free_port() for _ in range(3)]
    environment = served_environment(Settings(outputs=outputs_folder)) | {"PREFECT_HOME": str(home)}
    servers = [
        start(["deployments.server.prefect_server", "--port", str(port)], environment, outputs_folder / f"{port}.log")
        for port in ports
    ]
    try:
        for port, server in zip(ports, servers, strict=True):
            wait_until_ready(f"http://127.0.0.1:{port}/api", server, outputs_folder / f"{port}.log")
        yield ports
    finally:
        for server in servers:
            end(server, [(signal.SIGTERM, 20)])


def send(port: int, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of the answer to a request that has these headers and no other but the host's."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


def test_one_of_them_makes_the_tables_and_the_others_wait(ports: list[int], outputs_folder: Path) -> None:
    home = outputs_folder / "prefect"
    assert check_database(home / "prefect.db") is Revision.CURRENT
    assert not list(home.glob("*.tmp*"))
    logs = [(outputs_folder / f"{port}.log").read_text("utf-8") for port in ports]
    assert not any("Traceback" in log for log in logs)
    for port in ports:
        ask(f"http://127.0.0.1:{port}/api", "flows/", {"name": f"flow of {port}"})
    with closing(sqlite3.connect(home / "prefect.db")) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM flow WHERE name LIKE 'flow of %'").fetchone()
    assert count == 3


def test_a_page_of_another_origin_changes_and_reads_nothing(ports: list[int]) -> None:
    body = '{"name": "planted"}'
    evil = {"Origin": "https://evil.example"}
    for headers in ({**evil, "Content_Type": "text/plain"}, {**evil, "Content_Type": "application/json"}, evil):
        assert send(ports[0], "POST", "/api/flows/", body, **headers)[0] == 403
    assert send(ports[0], "POST", "/api/flows/", body)[0] == 415
    assert send(ports[0], "POST", "/api/flows/", body, Host="evil.example")[0] == 421
    preflight = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "content-type", **evil}
    for method, headers in (("OPTIONS", preflight), ("GET", evil)):
        status, answered, _ = send(ports[0], method, "/api/admin/version", **headers)
        assert status == 403
        assert "access-control-allow-origin" not in answered
    names = {flow["name"] for flow in ask(f"http://127.0.0.1:{ports[0]}/api", "flows/filter", {})}
    assert "planted" not in names


@pytest.mark.parametrize("path", ["events/in", "events/out", "logs/out"])
def test_a_websocket_of_a_page_of_another_origin_is_refused(ports: list[int], path: str) -> None:
    address = f"ws://127.0.0.1:{ports[0]}/api/{path}"
    with pytest.raises(InvalidStatus, match="403"):
        connect(address, origin="https://evil.example", proxy=None)  # type: ignore[arg-type]
    with connect(address, subprotocols=["prefect"], proxy=None) as opened:  # type: ignore[list-item]
        opened.send(json.dumps({"type": "auth", "token": None}))
        assert json.loads(opened.recv())["type"] == "auth_success"


def test_the_ui_asks_the_origin_it_came_from_by_whatever_name_and_port(ports: list[int]) -> None:
    # As through `ssh -L 9000:127.0.0.1:4280`.
    tunnel = {"Host": "localhost:9000", "Origin": "http://localhost:9000", "Sec_Fetch_Site": "same-origin"}
    status, _, page = send(ports[0], "GET", "/", Host="localhost:9000", Sec_Fetch_Site="none")
    assert status == 200
    assert "<html" in page
    status, _, settings = send(ports[0], "GET", "/ui-settings", **tunnel)
    assert (status, json.loads(settings)["api_url"]) == (200, "/api")
    status, *_ = send(ports[0], "POST", "/api/flows/filter", "{}", Content_Type="application/json", **tunnel)
    assert status == 200
