"""What SendGrid and Twilio say of messages, and what customers answer, comes in signed and reaches the case."""

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio.client import Client
from twilio.request_validator import RequestValidator

from domain.consent import Source
from domain.ids import contact_key
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import a_closure, a_failed_invoice, failed, signals
from tests.gateways.ledger.builders import a_contact, reserve
from tests.web.conftest import Web, serving, until

NUMBER = "+14155550123"
PUBLIC = "https://dunning.example.com"
SHARED = "shared-key-secret"


@pytest_asyncio.fixture
async def web(web_settings: Settings, world: ProviderWorld, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    more = {
        "sendgrid_webhook_keys": SecretStr(world.sendgrid.public_key),
        "twilio_webhook_keys": SecretStr(SHARED),
        "web_public_url": PUBLIC + "/",
    }
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


async def a_contacted_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, channel: Channel
) -> tuple[str, str, str]:
    """Invoice, customer and the key of a message that went out on the channel."""
    invoice, customer = a_failed_invoice(world, email="ada@customers.example", phone=NUMBER, country="US")
    await intake.take_event(failed(world, invoice))
    key = contact_key(invoice, "friendly", channel)
    reserve(ledger, a_contact(invoice_id=invoice, step="friendly", channel=channel, key=key), customer)
    return invoice, customer, key


def mail_event(kind: str, key: str, **more: object) -> dict[str, object]:
    return {
        "event": kind,
        "email": "ada@customers.example",
        "sg_event_id": f"sg-{kind}-{more.get('type')}",
        "sg_message_id": "m.1",
        "timestamp": int(time.time()),
        "dunning_key": key,
        **more,
    }


async def mailed(web: Web, world: ProviderWorld, *events: object) -> httpx.Response:
    body = json.dumps(list(events)).encode()
    return await web.http.post("/webhooks/sendgrid", content=body, headers=world.sendgrid.sign(body))


@pytest.mark.parametrize(
    ("kind", "more", "delivery", "closed"),
    [
        ("delivered", {}, "delivered", None),
        ("bounce", {"type": "bounce", "status": "5.1.1"}, "bounced", "bounced"),
        ("bounce", {"type": "blocked"}, "undelivered", None),
        ("dropped", {"reason": "Bounced Address"}, "bounced", "bounced"),
        ("dropped", {"reason": "Spam Content (if Spam Checker app is enabled)"}, "undelivered", None),
        ("spamreport", {}, "complained", "complained"),
        ("group_unsubscribe", {"asm_group_id": 1}, "opted_out", "opted out"),
    ],
)
async def test_what_became_of_an_e_mail_reaches_contact_customer_and_case(
    web: Web,
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    kind: str,
    more: dict[str, object],
    delivery: str,
    closed: str | None,
) -> None:
    invoice, customer, key = await a_contacted_case(world, intake, ledger, Channel.EMAIL)

    answer = await mailed(web, world, mail_event("processed", key), mail_event(kind, key, **more), {"odd": 1}, 7)
    await until(lambda: {row.state for row in ledger.inbox()} == {"done"})

    assert (204, 2) == (answer.status_code, len(ledger.inbox()))
    [contact] = ledger.contacts(invoice)
    assert delivery == contact.delivery
    assert closed == ledger.closed_channels(customer).get(Channel.EMAIL)
    assert ["contact_reported"] == [name for name, _ in await signals(client, invoice)]


async def test_a_delivery_that_is_told_late_does_not_undo_a_bounce(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    invoice, _, key = await a_contacted_case(world, intake, ledger, Channel.EMAIL)

    await mailed(web, world, mail_event("bounce", key, type="bounce"))
    await mailed(web, world, mail_event("delivered", key))
    await until(lambda: [row.state for row in ledger.inbox()] == ["done", "done"])

    assert "bounced" == ledger.contacts(invoice)[0].delivery


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Email-Event-Webhook-Signature": "bm90aGluZw==", "X-Twilio-Email-Event-Webhook-Timestamp": "1"},
        {"X-Twilio-Email-Event-Webhook-Signature": "%%%", "X-Twilio-Email-Event-Webhook-Timestamp": "99999999999"},
    ],
)
async def test_what_sendgrid_did_not_sign_is_refused(web: Web, ledger: SqlLedger, headers: dict[str, str]) -> None:
    answer = await web.http.post("/webhooks/sendgrid", content=b"[]", headers=headers)

    assert (400, []) == (answer.status_code, ledger.inbox())
    assert "SENDGRID_WEBHOOK_KEYS" in answer.json()["detail"]


