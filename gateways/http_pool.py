"""Connections to a provider that stay open between requests."""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

# As many as a worker may have threads (DUNNING_ACTIVITY_THREADS): one above it would be closed after each request.
_MOST_CONNECTIONS = 1_000


class HttpPool:
    """Sends requests to one provider. Safe to be shared by threads.

    A request goes out once: it is not repeated and follows no redirect. The environment's proxies are read here, once:
    to look for them at every request costs as much as the request.
    """

    def __init__(self, base_url: str, timeout: timedelta, ca_file: str | None = None) -> None:
        """`timeout` is for connecting, and again for each wait. Without a `ca_file` the system's certificates count."""
        self._timeout = urllib3.Timeout(timeout.total_seconds())
        self._manager = _manager(base_url, ca_file)
        # The manager takes each address apart once more, to find the host that is always the same.
        parts = urlsplit(base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}/"
        direct = not isinstance(self._manager, urllib3.ProxyManager)
        self._host = self._manager.connection_from_url(base_url) if direct else None

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None = None
    ) -> urllib3.BaseHTTPResponse:
        """The answer, read to its end, whatever its status. Raises urllib3.exceptions.HTTPError."""
        way: urllib3.PoolManager | urllib3.HTTPConnectionPool = self._manager
        if self._host and url.startswith(self._origin):
            way, url = self._host, url[len(self._origin) - 1 :]
        return way.urlopen(
            method, url, redirect=False, retries=False, timeout=self._timeout, headers=headers, body=body
        )


def _manager(base_url: str, ca_file: str | None) -> urllib3.PoolManager:
    target = urlsplit(base_url)
    proxy = getproxies().get(target.scheme) or getproxies().get("all")
    if not proxy or proxy_bypass(target.netloc):
        return urllib3.PoolManager(maxsize=_MOST_CONNECTIONS, ca_certs=ca_file)
    way = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    login = unquote(f"{way.username}:{way.password or ''}") if way.username else None
    return urllib3.ProxyManager(
        urlunsplit(way._replace(netloc=way.netloc.rpartition("@")[2])),
        proxy_headers=urllib3.make_headers(proxy_basic_auth=login),
        maxsize=_MOST_CONNECTIONS,
        ca_certs=ca_file,
    )
