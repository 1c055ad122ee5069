"""Requests to a Prefect API without Prefect: its client takes seconds to import and minutes to give up."""

import base64
import http.client
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from typing import Any
from urllib.parse import urlsplit

from deployments.server.proxies import open_url
from rakuten.errors import InputError, RakutenError

BUSY = 503
FORBIDDEN = 403
TRIES = 30
CHECK_SECONDS = 10.0
# What a server accepts for changes that say where they come from; a client's name is its own choice.
CSRF_CLIENT = str(uuid.uuid4())


def ask(address: str, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:  # noqa: ANN401  # JSON
    """What an API answers; tried again while a busy SQLite has it answer 503, or not at all.

    Args:
        address: Of the API.
        path: Below it.
        body: Content of a POST; None: GET.
        method: Another than these.

    Returns:
        The answer's JSON; None where it is empty.

    Raises:
        urllib.error.URLError: If it cannot be reached, refuses, or stays busy.
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/{path}", data, _headers(), method=method)
    for left in reversed(range(TRIES)):
        try:
            with open_url(request, timeout=20) as answer:
                content = answer.read()
                return json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            if left and error.code == FORBIDDEN and data is not None and not request.has_header("Prefect-csrf-token"):
                _add_csrf_token(address, request)
            elif not left or error.code != BUSY:
                raise
            else:
                time.sleep(1)
        except TimeoutError:
            if not left:
                raise
            time.sleep(1)
    raise AssertionError("unreachable")


def named_api(purpose: str) -> str:
    """The address in PREFECT_API_URL.

    Args:
        purpose: What for, for the error.

    Raises:
        InputError: If it is not set.
    """
    if not (address := os.environ.get("PREFECT_API_URL")):
        raise InputError(f"PREFECT_API_URL does not name a server to {purpose}; `rakuten serve` brings its own")
    return address


def require_api(address: str) -> None:
    """Refuse an address at which no Prefect API answers, within seconds.

    Args:
        address: What PREFECT_API_URL says.

    Raises:
        InputError: If it is no URL.
        RakutenError: If nothing answers there, or something else than Prefect's API, or it wants another password.
    """
    try:
        parts = urlsplit(address)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise InputError(f"PREFECT_API_URL is {address!r}, expected an address like http://127.0.0.1:4200/api")
    request = urllib.request.Request(f"{address.rstrip('/')}/admin/version", headers=_headers())
    try:
        with open_url(request, timeout=CHECK_SECONDS) as answer:
            is_prefect = _is_json_text(answer.read(1000))
    except urllib.error.HTTPError as error:
        raise RakutenError(f"PREFECT_API_URL={address}: {_why_refused(error.code)}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise RakutenError(f"PREFECT_API_URL={address}: no server answers there ({reason}); is it running?") from None
    if not is_prefect:
        raise RakutenError(f"PREFECT_API_URL={address}: no Prefect API there; such an address ends with /api")


def _is_json_text(content: bytes) -> bool:
    """Whether an answer is what Prefect says of its version, and no page of another server."""
    try:
        return isinstance(json.loads(content), str)
    except ValueError:
        return False


def _why_refused(code: int) -> str:
    if code in (401, FORBIDDEN):
        return f"the server refuses access ({code}); PREFECT_API_AUTH_STRING must be the server's user:password"
    if code == 404:
        return "no Prefect API there (404); such an address ends with /api"
    if code == 421:
        return "the server does not go by this name (421); RAKUTEN_PUBLIC_URLS on its machine names others"
    return f"the server answers with status {code}"


def _headers() -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if secret := os.environ.get("PREFECT_API_AUTH_STRING"):
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    return headers


def _add_csrf_token(address: str, request: urllib.request.Request) -> None:
    """Have a request carry the token that a server with PREFECT_SERVER_CSRF_PROTECTION_ENABLED wants.

    Raises:
        urllib.error.HTTPError: If it gives none: its refusal had another reason.
    """
    token = ask(address, f"csrf-token?client={CSRF_CLIENT}")["token"]
    request.add_header("Prefect-Csrf-Token", token)
    request.add_header("Prefect-Csrf-Client", CSRF_CLIENT)