async def test_an_old_signature_of_sendgrid_is_refused(web: Web, world: ProviderWorld) -> None:
    headers = world.sendgrid.sign(b"[]", str(int(time.time()) - 26 * 3600))

    assert 400 == (await web.http.post("/webhooks/sendgrid", content=b"[]", headers=headers)).status_code


async def texted(
    web: Web, world: ProviderWorld, fields: dict[str, str], target: str = "/webhooks/twilio", **changed: str
) -> httpx.Response:
    headers = world.twilio.sign(PUBLIC + target, fields)
    return await web.http.post(target, content=urlencode(fields | changed).encode(), headers=headers)


def a_status(status: str, **more: str) -> dict[str, str]:
    return {"MessageSid": "SM1", "MessageStatus": status, "To": NUMBER, "From": "+15550006000", **more}


@pytest.mark.parametrize(
    ("status", "code", "delivery", "closed"),
    [
        ("delivered", "", "delivered", None),
        ("undelivered", "30005", "invalid_address", "invalid address"),
        ("undelivered", "30008", "undelivered", None),
        ("failed", "21610", "opted_out", "opted out"),
    ],
)
async def test_what_became_of_a_text_reaches_contact_customer_and_case(
    web: Web,
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    status: str,
    code: str,
    delivery: str,
    closed: str | None,
) -> None:
    invoice, customer, key = await a_contacted_case(world, intake, ledger, Channel.SMS)
    target = f"/webhooks/twilio?{urlencode({'dunning_key': key})}"

    answers = [
        await texted(web, world, a_status("sent"), target),
        await texted(web, world, a_status(status, **({"ErrorCode": code} if code else {})), target),
    ]
    await until(lambda: [row.state for row in ledger.inbox()] == ["done", "done"])

    assert [204, 204] == [answer.status_code for answer in answers]
    assert delivery == ledger.contacts(invoice)[0].delivery
    assert closed == ledger.closed_channels(customer).get(Channel.SMS)
    assert ["contact_reported"] == [name for name, _ in await signals(client, invoice)]


@pytest.mark.parametrize(
    ("words", "more", "stops"),
    [
        ("Stop.", {}, True),
        ("ยกเลิก", {}, True),
        ("arrêt", {}, True),
        ("nein danke", {"OptOutType": "STOP"}, True),
        ("Please stop texting me 🙏", {}, True),
        ("please stop calling me names", {}, False),
        ("", {"NumMedia": "1", "MediaUrl0": "https://api.twilio.example/me.jpg"}, False),
        ("x" * 1600, {}, False),
        ("I have paid yesterday", {}, False),
        ("START", {}, False),
    ],
)
async def test_an_answer_is_kept_and_a_stop_holds_for_the_number(
    web: Web,
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    words: str,
    more: dict[str, str],
    stops: bool,
) -> None:
    """Also for the other account that has this number."""
    _, customer, _ = await a_contacted_case(world, intake, ledger, Channel.SMS)
    _, other, _ = await a_contacted_case(world, intake, ledger, Channel.SMS)

    await texted(web, world, {"MessageSid": "SM2", "SmsStatus": "received", "From": NUMBER, "Body": words, **more})
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])

    assert [words] == [reply.text for reply in ledger.replies(customer)] == [r.text for r in ledger.replies(other)]
    closed = [ledger.closed_channels(each).get(Channel.SMS) for each in (customer, other)]
    assert ["opted out" if stops else None] * 2 == closed


