"""Whole HTTP exchanges at the ASGI level: read a request, run an application on it, keep or drop its answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TRANSPORT = "sandbox.transport"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def with_headers(self, **extra: str) -> "Reply":
        """The same reply with more headers; underscores in names become dashes."""
        added = [(name.replace("_", "-").encode(), value.encode()) for name, value in extra.items()]
        return Reply(self.status, [*self.headers, *added], self.body)

    def with_body(self, body: bytes) -> "Reply":
        kept = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        return Reply(self.status, [*kept, (b"content-length", str(len(body)).encode())], body)


async def read_body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def local_path(scope: Scope) -> str:
    """The path below the provider's own prefix."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


async def run(app: ASGIApp, scope: Scope, body: bytes) -> Reply:
    """Let the application answer the request, and return the answer in place of sending it."""
    status = 0
    headers: list[tuple[bytes, bytes]] = []
    chunks: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            headers.extend(message.get("headers", []))
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    return Reply(status, headers, b"".join(chunks))


async def answer(send: Send, reply: Reply) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)})
    await send({"type": "http.response.body", "body": reply.body})


class KeepTransport:
    """Outermost layer: remembers the connection of a request, so that `hang_up` can close it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # ASGI has no word for closing a connection: uvicorn's `send` is a method of the object that owns it.
        owner = getattr(send, "__self__", None)
        # One that a layer further out has kept stands: that layer's `send` is the server's own.
        await self._app({_TRANSPORT: getattr(owner, "transport", None), **scope}, receive, send)


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the client's connection without a single byte of answer."""
    transport = scope[_TRANSPORT]
    if transport is None:
        raise RuntimeError("Hanging up needs uvicorn's own protocol: this server gives no access to its connection.")
    transport.abort()
    await wait_for_disconnect(receive)


async def wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
