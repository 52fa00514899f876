"""The merchant's own application: it restricts, restores, shows and withdraws notices when our webhook says so.

The contract is ours. `POST /webhooks/dunning` with a JSON body `{"type": …, "customer": …, "invoice": …, …}`, signed by
`Dunning-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "{t}.{raw body}">`; `Idempotency-Key` names the delivery.

`POST /events` takes what happens to cases as Standard Webhooks, and keeps a log of it.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.providers.journal import Journal, Json

TOLERANCE_S = 300
_FROM_FULL = ("full", "read_only", "blocked")


class Told(NamedTuple):
    """One delivery of an event. The id stays the same however often it comes."""

    message_id: str
    event: Json


@dataclass
class MerchantWorld:
    """Access level and notices per customer. Thread-safe."""

    journal: Journal
    secret: str = "dwhsec_sandbox"  # noqa: S105  (the stand-in's own, known to everyone)
    events_secret: str | None = None  # of the endpoint for events, `whsec_…`; None: it takes none
    _told: list[Told] = field(default_factory=list)
    _received: dict[str, Json] = field(default_factory=dict)
    _withdrawn: set[str] = field(default_factory=set)
    _access: dict[tuple[str, str | None], str] = field(default_factory=dict)

    @property
    def received(self) -> list[Json]:
        """Every distinct message, in order; a repeated key is not a new one."""
        with self.journal.lock:
            return list(self._received.values())

    @property
    def told(self) -> list[Told]:
        """Every event as it was delivered, repeated ones too, in order."""
        with self.journal.lock:
            return list(self._told)

    def hear(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Keeps an event. False for one that is not signed with our secret, or too old (Standard Webhooks)."""
        message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if self.events_secret is None or not at.isdigit() or abs(time.time() - int(at)) > TOLERANCE_S:
            return False
        secret = base64.b64decode(self.events_secret.removeprefix("whsec_"))
        digest = hmac.new(secret, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
        expected = f"v1,{base64.b64encode(digest).decode()}"
        if not any(hmac.compare_digest(expected, given) for given in headers.get("webhook-signature", "").split(" ")):
            return False
        with self.journal.lock:
            self._told.append(Told(message_id, json.loads(body)))
        return True

    def access(self, customer: str) -> str:
        """The customer's level of service, the least of all subscriptions: each has what its last message said."""
        with self.journal.lock:
            levels = [level for (owner, _), level in self._access.items() if owner == customer]
        return max(levels, key=_FROM_FULL.index, default="full")

    def notices(self, customer: str) -> list[Json]:
        """The notices that the customer was shown in the application, the oldest first."""
        return [m for m in self.received if m["type"] == "notice.created" and m["customer"] == customer]

    def standing(self, customer: str) -> list[Json]:
        """Those that the customer sees still: the others were withdrawn."""
        with self.journal.lock:
            seen = [m for key, m in self._received.items() if key not in self._withdrawn]
        return [m for m in seen if m["type"] == "notice.created" and m["customer"] == customer]

    def shows(self, message: Json) -> bool:
        """Whether a notice that is to be withdrawn is one that the application has."""
        with self.journal.lock:
            known = self._received.get(str(message.get("notice")))
        return known is not None and (known["type"], known["customer"]) == ("notice.created", message["customer"])

    def is_signed(self, header: str, body: bytes) -> bool:
        """Whether a `Dunning-Signature` header fits the raw body and is at most five minutes old."""
        parts = [part.partition("=") for part in header.split(",")]
        stamps = [value for name, _, value in parts if name == "t"]
        if len(stamps) != 1 or not stamps[0].isdigit() or abs(time.time() - int(stamps[0])) > TOLERANCE_S:
            return False
        expected = hmac.new(self.secret.encode(), f"{stamps[0]}.".encode() + body, hashlib.sha256).hexdigest()
        return any(hmac.compare_digest(value, expected) for name, _, value in parts if name == "v1")

    def take(self, key: str, message: Json) -> bool:
        """Apply a message once per key. False if the key is known already."""
        with self.journal.lock:
            if key in self._received:
                self.journal.record("merchant", "message.repeated", _subjects(message), key=key)
                return False
            self._received[key] = message
            kind = message["type"]
            if kind == "service.restricted":
                self._access[message["customer"], message.get("subscription")] = message["level"]
            elif kind == "service.restored":
                self._access.pop((message["customer"], message.get("subscription")), None)
            elif kind == "notice.withdrawn":
                self._withdrawn.add(message["notice"])
            self.journal.record("merchant", kind, _subjects(message), key=key, data=message)
            return True


def _subjects(message: Json) -> dict[str, str]:
    return {name: message[name] for name in ("customer", "invoice", "subscription", "case") if message.get(name)}


def merchant_app(world: MerchantWorld) -> ASGIApp:
    """The ASGI application of the merchant."""

    async def webhook(request: Request) -> Response:
        body = await request.body()
        if not world.is_signed(request.headers.get("dunning-signature", ""), body):
            return JSONResponse({"error": "The signature does not fit the body, or it is too old."}, 400)
        key = request.headers.get("idempotency-key")
        if not key:
            return JSONResponse({"error": "The Idempotency-Key header is missing."}, 400)
        try:
            message = json.loads(body)
            is_complete = isinstance(message["type"], str) and isinstance(message["customer"], str)
        except (ValueError, KeyError, TypeError):
            is_complete = False
        if not is_complete:
            return JSONResponse({"error": "The body needs a JSON object with `type` and `customer`."}, 422)
        if message["type"] == "ping":
            return JSONResponse({"received": True, "repeated": False})
        if message["type"] == "notice.withdrawn" and not world.shows(message):
            return JSONResponse({"error": "There is no such notice."}, 404)
        return JSONResponse({"received": True, "repeated": not world.take(key, message)})

    async def events(request: Request) -> Response:
        heard = world.hear(request.headers, await request.body())
        return Response(status_code=204 if heard else 400)

    return Starlette(
        routes=[
            Route("/webhooks/dunning", webhook, methods=["POST"]),
            Route("/events", events, methods=["POST"]),
        ]
    )