async def test_who_answers_that_the_customer_has_died_stops_everything_for_whoever_has_the_number(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    invoice, customer, _ = await a_contacted_case(world, intake, ledger, Channel.SMS)
    _, other, _ = await a_contacted_case(world, intake, ledger, Channel.SMS)

    await wrote(web, world, ledger, "My husband has passed away.", "SM2")

    found = [[(one.protection, one.source) for one in ledger.protections(each)] for each in (customer, other)]
    assert [[("deceased", "reply")]] * 2 == found
    assert "person_changed" in [name for name, _ in await signals(client, invoice)]


async def wrote(web: Web, world: ProviderWorld, ledger: SqlLedger, words: str, sid: str, **more: str) -> None:
    await texted(web, world, {"MessageSid": sid, "SmsStatus": "received", "From": NUMBER, "Body": words, **more})
    await until(lambda: {row.state for row in ledger.inbox()} == {"done"})


@pytest.mark.parametrize(
    ("words", "more"), [("Start", {}), ("UNSTOP", {}), ("yes", {}), ("ja bitte", {"OptOutType": "START"})]
)
async def test_a_start_takes_back_the_stop_for_everybody_with_the_number_and_tells_their_cases(
    web: Web,
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    words: str,
    more: dict[str, str],
) -> None:
    """Also what Twilio's own list of those who said STOP has refused. Both stay on record."""
    invoice, customer, key = await a_contacted_case(world, intake, ledger, Channel.SMS)
    _, other, _ = await a_contacted_case(world, intake, ledger, Channel.SMS)
    target = f"/webhooks/twilio?{urlencode({'dunning_key': key})}"

    await wrote(web, world, ledger, "STOP", "SM2")
    await texted(web, world, a_status("failed", ErrorCode="21610"), target)
    await until(lambda: {row.state for row in ledger.inbox()} == {"done"})
    assert "opted out" == ledger.closed_channels(other)[Channel.SMS]
    await wrote(web, world, ledger, words, "SM3", **more)

    assert [{}, {}] == [ledger.closed_channels(each) for each in (customer, other)]
    told = [name for name, _ in await signals(client, invoice)]
    assert ["contact_reported", "contact_reported", "reopen_channel"] == told
    assert {"SM3-received"} == {one.opened_by for one in ledger.opt_outs(customer)}
    assert ["start"] == [one.source for one in ledger.opt_ins(customer)]


async def test_a_start_opens_nothing_but_what_a_stop_had_closed(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """A dead number stays dead, and who said elsewhere that they want no texts did not say STOP."""
    invoice, customer, _ = await a_contacted_case(world, intake, ledger, Channel.SMS)
    closed = {"address": NUMBER, "at": datetime.now(UTC)}
    ledger.close_channel(a_closure(customer, Channel.SMS, "invalid address", "e-1", **closed))
    link = a_closure(customer, Channel.SMS, "opted out", "e-2", wish=True, **closed)
    ledger.close_channel(link.model_copy(update={"source": Source.LINK}))

    await wrote(web, world, ledger, "STOP", "SM2")
    await wrote(web, world, ledger, "START", "SM3")

    assert {"e-1", "e-2"} == {one.event_id for one in ledger.closures(customer)}
    assert ["contact_reported"] == [name for name, _ in await signals(client, invoice)]


async def test_twilio_signs_with_the_address_that_it_called_and_with_every_field(
    web: Web, world: ProviderWorld, ledger: SqlLedger
) -> None:
    forged = [
        await texted(web, world, a_status("sent"), MessageStatus="failed"),
        await web.http.post("/webhooks/twilio", content=urlencode(a_status("sent")).encode()),
    ]

    assert ([400, 400], []) == ([answer.status_code for answer in forged], ledger.inbox())
    assert "WEB_PUBLIC_URL" in forged[0].json()["detail"]


async def test_twilio_may_sign_with_a_shared_key(web: Web, ledger: SqlLedger) -> None:
    fields, url = a_status("sent"), f"{PUBLIC}/webhooks/twilio"
    signature = RequestValidator(SHARED).compute_signature(url, fields, "HMAC_SHA256")
    settings = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    headers = {"X-Twilio-Signature": signature, "X-Twilio-Webhooks-Signature-Settings": settings}

    answer = await web.http.post("/webhooks/twilio", content=urlencode(fields).encode(), headers=headers)

    assert (204, 1) == (answer.status_code, len(ledger.inbox()))
