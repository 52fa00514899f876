"""Twilio's stand-in: messages (SMS and WhatsApp), opt-outs and status callbacks (rules.md 3.2)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.providers.journal import Journal, Json
from sandbox.providers.twilio_refusals import MAGIC_FROM, MAGIC_TO, Refusal, number_row, refusal
from sandbox.providers.twilio_voice import TwilioVoice, by_outbox, voice_routes
from sandbox.providers.twilio_whatsapp import WAY, WhatsApp, way_of
from sandbox.providers.webhooks import Delivery, Outbox

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SHORT_CODE = re.compile(r"\+?\d{3,6}")
_PREMIUM = re.compile(r"\+1900\d{7}")
_STATUSES = ("accepted", "queued", "sending", "sent", "delivered", "undelivered", "failed", "read")
_MAX_BODY = 1600


@dataclass
class TextMessage:
    """One accepted message. `to` carries the ``whatsapp:`` prefix when it goes there."""

    sid: str
    to: str
    from_: str | None
    messaging_service_sid: str | None
    body: str
    status_callback: str | None
    at: datetime
    status: str = "queued"
    error_code: int | None = None

    @property
    def callback_params(self) -> dict[str, str]:
        """The query parameters of the status callback, where the sender puts its own keys."""
        return _query(self.status_callback)


@dataclass
class TwilioWorld:
    """The account: what was sent, who opted out, what is refused. Thread-safe.

    The magic numbers of Twilio's test credentials are refused always.
    """

    journal: Journal
    outbox: Outbox
    account_sid: str = "ACsandbox0000000000000000000000000"
    auth_token: str = "sandbox-token"  # noqa: S105  (the stand-in's own, known to everyone)
    key_parameter: str = "dunning_key"
    delivers: bool = False  # whether the carrier says of each message that it was sent and delivered
    status: str = "active"
    numbers: dict[str, Json] = field(default_factory=lambda: {"+15550006000": {"sms": True, "sms_url": None}})
    """By the number: `sms`, whether it sends text messages, and `sms_url`, where answers to it go."""
    whatsapp: WhatsApp = field(default_factory=WhatsApp)
    voice: TwilioVoice = field(init=False)
    _sent: list[TextMessage] = field(default_factory=list)
    _opted_out: set[str] = field(default_factory=set)
    _refused: dict[str, Refusal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.voice = TwilioVoice(self.journal, self.sign)

    @property
    def number(self) -> str:
        """The account's first number, to which people answer."""
        return next(iter(self.numbers))

    @property
    def sent(self) -> list[TextMessage]:
        """Every accepted message, the oldest first."""
        with self.journal.lock:
            return list(self._sent)

    def opt_out(self, number: str) -> None:
        """The number (or `whatsapp:` and it) answered STOP: every further message to it is refused with 21610."""
        self._opted_out.add(number)
        self.wrote(number, "STOP")

    def opt_in(self, number: str) -> None:
        """The number answered START."""
        self._opted_out.discard(number)

    def landline(self, number: str) -> None:
        """The number cannot receive messages: they are refused with 21614."""
        self.refuse(number, 21614)

    def refuse(self, prefix: str, code: int, *, status: int | None = None) -> None:
        """Every message to a number that begins so is refused with this code: ``+66`` is a country, ``+`` everybody."""
        self._refused[prefix] = refusal(code, status=status)

    def relent(self, prefix: str | None = None) -> None:
        """Takes a `refuse` back; without a prefix all of them."""
        if prefix is None:
            self._refused.clear()
        else:
            self._refused.pop(prefix, None)

    def report(self, sid: str, status: str, error_code: int | None = None) -> None:
        """The carrier's later word on a message; it goes to the message's status callback, if it has one."""
        if status not in _STATUSES:
            raise ValueError(f"Twilio has no message status {status!r}; choose one of {', '.join(_STATUSES)}.")
        with self.journal.lock:
            message = next(m for m in self._sent if m.sid == sid)
            message.status = status
            message.error_code = error_code
        if message.status_callback is None:
            return
        fields = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "From": message.from_ or "",
            "MessageSid": sid,
            "MessageStatus": status,
            "SmsSid": sid,
            "SmsStatus": status,
            "To": message.to,
        }
        if error_code is not None:
            fields["ErrorCode"] = str(error_code)
        self._post(message.status_callback, sid, status, fields, message.callback_params)

    def wrote(self, number: str, text: str) -> None:
        """Somebody wrote to the account's number, or from a number that begins with `whatsapp:` to its WhatsApp."""
        if number.startswith(WAY):
            self.whatsapp.wrote[number.removeprefix(WAY)] = self.journal.clock()
        url = self.numbers[self.number]["sms_url"]
        if url is None:
            return
        sid = "SM" + self.journal.new_hex(32)
        fields = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "Body": text,
            "From": number,
            "MessageSid": sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "To": f"{WAY}{min(self.whatsapp.senders)}" if number.startswith(WAY) else self.number,
        }
        self._post(url, sid, "received", fields, {"number": number.removeprefix(WAY)})

    def _post(self, url: str, sid: str, status: str, fields: dict[str, str], subjects: dict[str, str]) -> None:
        body, key = urlencode(fields).encode(), subjects.get(self.key_parameter)
        self.outbox.post(Delivery("twilio", sid, status, url, body, lambda _: self.sign(url, fields), subjects, key))

    def sign(self, url: str, fields: dict[str, str]) -> dict[str, str]:
        """The headers of a webhook: HMAC-SHA1 over the URL and the sorted parameters."""
        signed = url + "".join(name + fields[name] for name in sorted(fields))
        digest = hmac.new(self.auth_token.encode(), signed.encode(), hashlib.sha1).digest()
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
        }

    def accept(self, form: dict[str, str]) -> TextMessage:
        """Take a message or raise Refusal with Twilio's code."""
        to = form.get("To", "")
        number = to.removeprefix(WAY)
        try:
            self._check(form, to, number)
        except Refusal as refused:
            keys = _query(form.get("StatusCallback"))
            said = {"to": to, "code": refused.code, "status": refused.status}
            self.journal.record("twilio", f"{way_of(to)}.refused", keys, key=keys.get(self.key_parameter), data=said)
            raise
        with self.journal.lock:
            message = TextMessage(
                sid="SM" + self.journal.new_hex(32),
                to=to,
                from_=form.get("From"),
                messaging_service_sid=form.get("MessagingServiceSid"),
                body=self.whatsapp.text(form),
                status_callback=form.get("StatusCallback"),
                at=self.journal.clock(),
            )
            self._sent.append(message)
            keys = message.callback_params
            self.journal.record(
                "twilio",
                f"{way_of(to)}.accepted",
                {"message": message.sid, **keys},
                key=keys.get(self.key_parameter),
                data={"to": to, "body": message.body},
            )
        failure = self.whatsapp.failure(number, form, message.at) if to.startswith(WAY) else None
        if failure:
            self.report(message.sid, "undelivered", failure)
        elif self.delivers:
            read = ("read",) if to.startswith(WAY) and number in self.whatsapp.readers else ()
            for status in ("sent", "delivered", *read):
                self.report(message.sid, status)
        return message

    def _check(self, form: dict[str, str], to: str, number: str) -> None:
        sender = form.get("From", "")

        def refused(code: int, status: int | None = None) -> Refusal:
            return refusal(code, to=to, from_=sender, status=status)

        if not to:
            raise refused(21604)
        if not sender and not form.get("MessagingServiceSid"):
            raise refused(21603)
        if not form.get("Body") and not form.get("ContentSid"):
            raise refused(21602)
        if len(form.get("Body", "")) > _MAX_BODY:
            raise refused(21617)
        if code := MAGIC_FROM.get(sender) or MAGIC_TO.get(number) or self._wrong(number, sender):
            raise refused(code)
        if to in self._opted_out:
            raise refused(21610)
        if to.startswith(WAY) and (code := self.whatsapp.refusal(form)):
            raise refused(code)
        for prefix, found in self._refused.items():
            if number.startswith(prefix):
                raise refused(found.code, found.status)

    def _wrong(self, number: str, sender: str) -> int | None:
        """The code for a recipient that is no number of a mobile phone."""
        if _SHORT_CODE.fullmatch(number):
            return 21265
        if not _E164.fullmatch(number):
            return 21211
        if _PREMIUM.fullmatch(number):
            return 21268
        return 21266 if number == sender.removeprefix(WAY) else None

    def render(self, message: TextMessage) -> Json:
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{message.sid}"
        is_sent = message.status not in ("accepted", "queued", "sending")
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": message.body,
            "date_created": format_datetime(message.at.astimezone(UTC)),
            "date_sent": format_datetime(message.at.astimezone(UTC)) if is_sent else None,
            "date_updated": format_datetime(message.at.astimezone(UTC)),
            "direction": "outbound-api",
            "error_code": message.error_code,
            "error_message": None,
            "from": message.from_,
            "messaging_service_sid": message.messaging_service_sid,
            "num_media": "0",
            "num_segments": str(-(-len(message.body) // 153) or 1),
            "price": None,
            "price_unit": "USD",
            "sid": message.sid,
            "status": message.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": message.to,
            "uri": f"{uri}.json",
        }

    def find(self, to: str | None, from_: str | None, sent_after: str | None, sent_before: str | None) -> list[Json]:
        """Messages, the newest first. The dates are Twilio's: the day counts, both ends included."""
        after = _day(sent_after) or date.min
        before = _day(sent_before) or date.max
        return [
            self.render(m)
            for m in reversed(self.sent)
            if to in (None, m.to) and from_ in (None, m.from_) and after <= m.at.astimezone(UTC).date() <= before
        ]


def _query(url: str | None) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url or "").query))


