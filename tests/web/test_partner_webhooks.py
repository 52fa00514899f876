"""What the collections agency and the merchant's application report comes in signed and reaches the case."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook
from temporalio.client import Client

from domain.ids import contact_key
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import a_failed_invoice, failed, signals
from tests.gateways.ledger.builders import a_contact, reserve
from tests.web.conftest import Web, serving, until

OLD, NEW = (f"whsec_{base64.b64encode(name * 8).decode()}" for name in (b"old ", b"new "))
HANDOFF = "dun:in_1:d30-handoff"


@pytest_asyncio.fixture
async def web(web_settings: Settings, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    secrets = SecretStr(f"{NEW},{OLD}")
    more = {"agency_webhook_secrets": secrets, "application_webhook_secrets": secrets}
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


async def sent(
    web: Web, sender: str, kind: str, data: object, event_id: str = "msg_1", secret: str = NEW
) -> httpx.Response:
    now = datetime.now(UTC)
    body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, now, body),
    }
    return await web.http.post(f"/webhooks/{sender}", content=body.encode(), headers=headers)


async def a_case_with_the_agency(world: ProviderWorld, intake: Intake, ledger: SqlLedger) -> str:
    invoice, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))
    ledger.record_handoff(invoice, HANDOFF, "AG-77", datetime.now(UTC))
    return invoice


@pytest.mark.parametrize(
    ("kind", "data", "report"),
    [
        ("handoff.acknowledged", {"handoff_id": HANDOFF}, "acknowledged"),
        ("handoff.returned", {"reference": "AG-77"}, "returned"),
        ("handoff.payment", {"reference": "AG-77", "amount": {"amount": 500, "currency": "USD"}}, "payment"),
    ],
)
async def test_what_the_agency_reports_reaches_the_case_once(
    web: Web,
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    kind: str,
    data: dict[str, object],
    report: str,
) -> None:
    """Delivered twice, the second time under the secret that is being replaced."""
    invoice = await a_case_with_the_agency(world, intake, ledger)

    answers = [await sent(web, "agency", kind, data), await sent(web, "agency", kind, data, secret=OLD)]
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])

    assert [204, 204] == [answer.status_code for answer in answers]
    [(name, fact)] = await signals(client, invoice)
    assert ("agency_reported", report) == (name, fact["report"])
    assert data.get("amount") == fact["amount"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, "names no handoff"),
        ({"handoff_id": "none", "amount": {"amount": 5, "currency": "USD"}}, "nothing was handed off by that name"),
        ({"handoff_id": HANDOFF, "amount": "5.00"}, "a payment states what was paid"),
        ({"handoff_id": HANDOFF, "amount": {"amount": -5, "currency": "USD"}}, "is nothing"),
    ],
)
async def test_a_report_that_nothing_can_act_on_waits_for_somebody(
    web: Web,
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    data: dict[str, object],
    problem: str,
) -> None:
    invoice = await a_case_with_the_agency(world, intake, ledger)

    await sent(web, "agency", "handoff.payment", data)
    await until(lambda: [row.state for row in ledger.inbox()] == ["refused"])

    assert problem in ledger.inbox()[0].note
    assert [] == await signals(client, invoice)


@pytest.mark.parametrize(
    ("kind", "delivery"), [("notice.shown", "delivered"), ("notice.read", "read"), ("notice.failed", "undelivered")]
)
async def test_what_became_of_a_notice_reaches_contact_and_case(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, kind: str, delivery: str
) -> None:
    invoice, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice))
    key = contact_key(invoice, "friendly", Channel.NOTICE)
    reserve(ledger, a_contact(invoice_id=invoice, step="friendly", channel=Channel.NOTICE, key=key), customer)

    await sent(web, "application", kind, {"notice_id": key})
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])

    assert delivery == ledger.contacts(invoice)[0].delivery
    assert ["contact_reported"] == [name for name, _ in await signals(client, invoice)]


@pytest.mark.parametrize("sender", ["agency", "application"])
async def test_an_unknown_type_is_kept_and_says_nothing_to_a_case(web: Web, ledger: SqlLedger, sender: str) -> None:
    answer = await sent(web, sender, "weather.changed", {})
    await until(lambda: [row.state for row in ledger.inbox()] == ["done"])

    assert (204, "ignored") == (answer.status_code, ledger.inbox()[0].result)


@pytest.mark.parametrize("sender", ["agency", "application"])
@pytest.mark.parametrize("signature", ["", "v1", "v1,%%", "v1,bm9uZQ==", "v2,bm9uZQ==", "é,é"])
async def test_what_nobody_signed_is_refused(web: Web, ledger: SqlLedger, sender: str, signature: str) -> None:
    headers = {
        "webhook-id": b"msg_1",
        "webhook-timestamp": str(int(datetime.now(UTC).timestamp())).encode(),
        "webhook-signature": signature.encode("latin-1"),
    }
    answer = await web.http.post(f"/webhooks/{sender}", content=b'{"type": "notice.read"}', headers=headers)

    assert (400, []) == (answer.status_code, ledger.inbox())
    assert f"{sender.upper()}_WEBHOOK_SECRETS" in answer.json()["detail"]
