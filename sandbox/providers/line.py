"""LINE's stand-in: push messages with retry keys, the month's quota, and webhooks (Messaging API reference, read
2026-11-27). A push to somebody who has blocked the account is a success; nobody is told that it did not arrive.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.providers.journal import Journal, Json
from sandbox.providers.webhooks import Delivery, Outbox

_USER = re.compile("U[0-9a-f]{32}")
_LONGEST = 5000
_MOST = 5
MONTHLY = "You have reached your monthly limit."


@dataclass
class Push:
    """One accepted message. `arrived`: whether the user sees it."""

    to: str
    text: str
    retry_key: str | None
    request_id: str
    arrived: bool


@dataclass
class LineWorld:
    """The official account: its friends, who has blocked it, what was pushed. Thread-safe."""

    journal: Journal
    outbox: Outbox
    token: str = "sandbox-line-token"  # noqa: S105  (the stand-in's own, known to everyone)
    secret: str = "sandbox-line-secret"  # noqa: S105
    webhook_url: str | None = None
    key_header: str = "X-Dunning-Key"  # LINE reads no such header: it is for the journal alone
    quota: int | None = None  # messages of a month; None: no limit
    blocked: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)  # ids that are of another account, or of nobody
    _sent: list[Push] = field(default_factory=list)

    @property
    def sent(self) -> list[Push]:
        with self.journal.lock:
            return list(self._sent)

    def new_user(self) -> str:
        return "U" + self.journal.new_hex(32)

    def push(self, body: Json, retry_key: str | None, key: str | None) -> Push | None:
        """Takes one message; None: this key was taken before."""
        with self.journal.lock:
            if retry_key and any(one.retry_key == retry_key for one in self._sent):
                return None
            to, text = body["to"], "\n".join(message["text"] for message in body["messages"])
            push = Push(to, text, retry_key, str(uuid4()), to not in self.blocked)
            self._sent.append(push)
            said = {"to": to, "body": text, "retry_key": retry_key, "arrived": push.arrived}
            self.journal.record("line", "line.accepted", {"message": push.request_id}, key=key, data=said)
            return push

    def follow(self, user: str) -> None:
        """Adds the account as a friend, or unblocks it."""
        self.blocked.discard(user)
        self._tell({"type": "follow", "follow": {"isUnblocked": False}}, user)

    def block(self, user: str) -> None:
        self.blocked.add(user)
        self._tell({"type": "unfollow"}, user)

    def wrote(self, user: str, text: str) -> None:
        message = {"type": "text", "id": self.journal.new_hex(18), "text": text, "quoteToken": "q"}
        self._tell({"type": "message", "message": message}, user)

    def _tell(self, what: Json, user: str) -> None:
        if self.webhook_url is None:
            return
        event_id = "01" + self.journal.new_hex(24).upper()
        event = {
            **what,
            "mode": "active",
            "timestamp": int(self.journal.clock().timestamp() * 1000),
            "source": {"type": "user", "userId": user},
            "webhookEventId": event_id,
            "deliveryContext": {"isRedelivery": False},
        }
        body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()
        about = {"user": user}
        self.outbox.post(
            Delivery("line", event_id, what["type"], self.webhook_url, body, self.sign, about, dated=_dated)
        )

    def sign(self, body: bytes) -> dict[str, str]:
        digest = hmac.new(self.secret.encode(), body, hashlib.sha256).digest()
        return {"Content-Type": "application/json", "X-Line-Signature": base64.b64encode(digest).decode()}


def _dated(body: bytes, moment: int) -> bytes:
    told = json.loads(body)
    for event in told["events"]:
        event["timestamp"] = moment * 1000
    return json.dumps(told).encode()


@dataclass
class _Refusal(Exception):
    status: int
    message: str
    named: tuple[str, ...] = ()  # properties
    headers: dict[str, str] = field(default_factory=dict)


def line_app(world: LineWorld) -> ASGIApp:
    """The ASGI application of one official account."""

    def authenticate(request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {world.token}":
            raise _Refusal(
                401, "Authentication failed. Confirm that the access token in the authorization header is valid."
            )

    async def push(request: Request) -> Response:
        authenticate(request)
        body, key = await _message(request, world), _retry_key(request)
        if world.quota is not None and len(world.sent) >= world.quota:
            raise _Refusal(429, MONTHLY)
        taken = world.push(body, key, request.headers.get(world.key_header))
        if taken is None:
            first = next(one.request_id for one in world.sent if one.retry_key == key)
            said = "The retry key is already accepted"
            raise _Refusal(409, said, headers={"x-line-accepted-request-id": first})
        return JSONResponse(
            {"sentMessages": [{"id": taken.request_id.replace("-", "")[:18], "quoteToken": "q"}]},
            headers={"x-line-request-id": taken.request_id},
        )

    async def info(request: Request) -> Response:
        authenticate(request)
        return JSONResponse(
            {
                "userId": "U" + "0" * 32,
                "basicId": "@sandbox",
                "displayName": "Sandbox",
                "chatMode": "bot",
                "markAsReadMode": "auto",
            }
        )

    async def quota(request: Request) -> Response:
        authenticate(request)
        return JSONResponse({"type": "none"} if world.quota is None else {"type": "limited", "value": world.quota})

    async def consumption(request: Request) -> Response:
        authenticate(request)
        return JSONResponse({"totalUsage": len(world.sent)})

    async def endpoint(request: Request) -> Response:
        authenticate(request)
        if world.webhook_url is None:
            raise _Refusal(404, "Not found")
        return JSONResponse({"endpoint": world.webhook_url, "active": True})

    async def problem(_: Request, error: Exception) -> Response:
        if not isinstance(error, _Refusal):
            raise error
        body: Json = {"message": error.message}
        if error.named:
            body["details"] = [{"message": "invalid", "property": name} for name in error.named]
        return JSONResponse(body, error.status, headers={"x-line-request-id": str(uuid4()), **error.headers})

    return Starlette(
        routes=[
            Route("/v2/bot/message/push", push, methods=["POST"]),
            Route("/v2/bot/message/quota", quota, methods=["GET"]),
            Route("/v2/bot/message/quota/consumption", consumption, methods=["GET"]),
            Route("/v2/bot/info", info, methods=["GET"]),
            Route("/v2/bot/channel/webhook/endpoint", endpoint, methods=["GET"]),
        ],
        exception_handlers={_Refusal: problem},
    )


async def _message(request: Request, world: LineWorld) -> Json:
    try:
        body = await request.json()
    except ValueError:
        raise _Refusal(400, "The request body could not be parsed as JSON (line: 1, column: 1)") from None
    to, messages = body.get("to"), body.get("messages")
    if not isinstance(to, str) or not _USER.fullmatch(to):
        raise _Refusal(400, "The property, 'to', in the request body is invalid (line: -, column: -)")
    if not isinstance(messages, list) or not 1 <= len(messages) <= _MOST:
        raise _Refusal(400, "The request body has 1 error(s)", ("messages",))
    for place, message in enumerate(messages):
        if message.get("type") != "text" or not message.get("text") or len(message["text"]) > _LONGEST:
            raise _Refusal(400, "The request body has 1 error(s)", (f"messages[{place}].text",))
    if to in world.unknown:
        raise _Refusal(400, "Failed to send messages")
    return dict(body)


def _retry_key(request: Request) -> str | None:
    key = request.headers.get("x-line-retry-key")
    if key is None:
        return None
    try:
        return str(UUID(key))
    except ValueError:
        raise _Refusal(400, "The retry key is invalid. A retry key must be a UUID") from None
