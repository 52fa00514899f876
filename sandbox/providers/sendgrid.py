"""SendGrid's stand-in: mail send, Email Activity and the signed Event Webhook (rules.md 3.1)."""

import base64
import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.providers.journal import Journal, Json
from sandbox.providers.sendgrid_checks import Problem, validate
from sandbox.providers.sendgrid_pages import QUERIES, account_pages
from sandbox.providers.webhooks import Delivery, Outbox

_ACTIVITY_QUERY = re.compile(
    r"""(?P<field>[\w.]+)(?:\[['"]?(?P<name>\w+)['"]?\])?\s*(?:=|LIKE)\s*['"](?P<value>[^'"]*)['"]"""
)

_MOST_BYTES = 30 * 1024 * 1024


@dataclass
class Email:
    """One accepted message to one recipient."""

    message_id: str
    to: str
    to_name: str | None
    from_email: str
    subject: str
    text: str | None
    html: str | None
    custom_args: dict[str, str]
    categories: list[str]
    headers: dict[str, str]
    at: datetime
    from_name: str | None = None
    reply_to: str | None = None
    status: str = "processed"
    reason: str | None = None

    @property
    def sg_message_id(self) -> str:
        """The per-recipient id of events and Email Activity; it begins with `X-Message-Id`."""
        return f"{self.message_id}.recvd-sandbox-1-0.0"