def _day(text: str | None) -> date | None:
    return datetime.fromisoformat(text).date() if text else None


def twilio_app(world: TwilioWorld) -> ASGIApp:
    """The ASGI application of one Twilio account."""
    base = "/2010-04-01/Accounts/{account}/Messages"

    def authenticate(request: Request) -> None:
        expected = base64.b64encode(f"{world.account_sid}:{world.auth_token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            raise refusal(20003)
        if request.path_params["account"] != world.account_sid:
            raise _not_found(request)

    async def account(request: Request) -> Response:
        authenticate(request)
        return JSONResponse({"sid": world.account_sid, "status": world.status, "friendly_name": "Sandbox"})

    async def numbers(request: Request) -> Response:
        authenticate(request)
        wanted = request.query_params.get("PhoneNumber", "")
        found = [
            number_row(world.account_sid, number, has) for number, has in world.numbers.items() if wanted in number
        ]
        uri = f"/2010-04-01/Accounts/{world.account_sid}/IncomingPhoneNumbers.json"
        return JSONResponse(
            {"incoming_phone_numbers": found, "page": 0, "page_size": 50, "next_page_uri": None, "uri": uri}
        )

    async def create(request: Request) -> Response:
        authenticate(request)
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        return JSONResponse(world.render(world.accept(form)), 201)

    async def read(request: Request) -> Response:
        authenticate(request)
        found = [m for m in world.sent if m.sid == request.path_params["sid"]]
        if not found:
            raise _not_found(request)
        return JSONResponse(world.render(found[0]))

    async def search(request: Request) -> Response:
        authenticate(request)
        query = request.query_params
        exact = query.get("DateSent")
        found = world.find(
            query.get("To"), query.get("From"), query.get("DateSent>", exact), query.get("DateSent<", exact)
        )
        size = int(query.get("PageSize", "50"))
        page = int(query.get("Page", "0"))
        path = f"/2010-04-01/Accounts/{world.account_sid}/Messages.json"

        def uri(number: int) -> str:
            return f"{path}?{urlencode({**query, 'PageSize': size, 'Page': number})}"

        shown = found[page * size : (page + 1) * size]
        has_next = (page + 1) * size < len(found)
        return JSONResponse(
            {
                "messages": shown,
                "end": page * size + max(len(shown) - 1, 0),
                "first_page_uri": uri(0),
                "next_page_uri": uri(page + 1) if has_next else None,
                "page": page,
                "page_size": size,
                "previous_page_uri": uri(page - 1) if page else None,
                "start": page * size,
                "uri": uri(page),
            }
        )

    def of_content(shown: Callable[[str, str], Json | None]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            request.path_params.setdefault("account", world.account_sid)
            authenticate(request)
            found = shown(request.path_params["sid"], world.account_sid)
            if found is None:
                raise _not_found(request)
            return JSONResponse(found)

        return answer

    async def problem(_: Request, error: Exception) -> Response:
        if not isinstance(error, Refusal):
            raise error
        return JSONResponse(
            {
                "code": error.code,
                "message": error.message,
                "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
                "status": error.status,
            },
            error.status,
        )

    return Starlette(
        routes=[
            Route("/2010-04-01/Accounts/{account}.json", account, methods=["GET"]),
            Route("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json", numbers, methods=["GET"]),
            Route(f"{base}.json", create, methods=["POST"]),
            Route(f"{base}.json", search, methods=["GET"]),
            Route(base + "/{sid}.json", read, methods=["GET"]),
            *voice_routes(world.voice, world.account_sid, world.numbers, authenticate, by_outbox(world.outbox)),
            Route("/v1/Content/{sid}", of_content(world.whatsapp.content), methods=["GET"]),
            Route("/v1/Content/{sid}/ApprovalRequests", of_content(world.whatsapp.approval), methods=["GET"]),
        ],
        exception_handlers={Refusal: problem},
    )


def _not_found(request: Request) -> Refusal:
    return Refusal(404, 20404, f"The requested resource {request.url.path} was not found")
