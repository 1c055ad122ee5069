"""Addresses at which no Prefect API answers are named in seconds; loopback is asked past every proxy."""

import http.server
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from deployments.server import api
from deployments.server.api import ask, require_api
from deployments.server.processes import answers
from deployments.server.proxies import without_proxy_for_loopback
from rakuten.errors import InputError, RakutenError

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


class Answers(http.server.ThreadingHTTPServer):
    """A server of this machine that answers each path as a test says.

    Attributes:
        by_path: Status, content type and body.
        asked: Headers of the requests, in order.
    """

    def __init__(self) -> None:
        self.by_path: dict[str, tuple[int, str, str]] = {}
        self.asked: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api"


class Answer(http.server.BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        status, kind, body = self.server.by_path.get(self.path.partition("?")[0], (404, "text/plain", "nothing here"))
        if self.path == "/api/flows/" and "Prefect-Csrf-Token" not in self.headers:
            status, body = 403, '{"detail": "Missing CSRF token."}'
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Answers]:
    made = Answers()
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A variable that names a proxy, which is not there."""
    for name in (*PROXIES, "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(request.param, "http://127.0.0.1:9")
    return str(request.param)


def test_our_own_requests_pass_every_proxy_by(server: Answers, proxy: str) -> None:
    server.by_path["/api/health"] = (200, "application/json", "true")
    assert answers(server.address)
    assert ask(server.address, "health") is True


def test_prefects_clients_pass_every_proxy_by(server: Answers, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server.by_path["/api/health"] = (200, "application/json", "true")
    for name, value in without_proxy_for_loopback().items():
        monkeypatch.setenv(name, value)
    assert httpx.get(f"{server.address}/health").json() is True
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert get_proxy(parse_uri(f"ws://{host}:4280/api/events/in")) is None


def test_other_addresses_still_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name, value in without_proxy_for_loopback({"no_proxy": "db", "NO_PROXY": "*.example.com, db"}).items():
        monkeypatch.setenv(name, value)
        assert value == "db,*.example.com,127.0.0.1,localhost,::1"
    assert not urllib.request.proxy_bypass("prefect.io")


def test_a_socks_proxy_does_not_stop_prefects_client(server: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    server.by_path["/api/health"] = (200, "application/json", "true")
    for name, value in {"ALL_PROXY": "socks5://127.0.0.1:9", **without_proxy_for_loopback({})}.items():
        monkeypatch.setenv(name, value)
    assert httpx.get(f"{server.address}/health").json() is True


@pytest.mark.parametrize("address", ["127.0.0.1:4200/api", "here", "ftp://host/api", "http://", "http://a:x/api"])
def test_what_is_no_url_is_bad_input(address: str) -> None:
    with pytest.raises(InputError, match=r"expected an address like http://127.0.0.1:4200/api"):
        require_api(address)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, "text/html", "<html></html>"), r"no Prefect API there; such an address ends with /api"),
        ((200, "application/json", '{"version": 1}'), "no Prefect API there"),
        ((200, "application/json", ""), "no Prefect API there"),
        ((200, "application/json", "\u00e9"), "no Prefect API there"),
        ((404, "text/plain", "not found"), r"no Prefect API there \(404\)"),
        ((401, "application/json", "{}"), r"refuses access \(401\); PREFECT_API_AUTH_STRING"),
        ((403, "application/json", "{}"), r"refuses access \(403\)"),
        ((421, "application/json", "{}"), "RAKUTEN_PUBLIC_URLS"),
        ((502, "text/html", "bad gateway"), "status 502"),
    ],
)
def test_what_is_no_prefect_api_is_named(server: Answers, answer: tuple[int, str, str], message: str) -> None:
    server.by_path["/api/admin/version"] = answer
    with pytest.raises(RakutenError, match=message) as caught:
        require_api(server.address)
    assert server.address in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_prefect_api_is_taken_with_and_without_a_slash(server: Answers) -> None:
    server.by_path["/api/admin/version"] = (200, "application/json", '"3.8.8"')
    require_api(server.address)
    require_api(f"{server.address}/")


def test_a_port_where_nothing_listens_is_named(server: Answers) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(RakutenError, match=r"no server answers there .*refused"):
        require_api(server.address)


def test_a_host_that_does_not_exist_is_named() -> None:
    with pytest.raises(RakutenError, match="no server answers there"):
        require_api("http://no-such-host.invalid/api")


@pytest.mark.parametrize("speaks", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"], ids=["silence", "another protocol"])
def test_a_server_that_speaks_no_http_is_named(speaks: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "CHECK_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(speaks)
                connection.recv(1000)
                if not speaks:
                    connection.recv(1000)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(RakutenError, match="no server answers there"):
            require_api(f"http://127.0.0.1:{listening.getsockname()[1]}/api")


def test_a_server_with_csrf_protection_is_sent_its_token(server: Answers) -> None:
    server.by_path["/api/csrf-token"] = (200, "application/json", json.dumps({"token": "secret"}))
    server.by_path["/api/flows/"] = (201, "application/json", '{"id": 1}')
    assert ask(server.address, "flows/", {"name": "x"}) == {"id": 1}
    assert server.asked[-1]["Prefect-Csrf-Token"] == "secret"