@dataclass
class SendGridWorld:
    """The account: what was sent, which addresses bounce, and the event webhook. Thread-safe."""

    journal: Journal
    outbox: Outbox
    api_key: str = "SG.sandbox"
    key_argument: str = "dunning_key"
    webhook_url: str | None = None
    opens: bool = False  # whether somebody opens each delivered mail
    verified_senders: frozenset[str] | None = None  # addresses and domains; None: any
    scopes: frozenset[str] = frozenset(
        {"mail.send", "messages.read", "whitelabel.read", "user.webhooks.event.settings.read"}
    )
    signs_events: bool = True
    credits_left: int | None = None  # messages that the plan still pays for; None: any number
    _sent: list[Email] = field(default_factory=list)
    _bad_addresses: dict[str, tuple[str, str]] = field(default_factory=dict)
    _signing_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False
    )

    @property
    def sent(self) -> list[Email]:
        """Every accepted message, the oldest first, also those that bounced or were dropped."""
        with self.journal.lock:
            return list(self._sent)

    @property
    def public_key(self) -> str:
        """The Event Webhook's verification key as the console shows it: base64 DER."""
        der = self._signing_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def bounce(self, address: str, reason: str = "550 5.1.1 The email account does not exist") -> None:
        """Mail to this address is accepted (202) and then bounces."""
        self._bad_addresses[address.lower()] = ("bounce", reason)

    def suppress(self, address: str, reason: str = "Unsubscribed Address") -> None:
        """Mail to this address is accepted (202) and then dropped."""
        self._bad_addresses[address.lower()] = ("dropped", reason)

    def unsubscribe(self, address: str) -> None:
        """Somebody follows the link of the newest mail to the address: from then on mail to it is dropped."""
        self.suppress(address)
        to = [email for email in self.sent if email.to.lower() == address.lower()]
        if to:
            self._post(to[-1], [self.event_about(to[-1], "unsubscribe")])

    def admit(self, payload: Json) -> None:
        """What the account allows. Raises Problem."""
        sender = payload["from"]["email"].lower()
        known = self.verified_senders
        if known is not None and sender not in known and sender.rpartition("@")[2] not in known:
            raise Problem(
                "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is "
                "resolved. Visit https://sendgrid.com/docs/for-developers/sending-email/sender-identity/ to see the "
                "Sender Identity requirements",
                "from",
                status=403,
            )
        if self.credits_left == 0:
            raise Problem("Maximum credits exceeded", status=401)

    def accept(self, payload: Json) -> str:
        """Take a valid mail/send payload; returns the message id."""
        content = {part["type"]: part["value"] for part in payload["content"]}
        with self.journal.lock:
            message_id = self.journal.new_id("sg")[3:]
            if self.credits_left is not None:
                self.credits_left -= 1
            for personalization in payload["personalizations"]:
                for recipient in personalization["to"]:
                    self._accept_one(message_id, payload, personalization, recipient, content)
        return message_id

    def note_refused(self, payload: Json, problem: Problem) -> None:
        """Writes a refused message into the journal, as far as it can be read."""
        for one in payload.get("personalizations") or ():
            parts = [given for given in (payload.get("custom_args"), one.get("custom_args")) if isinstance(given, dict)]
            key = next((given[self.key_argument] for given in parts if self.key_argument in given), None)
            for recipient in one.get("to") or ():
                said = {"to": recipient.get("email"), "field": problem.field, "status": problem.status}
                self.journal.record("sendgrid", "email.refused", {}, key=key, data=said)

    def _accept_one(
        self, message_id: str, payload: Json, personalization: Json, recipient: Json, content: dict[str, str]
    ) -> None:
        to = recipient["email"]
        status, reason = self._bad_addresses.get(to.lower(), ("delivered", None))
        email = Email(
            message_id=message_id,
            to=to,
            to_name=recipient.get("name"),
            from_email=payload["from"]["email"],
            subject=personalization.get("subject") or payload["subject"],
            text=content.get("text/plain"),
            html=content.get("text/html"),
            custom_args={**payload.get("custom_args", {}), **personalization.get("custom_args", {})},
            categories=payload.get("categories", []),
            headers={**payload.get("headers", {}), **personalization.get("headers", {})},
            at=self.journal.clock(),
            from_name=payload["from"].get("name"),
            reply_to=(payload.get("reply_to") or {}).get("email"),
            status=status,
            reason=reason,
        )
        self._sent.append(email)
        self.journal.record(
            "sendgrid",
            "email.accepted",
            {"message": message_id, **email.custom_args},
            key=email.custom_args.get(self.key_argument),
            data={"to": to, "subject": email.subject, "status": status},
        )
        opened = ["open"] if self.opens and status == "delivered" else []
        self._post(email, [self.event_about(email, event) for event in ("processed", status, *opened)])

    def report(self, message_id: str, event: str, **extra: str) -> None:
        """Send a later event about a message: open, click, spamreport, unsubscribe, deferred, …"""
        email = next(e for e in self.sent if e.message_id == message_id)
        self._post(email, [self.event_about(email, event, **extra)])

    def event_about(self, email: Email, event: str, **extra: str) -> Json:
        """One event as the Event Webhook has it: custom_args flattened to the top level."""
        entry: Json = {
            "email": email.to,
            "event": event,
            "sg_event_id": hashlib.sha256(f"{email.sg_message_id}{email.to}{event}".encode()).hexdigest()[:22],
            "sg_message_id": email.sg_message_id,
            "timestamp": self.journal.timestamp(),
            **email.custom_args,
            **extra,
        }
        if event in ("bounce", "dropped") and email.reason is not None:
            entry["reason"] = email.reason
        if event == "bounce":
            entry |= {"type": "bounce", "status": "5.1.1"}
        return entry

    def sign(self, body: bytes, timestamp: str | None = None) -> dict[str, str]:
        """The signature headers of an Event Webhook request (ECDSA P-256 over timestamp + body)."""
        at = timestamp or str(int(time.time()))
        signature = self._signing_key.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": at,
        }

    def _post(self, email: Email, events: list[Json]) -> None:
        """What happens at the same time comes as one batch."""
        if self.webhook_url is None:
            return
        newest = events[-1]
        self.outbox.post(
            Delivery(
                "sendgrid",
                newest["sg_event_id"],
                newest["event"],
                self.webhook_url,
                json.dumps(events).encode(),
                self.sign,
                email.custom_args,
                email.custom_args.get(self.key_argument),
                _happened_at,
            )
        )

    def find(self, query: str) -> list[Email]:
        """Messages that match an Email Activity query: every `field="value"` in it must hold."""
        wanted = [match.groupdict() for match in _ACTIVITY_QUERY.finditer(query)]
        if not wanted:
            raise Problem("invalid query", field="query")
        return [e for e in reversed(self.sent) if all(_matches(e, **term) for term in wanted)]


