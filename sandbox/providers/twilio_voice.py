"""Twilio's stand-in for calls: dialled by POST /Calls.json, and answered by customers, machines or nobody.

Refusals by Twilio's test credentials (www.twilio.com/docs/iam/test-credentials#test-calls) and its errors; what a
call asks its addresses by Twilio's Voice documentation: `url` once somebody or something has answered and the
detection of machines is over, with AnsweredBy; a Gather's `action` with Digits; `statusCallback` once it has ended.
Who answers where no TwiML is to be had hears that an application error has occurred, and the call ends (error 11200).
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlencode, urljoin
from xml.etree import ElementTree as ET

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.providers.journal import Journal, Json
from sandbox.providers.twilio_refusals import refusal
from sandbox.providers.webhooks import Delivery, Outbox

Post = Callable[[str, dict[str, str], dict[str, str]], Awaitable[str]]
"""Posts a form with headers to an address; the answer's body."""
Sign = Callable[[str, dict[str, str]], dict[str, str]]

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_MAGIC_TO = {
    "+15005550001": 21217,
    "+15005550002": 21214,
    "+15005550003": 21215,
    "+15005550004": 21216,
}
_MAGIC_FROM = {"+15005550001": 21212}
_UNDER_WAY = ("queued", "in-progress")
_NOBODY = ("busy", "no-answer", "failed", "canceled")


@dataclass(frozen=True)
class Answers:
    """Who is at a number. by: AnsweredBy; keys: what is pressed, one at each Gather; a missing one is never pressed."""

    by: str = "human"
    keys: str = ""


@dataclass
class Call:
    """One call. `heard`: the texts that were said, each with its language; `pressed`: the keys that were pressed, and
    `before_keys`: how many of the texts had been said before the first of them, or all."""

    sid: str
    to: str
    from_: str
    url: str
    status_callback: str | None
    at: datetime
    status: str = "queued"
    answered_by: str | None = None
    heard: list[tuple[str, str]] = field(default_factory=list)
    pressed: str = ""
    before_keys: int = 0


@dataclass
class TwilioVoice:
    """The calls of an account. A number that is not in `people` rings and nobody answers; one in `nobody` ends so.

    plays: whether each call is made by itself once it is taken. lost: how many answers to POST get lost (500) although
    the call was taken.
    """

    journal: Journal
    sign: Sign
    people: dict[str, Answers] = field(default_factory=dict)
    nobody: dict[str, str] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)  # prefixes of countries without permission
    plays: bool = False
    lost: int = 0
    refuses: int | None = None  # every call, with this code
    calls: list[Call] = field(default_factory=list)

    @property
    def talks(self) -> bool:
        """Whether a call is under way."""
        return any(call.status in _UNDER_WAY for call in list(self.calls))

    def accept(self, form: dict[str, str], numbers: dict[str, Json]) -> Call:
        """Takes a call or raises Refusal with Twilio's code."""
        to, from_ = form.get("To", ""), form.get("From", "")
        code = self.refuses or _MAGIC_FROM.get(from_) or _MAGIC_TO.get(to)
        if not to:
            code = 21201
        elif not form.get("Url"):
            code = 21205
        elif not code and not _E164.fullmatch(to):
            code = 21211
        elif not code and from_ not in numbers:
            code = 21210
        elif not code and any(to.startswith(prefix) for prefix in self.forbidden):
            code = 21215
        if code:
            self.journal.record("twilio", "call.refused", {}, data={"to": to, "code": code})
            raise refusal(code, to=to, from_=from_)
        with self.journal.lock:
            sid = "CA" + self.journal.new_hex(32)
            made = Call(sid, to, from_, form["Url"], form.get("StatusCallback"), self.journal.clock())
            self.calls.append(made)
            self.journal.record("twilio", "call.accepted", {"call": made.sid}, data={"to": to})
        return made

    async def play(self, sid: str, post: Post, tell: Post | None = None) -> Call:
        """Makes the call: who is there hears what is said and presses keys; then the status callback. `tell` posts that
        one; None: `post` does."""
        made = next(call for call in self.calls if call.sid == sid)
        there = self.people.get(made.to)
        if there is None:
            made.status = self.nobody.get(made.to, "no-answer")
            if made.status not in _NOBODY:
                raise ValueError(f"Nobody answers with {made.status!r}; choose one of {', '.join(_NOBODY)}.")
        else:
            made.status, made.answered_by = "in-progress", there.by
            try:
                await self._talk(made, there, post)
            except httpx.HTTPError as error:
                self.journal.record("twilio", "call.error", {"call": sid}, data={"code": 11200, "why": str(error)})
            made.status = "completed"
        self.journal.record("twilio", f"call.{made.status}", {"call": sid}, data={"to": made.to})
        if made.status_callback:
            await self._ask(made, made.status_callback, {}, tell or post)
        return made

    async def _talk(self, made: Call, there: Answers, post: Post) -> None:
        keys, answered = list(there.keys), {"AnsweredBy": there.by}
        url: str | None = made.url
        asked = answered
        while url:
            twiml = ET.fromstring(await self._ask(made, url, asked, post))  # noqa: S314 - our own answer
            if twiml.tag != "Response":
                raise ValueError(f"{url} gave no TwiML.")
            base, url = url, None
            for verb in twiml:
                if verb.tag == "Hangup":
                    break
                self._hear(made, verb)
                if verb.tag == "Gather" and keys:
                    made.pressed += keys[0]
                    url, asked = urljoin(base, verb.attrib["action"]), {"Digits": keys.pop(0)}
                    break

    def _hear(self, made: Call, verb: ET.Element) -> None:
        said = [verb] if verb.tag == "Say" else verb.findall("Say")
        made.heard += [(each.attrib.get("language", ""), each.text or "") for each in said]
        if not made.pressed:
            made.before_keys = len(made.heard)

    async def _ask(self, made: Call, url: str, more: dict[str, str], post: Post) -> str:
        fields = {
            "ApiVersion": "2010-04-01",
            "CallSid": made.sid,
            "CallStatus": made.status,
            "Direction": "outbound-api",
            "From": made.from_,
            "To": made.to,
            **more,
        }
        return await post(url, fields, self.sign(url, fields))

    def render(self, made: Call, account_sid: str) -> Json:
        at = format_datetime(made.at.astimezone(UTC))
        return {
            "account_sid": account_sid,
            "answered_by": made.answered_by,
            "api_version": "2010-04-01",
            "date_created": at,
            "date_updated": at,
            "direction": "outbound-api",
            "from": made.from_,
            "sid": made.sid,
            "start_time": at if made.status not in ("queued", "ringing") else None,
            "status": made.status,
            "to": made.to,
            "uri": f"/2010-04-01/Accounts/{account_sid}/Calls/{made.sid}.json",
        }


