"""Requests of foreign web pages are refused by the API; those of its own UI, of workers and commands are answered."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from deployments.server.origin_guard import OriginGuard

HOST = "127.0.0.1:4280"
JSON = {"Content-Type": "application/json"}


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("done", 201 if request.method == "POST" else 200)


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("open")
    await websocket.close()


@pytest.fixture
def client() -> TestClient:
    routes = [
        Route("/api/flows/", answer, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        Route("/runs", answer),
        *(WebSocketRoute(f"/api/{path}", socket) for path in ("events/in", "events/out", "logs/out")),
    ]
    guarded = OriginGuard(Starlette(routes=routes), ["https://prefect.example.com"])
    return TestClient(guarded, base_url=f"http://{HOST}")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Content-Type": "text/plain"},
        {"Origin": "https://evil.example", **JSON},
        {"Origin": "null", **JSON},
        {"Origin": "", **JSON},
        {"Origin": "file://", **JSON},
        # Another server of this machine, and names that only look like this one's.
        {"Origin": "http://127.0.0.1:8888", **JSON},
        {"Origin": "http://localhost:4280", **JSON},
        {"Origin": "http://127.0.0.1:4280.evil.example", **JSON},
        {"Origin": "http://evil.example/127.0.0.1:4280", **JSON},
        {"Origin": "https://prefect.example.com.evil.example", **JSON},
        {"Sec-Fetch-Site": "cross-site", **JSON},
        {"Sec-Fetch-Site": "same-site", **JSON},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
def test_what_another_page_sends_is_refused(client: TestClient, method: str, headers: dict[str, str]) -> None:
    refused = client.request(method, "/api/flows/", headers=headers, content=b'{"name": "x"}')
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_that_is_not_json_is_refused_where_no_origin_is_named(client: TestClient, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    assert client.post("/api/flows/", headers=headers, content=b'{"name": "x"}').status_code == 415


def test_a_preflight_of_another_page_is_refused(client: TestClient) -> None:
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    refused = client.options("/api/flows/", headers=headers)
    assert refused.status_code == 403
    assert not [name for name in refused.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4280",
        "127.0.0.1.evil.example:4280",
        "localhost.evil.example",
        "0.0.0.0:4280",
        "192.168.1.5:4280",
        "",
        "[::1",
        "a@evil.example",
    ],
)
def test_a_foreign_host_name_is_refused(client: TestClient, host: str) -> None:
    for headers in ({"Host": host}, {"Host": host, "Origin": f"http://{host}"}):
        assert client.get("/api/flows/", headers=headers).status_code == 421


@pytest.mark.parametrize("path", ["events/in", "events/out", "logs/out"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8888"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_websocket_of_another_page_is_not_opened(client: TestClient, path: str, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"ws://{HOST}/api/{path}", headers=headers):
        pass


@pytest.mark.parametrize("headers", [{}, {"Origin": f"http://{HOST}"}])
def test_a_websocket_of_a_program_or_of_an_own_page_is_opened(client: TestClient, headers: dict[str, str]) -> None:
    with client.websocket_connect(f"ws://{HOST}/api/events/in", headers=headers) as opened:
        assert opened.receive_text() == "open"


@pytest.mark.parametrize(
    "headers",
    [
        # Worker, command line, curl.
        JSON,
        {"Content-Type": "application/json; charset=utf-8"},
        # The UI, by each name of this machine, through an SSH tunnel on another port, and published.
        {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin", **JSON},
        {"Host": "localhost:9000", "Origin": "http://localhost:9000", "Sec-Fetch-Site": "same-origin", **JSON},
        {"Host": "[::1]:4280", "Origin": "http://[::1]:4280", **JSON},
        {"Host": "prefect.example.com", "Origin": "https://prefect.example.com", **JSON},
        # Behind a proxy that sends its own name for the server.
        {"Origin": "https://prefect.example.com", **JSON},
    ],
)
def test_programs_and_own_pages_are_answered(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/api/flows/", headers=headers, content=b'{"name": "x"}').status_code == 201
    assert client.get("/api/flows/", headers=headers).status_code == 200


def test_a_program_may_send_no_body_at_all(client: TestClient) -> None:
    assert client.post("/api/flows/").status_code == 201


def test_a_link_on_another_page_opens_the_ui_but_neither_the_api_nor_a_frame(client: TestClient) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    opened = client.get("/runs", headers=link)
    assert opened.status_code == 200
    assert opened.headers["x-frame-options"] == "SAMEORIGIN"
    assert client.get("/api/flows/", headers=link).status_code == 403
    assert client.get("/runs", headers={**link, "Sec-Fetch-Dest": "iframe"}).status_code == 403