def _happened_at(body: bytes, moment: int) -> bytes:
    return json.dumps([{**event, "timestamp": moment} for event in json.loads(body)]).encode()


def _matches(email: Email, *, field: str, name: str | None, value: str) -> bool:
    if field in ("unique_args", "custom_args"):
        return email.custom_args.get(name) == value if name else value in email.custom_args.values()
    if field == "msg_id":
        return email.sg_message_id.startswith(value.rstrip("%"))
    simple = {"to_email": email.to, "subject": email.subject, "status": email.status}
    return simple.get(field) == value


def sendgrid_app(world: SendGridWorld) -> ASGIApp:
    """The ASGI application of one SendGrid account."""

    def refused(request: Request) -> Response | None:
        unknown = request.query_params.keys() - QUERIES.get(request.url.path.partition("/v3/")[2], frozenset())
        if unknown:  # SendGrid passes it by, and lists something else than was wanted
            return _errors(400, Problem(f"The stand-in knows no query {sorted(unknown)[0]} of this call."))
        if request.headers.get("authorization") == f"Bearer {world.api_key}":
            return None
        return _errors(401, Problem("The provided authorization grant is invalid, expired, or revoked"))

    async def send(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        body = await request.body()
        if len(body) > _MOST_BYTES:
            # It never reaches the API: the web server in front of it answers.
            return HTMLResponse("<html><head><title>413 Request Entity Too Large</title></head></html>", 413)
        try:
            payload = json.loads(body)
        except ValueError:
            return _errors(400, Problem("Bad Request"))
        try:
            validate(payload)
            world.admit(payload)
        except Problem as problem:
            if isinstance(payload, dict):
                world.note_refused(payload, problem)
            return _errors(problem.status, problem)
        if payload.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return Response(status_code=200)
        return Response(status_code=202, headers={"X-Message-Id": world.accept(payload)})

    async def scopes(request: Request) -> Response:
        return refused(request) or JSONResponse({"scopes": sorted(world.scopes)})

    async def read(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        scope, shown = account_pages[request.url.path.partition("/v3/")[2]]
        if scope not in world.scopes:
            return _errors(403, Problem("access forbidden"))
        return JSONResponse(shown(world))

    async def search(request: Request) -> Response:
        if (refusal := refused(request)) is not None:
            return refusal
        try:
            found = world.find(request.query_params.get("query", ""))
        except Problem as problem:
            return _errors(400, problem)
        limit = int(request.query_params.get("limit", "10"))
        return JSONResponse({"messages": [_activity(email) for email in found[:limit]]})

    return Starlette(
        routes=[
            Route("/v3/mail/send", send, methods=["POST"]),
            Route("/v3/messages", search, methods=["GET"]),
            Route("/v3/scopes", scopes, methods=["GET"]),
            *(Route(f"/v3/{page}", read, methods=["GET"]) for page in account_pages),
        ]
    )


def _activity(email: Email) -> Json:
    status = {"bounce": "not_delivered", "dropped": "not_delivered"}.get(email.status, email.status)
    return {
        "from_email": email.from_email,
        "msg_id": email.sg_message_id,
        "subject": email.subject,
        "to_email": email.to,
        "status": status,
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": email.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _errors(status: int, problem: Problem) -> JSONResponse:
    error = {"message": problem.message, "field": problem.field, "help": problem.help}
    return JSONResponse({"errors": [error]}, status)
