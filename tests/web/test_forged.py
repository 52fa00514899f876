"""Hundreds of requests that no provider sent like this: each gets its status, and none leaves anything in the inbox."""

import base64
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple
from urllib.parse import urlencode

import pytest_asyncio
from pydantic import SecretStr
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from sandbox.providers.sendgrid import SendGridWorld
from sandbox.providers.stripe_webhooks import signature_header
from sandbox.providers.world import ProviderWorld
from tests.web.conftest import Web, serving

PUBLIC = "https://dunning.example.com"
TIMES = 30
LIMIT = 1_048_576


class Forged(NamedTuple):
    """A request, and the statuses that are right for it."""

    kind: str
    body: bytes
    headers: dict[str, str]
    statuses: set[int]


@pytest_asyncio.fixture
async def web(web_settings: Settings, world: ProviderWorld, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    more = {"sendgrid_webhook_keys": SecretStr(world.sendgrid.public_key), "web_public_url": PUBLIC}
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


Sign = Callable[[bytes, int], dict[str, str]]
"""The headers of a body, as if it were signed at that time."""


def spoiled(chance: random.Random, good: bytes, sign: Sign, other: Sign, unreadable: list[bytes]) -> list[Forged]:
    """One of each kind, all different from the last time."""
    now = int(time.time())
    cut = good[: chance.randrange(len(good))]
    flipped = bytearray(good)
    flipped[chance.randrange(len(good))] ^= 1 << chance.randrange(8)
    [(name, value)] = [pair for pair in sign(good, now).items() if pair[0].endswith("Signature")]
    junk = "".join(chance.choice("abc=,%é\x7f0189+/") for _ in range(chance.randrange(1, 60))).strip(",=") or "x"
    bent = sign(good, now) | {name: chance.choice([junk, value[: len(value) // 2], value.swapcase(), ""])}
    refused = {400}
    bad = chance.choice(unreadable)
    return [
        Forged("not signed", good, {}, refused),
        Forged("another's key", good, other(good, now), refused),
        Forged("stale", good, sign(good, now - chance.randrange(26 * 3600, 10**8)), refused),
        Forged("truncated", cut, sign(good, now), refused),
        Forged("one bit changed", bytes(flipped), sign(good, now), refused),
        Forged("a bent signature", good, bent, refused),
        Forged("oversized", good + b" " * (LIMIT + chance.randrange(10_000)), sign(good, now), {413}),
        Forged("wrongly typed", bad, sign(bad, now), {204, 400, 422}),
    ]


async def sent(web: Web, path: str, forged: list[Forged], ledger: SqlLedger) -> None:
    assert len(forged) >= 200
    for one in forged:
        headers = {name: value.encode("latin-1", "replace") for name, value in one.headers.items()}
        answer = await web.http.post(path, content=one.body, headers=headers)

        assert answer.status_code in one.statuses, (one.kind, answer.status_code, answer.text)
        assert [] == ledger.inbox(), one.kind
        if answer.status_code >= 400:
            assert "application/problem+json" == answer.headers["content-type"]
            assert "Traceback" not in answer.text


def not_events() -> list[bytes]:
    """JSON, or almost, that is signed and says nothing that a provider says."""
    values: list[object] = [
        None,
        0,
        1e300,
        "text",
        [],
        {},
        {"id": 1, "type": "a"},
        {"id": "", "type": "a"},
        {"id": "a"},
    ]
    values += [{"id": "evt", "type": None}, {"id": ["evt"], "type": "a"}, {"id": "x" * 300, "type": "a"}]
    return [json.dumps(value).encode() for value in values] + [b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"[" * 50_000]


async def test_stripe(web: Web, world: ProviderWorld, ledger: SqlLedger) -> None:
    chance = random.Random(1)  # noqa: S311
    good = json.dumps({"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_é"}}}).encode()

    def signed(secret: str) -> Sign:
        return lambda body, at: {"Stripe-Signature": signature_header(body, secret, at)}

    own, other = signed(world.stripe.webhooks.secret), signed("whsec_other")
    forged = [one for _ in range(TIMES) for one in spoiled(chance, good, own, other, not_events())]
    await sent(web, "/webhooks/stripe", forged, ledger)


async def test_sendgrid(web: Web, world: ProviderWorld, ledger: SqlLedger) -> None:
    chance = random.Random(2)  # noqa: S311
    good = json.dumps([{"sg_event_id": "a", "event": "delivered", "timestamp": 1}]).encode()
    stranger = SendGridWorld(world.journal, world.outbox)

    def signed(of: SendGridWorld) -> Sign:
        return lambda body, at: of.sign(body, str(at))

    nothing = [b"[" + body + b"]" for body in not_events()[:12]] + not_events()
    forged = [
        one for _ in range(TIMES) for one in spoiled(chance, good, signed(world.sendgrid), signed(stranger), nothing)
    ]
    await sent(web, "/webhooks/sendgrid", forged, ledger)


async def test_twilio(web: Web, world: ProviderWorld, ledger: SqlLedger) -> None:
    """Its signature has no time: a replayed one is the same message with the same status, which is kept once."""
    chance = random.Random(3)  # noqa: S311
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "14155550123"}
    good = urlencode(fields).encode()

    def own(body: bytes, _: int) -> dict[str, str]:
        pairs = dict(part.partition("=")[::2] for part in body.decode("latin-1").split("&")) if body != good else fields
        return world.twilio.sign(f"{PUBLIC}/webhooks/twilio", pairs)

    def other(_body: bytes, _at: int) -> dict[str, str]:
        return {"X-Twilio-Signature": base64.b64encode(chance.randbytes(20)).decode()}

    nothing = [b"MessageSid=SM1", b"MessageStatus=sent", b"CallSid=CA1", b"MessageSid=&MessageStatus=a", b"\xff=a"]
    forged = [one for _ in range(TIMES) for one in spoiled(chance, good, own, other, nothing) if one.kind != "stale"]
    await sent(web, "/webhooks/twilio", forged, ledger)
