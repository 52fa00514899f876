"""Who blocks the merchant's LINE account, who follows it again, and what they write, comes in signed."""

from collections.abc import AsyncIterator

import pytest_asyncio
from pydantic import SecretStr
from temporalio.client import Client

from domain.consent import Source
from domain.steps import Channel
from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import a_failed_invoice, failed, signals
from tests.web.conftest import Web, serving, until

USER = "U" + "ab" * 16


@pytest_asyncio.fixture
async def web(web_settings: Settings, world: ProviderWorld, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    more = {"line_webhook_secrets": SecretStr(world.line.secret)}
    async with serving(web_settings.model_copy(update=more)) as web:
        yield web


async def told(web: Web, world: ProviderWorld, kind: str, event_id: str, *, again: bool = False, **more: object) -> int:
    event = {
        "type": kind,
        "mode": "active",
        "timestamp": 1_900_000_000_000 + int(event_id) * 1000,
        "source": {"type": "user", "userId": USER},
        "webhookEventId": event_id,
        "deliveryContext": {"isRedelivery": again},
        **more,
    }
    body = web.http.build_request("POST", "/", json={"destination": "U0", "events": [event]}).content
    answer = await web.http.post("/webhooks/line", content=body, headers=world.line.sign(body))
    return answer.status_code


async def test_who_blocks_the_account_gets_nothing_there_until_they_follow_it_again(
    web: Web, world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """Delivered twice it counts once; and what they write is kept for operators."""
    invoice, customer = a_failed_invoice(world, country="TH", metadata={"line_user_id": USER})
    await intake.take_event(failed(world, invoice))
    message = {"type": "text", "text": "I will pay on Friday"}

    assert 200 == await told(web, world, "message", "1", message=message)
    assert 200 == await told(web, world, "unfollow", "2")
    assert 200 == await told(web, world, "unfollow", "2", again=True)
    await until(lambda: {row.state for row in ledger.inbox()} == {"done"})
    closed = ledger.closed_channels(customer)
    [closure] = ledger.closures(customer)
    await told(web, world, "follow", "3")
    await until(lambda: len(ledger.inbox()) == 3 and {row.state for row in ledger.inbox()} == {"done"})

    assert ["I will pay on Friday"] == [reply.text for reply in ledger.replies(customer)]
    assert ({Channel.LINE: "opted out"}, True, Source.STOP) == (closed, closure.wish, closure.source)
    assert {} == ledger.closed_channels(customer)
    assert ["contact_reported", "reopen_channel"] == [name for name, _ in await signals(client, invoice)]


async def test_the_verify_button_gets_the_200_that_it_asks_for(
    web: Web, world: ProviderWorld, ledger: SqlLedger
) -> None:
    """LINE sends a request without events, and takes no other success (Messaging API, Verify webhook URL)."""
    body = b'{"destination": "U0", "events": []}'

    answer = await web.http.post("/webhooks/line", content=body, headers=world.line.sign(body))

    assert (200, b"") == (answer.status_code, answer.content)
    assert () == tuple(ledger.inbox())


async def test_what_line_did_not_sign_is_refused(web: Web, ledger: SqlLedger) -> None:
    answer = await web.http.post("/webhooks/line", content=b'{"events": []}', headers={"X-Line-Signature": "AAAA"})

    assert 400 <= answer.status_code < 500
    assert () == tuple(ledger.inbox())
