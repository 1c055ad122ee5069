"""ASGI middleware: refuses requests that another web page, or a foreign host name, makes to Prefect's API and UI.

A page open in a browser can send requests to 127.0.0.1. Browsers name the page that does so in the headers `Origin` and
`Sec-Fetch-Site`, which pages cannot change. Programs (worker, command line) send neither and are let through, if they
send JSON: what a page can send without these headers is never JSON. The check of `Host` is against DNS rebinding, where
a page's own host name is made to resolve to this machine.
"""

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.server.proxies import is_loopback

Refusal = tuple[HTTPStatus, str]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY_VIOLATION = 1008
REMEDY = "name the address in RAKUTEN_PUBLIC_URLS if it is the server's own"


class OriginGuard:
    """Lets through requests of the server's own pages, of programs, and links that a person follows.

    Args:
        app: The application to protect.
        public_urls: Addresses beside loopback under which people reach the server, e.g. `https://prefect.example.com`.
    """

    def __init__(self, app: ASGIApp, public_urls: Iterable[str] = ()) -> None:
        self.app = app
        parts = [urlsplit(url) for url in public_urls]
        self.origins = {f"{part.scheme}://{part.netloc}".lower() for part in parts}
        self.hosts = {part.hostname for part in parts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with the reason for its refusal."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif (refusal := self._refusal(scope)) is None:
            await self.app(scope, receive, _without_foreign_frames(send))
        elif scope["type"] == "websocket":
            # Before it is accepted: the server answers the handshake with 403.
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": refusal[1]})
        else:
            status, reason = refusal
            await JSONResponse({"detail": reason}, status)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._is_own_host(hosts[0]):
            return HTTPStatus.MISDIRECTED_REQUEST, f"not this server's host name: {hosts}; {REMEDY}"
        if len(origins) > 1 or not all(self._is_own_origin(origin, hosts[0]) for origin in origins):
            return HTTPStatus.FORBIDDEN, f"request of a page of another origin: {origins}; {REMEDY}"
        if not origins and not _is_own_fetch(scope, headers):
            return HTTPStatus.FORBIDDEN, "request of a page of another site"
        if not origins and not _is_of_program(scope, headers):
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected a body of Content-Type application/json"
        return None

    def _is_own_host(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name in self.hosts or is_loopback(name)

    def _is_own_origin(self, origin: str, host: str) -> bool:
        """An origin that was named, or the address that the request itself is for: any port, for SSH tunnels."""
        origin = origin.lower()
        scheme, _, place = origin.partition("://")
        return origin in self.origins or (scheme in ("http", "https") and place == host.lower())


def _is_own_fetch(scope: Scope, headers: Headers) -> bool:
    """Of a program, of the server's own page, of a person who typed it; or a link from elsewhere, to a page only."""
    if headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return True
    is_page = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return is_page and scope.get("method") in ("GET", "HEAD") and not scope["path"].startswith("/api")


def _is_of_program(scope: Scope, headers: Headers) -> bool:
    """Nothing that changes anything, an own page's request, no body at all, or JSON."""
    if scope["type"] == "websocket" or scope["method"] in SAFE_METHODS or "sec-fetch-site" in headers:
        return True
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
    return kind == "application/json" or not (has_body or kind)


def _without_foreign_frames(send: Send) -> Send:
    """Have browsers refuse to show the answer inside a page of another origin, which could steer clicks."""

    async def send_with_policy(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Frame-Options"] = "SAMEORIGIN"
            headers["Content-Security-Policy"] = "frame-ancestors 'self'"
        await send(message)

    return send_with_policy
