"""A merchant's endpoint: a real HTTP server that writes down what it was sent, and answers as it is told."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def status(code: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} Told", "Content-Length: 0", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass(frozen=True)
class Got:
    """One request."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """As the library of Standard Webhooks verifies it. Raises WebhookVerificationError."""
        Webhook(secret).verify(self.body, self.headers)
        return True


@dataclass
class Receiver:
    """port: where it listens. `answers` are used up one by one, then it says `OK`; None is silence."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    answers: list[bytes | None] = field(default_factory=list)
    always: Callable[[Got], bytes | None] | None = None
    endless: bool = False  # writes a body for as long as anybody reads
    wrote: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    def types(self) -> list[str]:
        return [got.event["type"] for got in self.got]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            got = Got(head[0], headers, body)
            self.got.append(got)
            answer = self.always(got) if self.always else self.answers.pop(0) if self.answers else OK
            if answer is None:
                await reader.read()  # until the other side gives up
                return
            writer.write(answer)
            while self.endless:
                writer.write(b"x" * 65_536)
                self.wrote += 65_536
                await writer.drain()
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
