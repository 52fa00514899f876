"""Hundreds of requests that no provider sent like this: each gets its status, and none leaves anything in the inbox."""

import base64
import gzip
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from sandbox.providers.sendgrid import SendGridWorld
from sandbox.providers.stripe_webhooks import signature_header
from sandbox.providers.world import ProviderWorld
from tests.web.conftest import Web, serving

PUBLIC = "https://dunning.example.com"
TIMES = 26
LIMIT = 1_048_576
AGENCY, APPLICATION, STRANGER = (f"whsec_{base64.b64encode(word * 8).decode()}" for word in (b"agen", b"appl", b"none"))
TIMES_THAT_ARE_NONE = ["", "0", "-1", "NaN", "inf", "1e999", "9" * 5_000, "٣", "2030-04-01T00:00:00Z", "1 2"]


class Forged(NamedTuple):
    """A request, and the statuses that are right for it."""

    kind: str
    body: bytes
    headers: dict[str, str]
    statuses: set[int]


Sign = Callable[[bytes, int], dict[str, str]]
"""The headers of a body, as if it were signed at that time."""


class Sender(NamedTuple):
    """A provider: one event of it, its signature, a stranger's, and bodies that it signs and never sends.

    clock: the header of the signature's time; "": it has none of its own.
    timed: the signature has a time.
    """

    good: bytes
    sign: Sign
    other: Sign
    nothing: list[bytes]
    clock: str
    timed: bool = True