async def over_http(url: str, fields: dict[str, str], headers: dict[str, str]) -> str:
    """A `Post` by HTTP. Raises httpx.HTTPError when there is no answer, or one of an error."""
    async with httpx.AsyncClient(trust_env=False, timeout=15) as http:
        answer = await http.post(url, content=urlencode(fields).encode(), headers=headers)
    return answer.raise_for_status().text


def by_outbox(outbox: Outbox) -> Post:
    """A `Post` of status callbacks: they go where those of messages go."""

    async def tell(url: str, fields: dict[str, str], headers: dict[str, str]) -> str:
        sid, status, body = fields["CallSid"], fields["CallStatus"], urlencode(fields).encode()
        outbox.post(Delivery("twilio", sid, status, url, body, lambda _: headers, {"number": fields["To"]}))
        return ""

    return tell


def voice_routes(
    voice: TwilioVoice,
    account_sid: str,
    numbers: dict[str, Json],
    authenticate: Callable[[Request], None],
    tell: Post,
) -> list[Route]:
    """The routes of calls of one account. `tell` posts the status callbacks."""
    base = "/2010-04-01/Accounts/{account}/Calls"

    async def create(request: Request) -> Response:
        authenticate(request)
        made = voice.accept(dict(parse_qsl((await request.body()).decode())), numbers)
        playing = BackgroundTask(voice.play, made.sid, over_http, tell) if voice.plays else None
        if voice.lost:
            voice.lost -= 1
            return JSONResponse(
                {"code": 20500, "message": "Internal Server Error", "status": 500}, 500, None, None, playing
            )
        return JSONResponse(voice.render(made, account_sid), 201, None, None, playing)

    async def search(request: Request) -> Response:
        authenticate(request)
        wanted = {"to": request.query_params.get("To"), "from_": request.query_params.get("From")}
        found = [
            voice.render(made, account_sid)
            for made in reversed(voice.calls)
            if wanted["to"] in (None, made.to) and wanted["from_"] in (None, made.from_)
        ]
        size = int(request.query_params.get("PageSize", "50"))
        uri = f"/2010-04-01/Accounts/{account_sid}/Calls.json"
        return JSONResponse({"calls": found[:size], "page": 0, "page_size": size, "next_page_uri": None, "uri": uri})

    async def read(request: Request) -> Response:
        authenticate(request)
        for made in voice.calls:
            if made.sid == request.path_params["sid"]:
                return JSONResponse(voice.render(made, account_sid))
        raise refusal(20404)

    return [
        Route(f"{base}.json", create, methods=["POST"]),
        Route(f"{base}.json", search, methods=["GET"]),
        Route(base + "/{sid}.json", read, methods=["GET"]),
    ]
