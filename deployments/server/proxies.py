"""Requests to this machine's own addresses never go through a proxy: it would answer for itself, or not at all."""

import ipaddress
import os
import urllib.request
from collections.abc import Mapping
from http.client import HTTPResponse
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def without_proxy_for_loopback(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that exempt loopback from proxies, in both spellings: httpx, websockets and urllib read them."""
    named = ",".join(environment.get(name, "") for name in ("no_proxy", "NO_PROXY"))
    hosts = [host.strip() for host in named.split(",") if host.strip()]
    merged = ",".join(dict.fromkeys([*hosts, *LOOPBACK]))
    return {"NO_PROXY": merged, "no_proxy": merged}


def open_url(request: urllib.request.Request, timeout: float) -> HTTPResponse:
    """Send a request; directly where it is for this machine, whatever proxies the environment names.

    Raises:
        urllib.error.URLError: If it cannot be reached, or refuses.
        TimeoutError: If it does not answer in time.
    """
    proxies: dict[str, str] | None = {} if is_loopback(urlsplit(request.full_url).hostname) else None
    answer: HTTPResponse = urllib.request.build_opener(urllib.request.ProxyHandler(proxies)).open(
        request, timeout=timeout
    )
    return answer


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address, of lower case and without port, means this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
