"""Requests to a Prefect API without Prefect: its client takes seconds to import and minutes to give up."""

import base64
import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

BUSY = 503
TRIES = 30


def ask(address: str, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
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
    headers = {"Content-Type": "application/json"}
    if secret := os.environ.get("PREFECT_API_AUTH_STRING"):
        headers["Authorization"] = f"Basic {base64.b64encode(secret.encode()).decode()}"
    request = urllib.request.Request(f"{address}/{path}", data, headers, method=method)
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                content = answer.read()
                return json.loads(content) if content else None
        except (urllib.error.HTTPError, TimeoutError) as error:
            if not left or (isinstance(error, urllib.error.HTTPError) and error.code != BUSY):
                raise
            time.sleep(1)
    raise AssertionError("unreachable")
