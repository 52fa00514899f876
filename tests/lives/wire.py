"""The providers' stand-ins without a network: the SDKs' own ways out end in the stand-ins' application.

What is replaced is the socket below urllib3 (Stripe, Twilio), urllib (SendGrid) and httpx (merchant, agency); the SDKs,
the gateways and the stand-ins are those of every other test. A request costs a tenth of one over the loopback.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message as Headers
from http.client import RemoteDisconnected
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, Request
from urllib.response import addinfourl

import httpx
import urllib3
from starlette.types import ASGIApp, Message
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ProtocolError

Answer = tuple[int, list[tuple[str, str]], bytes]


class HungUp(Exception):
    """The connection was closed without an answer."""


class Wire:
    """Where all requests of this process go: the application of the world that is lived in now."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | str | None) -> Answer:
        """One request, answered to its end. Raises HungUp."""
        assert self.app is not None
        parts = urlsplit(url)
        content = body.encode() if isinstance(body, str) else (body or b"")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), str(value).encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        exchange = _Exchange(content)
        _run(self.app(scope, exchange.receive, exchange.send))
        if exchange.hung_up or exchange.status is None:
            raise HungUp
        return exchange.status, exchange.headers, b"".join(exchange.chunks)

    @contextmanager
    def plugged_in(self) -> Iterator[None]:
        """While this lasts no request of this process leaves it."""
        with (
            patch.object(HTTPConnectionPool, "urlopen", self._by_urllib3()),
            patch.object(HTTPHandler, "http_open", self._by_urllib()),
            patch.object(httpx.HTTPTransport, "handle_request", self._by_httpx()),
        ):
            yield

    def _by_urllib3(self) -> Any:
        def urlopen(
            _pool: HTTPConnectionPool, method: str, url: str, body: Any = None, headers: Any = None, **given: Any
        ) -> urllib3.HTTPResponse:
            try:
                status, answered, content = self.send(method, url, headers or {}, body)
            except HungUp:
                raise ProtocolError("Connection aborted.", RemoteDisconnected("closed")) from None
            return urllib3.HTTPResponse(
                io.BytesIO(content), answered, status, preload_content=given.get("preload_content", True)
            )

        return urlopen

    def _by_urllib(self) -> Any:
        def http_open(_handler: HTTPHandler, request: Request) -> addinfourl:
            try:
                status, answered, content = self.send(
                    request.get_method(), request.full_url, dict(request.header_items()), request.data
                )
            except HungUp:
                raise RemoteDisconnected("closed") from None
            headers = Headers()
            for name, value in answered:
                headers[name] = value
            response = addinfourl(io.BytesIO(content), headers, request.full_url, status)
            response.msg = ""
            return response

        return http_open

    def _by_httpx(self) -> Any:
        def handle_request(_transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            try:
                status, answered, content = self.send(request.method, str(request.url), request.headers, request.read())
            except HungUp:
                raise httpx.RemoteProtocolError("closed", request=request) from None
            return httpx.Response(status, headers=answered, content=content)

        return handle_request


class _Exchange:
    """One request and its answer, in place of a server's connection."""

    def __init__(self, body: bytes) -> None:
        self.transport = self  # what a stand-in aborts to hang up
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.chunks: list[bytes] = []
        self.hung_up = False
        self._body: bytes | None = body

    def abort(self) -> None:
        self.hung_up = True

    async def receive(self) -> Message:
        if self._body is None or self.hung_up:
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.decode(), value.decode()) for name, value in message.get("headers", [])]
        else:
            self.chunks.append(message.get("body", b""))


def _run(coroutine: Any) -> None:
    """Runs an application that waits for nobody, without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("A stand-in waited for something that only an event loop brings.")