@pytest_asyncio.fixture
async def web(web_settings: Settings, world: ProviderWorld, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    more = {
        "sendgrid_webhook_keys": SecretStr(world.sendgrid.public_key),
        "web_public_url": PUBLIC,
        "agency_webhook_secrets": SecretStr(AGENCY),
        "application_webhook_secrets": SecretStr(APPLICATION),
    }
    # What is kept waits: nobody hands it on.
    more["temporal_address"] = "127.0.0.1:1"
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


def spoiled(chance: random.Random, sender: Sender) -> list[Forged]:
    """One of each kind, all different from the last time."""
    now, good, sign = int(time.time()), sender.good, sender.sign
    cut = good[: chance.randrange(len(good))]
    flipped = bytearray(good)
    flipped[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
    [(name, value)] = [pair for pair in sign(good, now).items() if pair[0].lower().endswith("signature")]
    junk = "".join(chance.choice("abc=,%é\x7f0189+/") for _ in range(chance.randrange(1, 60))).strip(",=") or "x"
    bent = sign(good, now) | {name: chance.choice([junk, value[: len(value) // 2], value.swapcase(), ""])}
    refused = {400}
    bad = chance.choice(sender.nothing)
    encoded = chance.choice(
        [good.decode().encode("utf-16"), gzip.compress(good), b"\xff" + good, b"\xef\xbb\xbf" + good]
    )
    spoiled = [
        Forged("not signed", good, {}, refused),
        Forged("another's key", good, sender.other(good, now), refused),
        Forged("truncated", cut, sign(good, now), refused),
        Forged("one bit changed", bytes(flipped), sign(good, now), refused),
        Forged("a bent signature", good, bent, refused),
        Forged("oversized", good + b" " * (LIMIT + chance.randrange(10_000)), sign(good, now), {413}),
        Forged("wrongly typed", bad, sign(bad, now), {204, 400, 422}),
        Forged("wrongly encoded", encoded, sign(encoded, now) | {"Content-Encoding": "gzip"}, {400, 422}),
    ]
    age = chance.randrange(26 * 3600, 10**8)
    if sender.timed:
        spoiled.append(Forged("stale", good, sign(good, now - age), refused))
    if sender.clock:
        clock = {sender.clock: chance.choice(TIMES_THAT_ARE_NONE)}
        spoiled.append(Forged("ahead of its time", good, sign(good, now + age), refused))
        spoiled.append(Forged("no time", good, sign(good, now) | clock, refused))
    return spoiled


def not_events() -> list[bytes]:
    """JSON, or almost, that is signed and says nothing that a provider says."""
    values: list[object] = [
        None,
        0,
        1e300,
        "text",
        [],
        {},
        {"id": 1, "type": ["a"]},
        {"id": "", "type": ""},
        {"id": "a"},
    ]
    values += [{"id": "evt", "type": None}, {"id": ["evt"], "type": {}}, {"id": "x" * 300, "type": "x" * 300}]
    values += [{"id": "evt\0", "type": "\0"}, {"id": "\ud800", "type": "\udfff"}]
    values += [{"sg_event_id": "\0", "event": "open"}, {"sg_event_id": "a", "event": "\ud800"}]
    return [json.dumps(value).encode() for value in values] + [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"[" * 50_000]


def stripe(world: ProviderWorld) -> Sender:
    good = json.dumps({"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_é"}}}).encode()

    def signed(secret: str) -> Sign:
        return lambda body, at: {"Stripe-Signature": signature_header(body, secret, at)}

    return Sender(good, signed(world.stripe.webhooks.secret), signed("whsec_other"), not_events(), "")


def sendgrid(world: ProviderWorld) -> Sender:
    good = json.dumps([{"sg_event_id": "a", "event": "delivered", "timestamp": 1}]).encode()
    stranger = SendGridWorld(world.journal, world.outbox)

    def signed(of: SendGridWorld) -> Sign:
        return lambda body, at: of.sign(body, str(at))

    nothing = [b"[" + body + b"]" for body in not_events()[:16]] + not_events()
    clock = "X-Twilio-Email-Event-Webhook-Timestamp"
    return Sender(good, signed(world.sendgrid), signed(stranger), nothing, clock)


def twilio(world: ProviderWorld) -> Sender:
    """Its signature has no time: a replayed one is the same message with the same status, which is kept once."""
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "14155550123"}
    good = urlencode(fields).encode()

    def own(body: bytes, _: int) -> dict[str, str]:
        pairs = dict(part.partition("=")[::2] for part in body.decode("latin-1").split("&")) if body != good else fields
        return world.twilio.sign(f"{PUBLIC}/webhooks/twilio", pairs)

    def other(body: bytes, _: int) -> dict[str, str]:
        return {"X-Twilio-Signature": base64.b64encode(body[:20]).decode()}

    nothing = [b"MessageSid=SM1", b"MessageStatus=sent", b"CallSid=CA1", b"MessageSid=&MessageStatus=a", b"\xff=a"]
    return Sender(good, own, other, nothing, "", timed=False)


def standard(secret: str, kind: str) -> Sender:
    good = json.dumps({"type": kind, "timestamp": "2030-04-01T00:00:00Z", "data": {"handoff_id": "é"}}).encode()

    def signed(secret: str) -> Sign:
        def sign(body: bytes, at: int) -> dict[str, str]:
            signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body.decode(errors="replace"))
            return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}

        return sign

    return Sender(good, signed(secret), signed(STRANGER), not_typed(), "webhook-timestamp")


def not_typed() -> list[bytes]:
    """The id stands in a header, so only a type is missing."""
    return [body for body in not_events() if b'"type": "a"' not in body]


SENDERS: dict[str, Callable[[ProviderWorld], Sender]] = {
    "stripe": stripe,
    "sendgrid": sendgrid,
    "twilio": twilio,
    "agency": lambda _: standard(AGENCY, "handoff.returned"),
    "application": lambda _: standard(APPLICATION, "notice.read"),
}


async def asked(web: Web, name: str, one: Forged) -> int:
    """The status; what is refused is a problem."""
    headers = {header: value.encode("latin-1", "replace") for header, value in one.headers.items()}
    answer = await web.http.post(f"/webhooks/{name}", content=one.body, headers=headers)
    if answer.status_code >= 400:
        assert "application/problem+json" == answer.headers["content-type"]
        assert "Traceback" not in answer.text
    return answer.status_code


@pytest.mark.parametrize("name", SENDERS)
async def test_what_is_forged_leaves_no_trace(web: Web, world: ProviderWorld, ledger: SqlLedger, name: str) -> None:
    chance = random.Random(name)  # noqa: S311
    sender = SENDERS[name](world)
    forged = [one for _ in range(TIMES) for one in spoiled(chance, sender)]

    assert len(forged) >= 200
    for one in forged:
        status = await asked(web, name, one)

        assert status in one.statuses, (one.kind, status, one.body[:80], one.headers)
        assert [] == ledger.inbox(), one.kind


@pytest.mark.parametrize("name", SENDERS)
async def test_what_is_replayed_is_kept_once(web: Web, world: ProviderWorld, ledger: SqlLedger, name: str) -> None:
    """As it was, with the same signature, and signed anew."""
    sender, now = SENDERS[name](world), int(time.time())
    sent = [sender.sign(sender.good, at) for at in (now, now, now - 60, now + 60) for _ in range(5)]

    statuses = [await asked(web, name, Forged("replayed", sender.good, headers, {204})) for headers in sent]

    assert {204} == {*statuses}
    assert 1 == len(ledger.inbox())


async def test_providers_do_not_sign_for_each_other(web: Web, world: ProviderWorld, ledger: SqlLedger) -> None:
    now = int(time.time())
    for name, make in SENDERS.items():
        sender = make(world)
        for door in SENDERS.keys() - {name}:
            one = Forged(f"{name}'s", sender.good, sender.sign(sender.good, now), {400})

            assert 400 == await asked(web, door, one), (name, door)
    assert [] == ledger.inbox()
