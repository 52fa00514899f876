"""Stripe's events come in by its webhook: signed, kept before they are answered, handed on afterwards."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from runtime.settings import Settings
from sandbox.providers.stripe_webhooks import signature_header
from sandbox.providers.world import ProviderWorld
from tests.cases import a_failed_invoice, failed, runs
from tests.web.conftest import Web, serving, until

PATH = "/webhooks/stripe"


@pytest_asyncio.fixture
async def web(web_settings: Settings, ledger: SqlLedger, client: Client) -> AsyncIterator[Web]:
    assert ledger
    assert client
    async with serving(web_settings) as web:
        yield web


def kept(ledger: SqlLedger) -> list[tuple[str, str | None]]:
    return [(row.state, row.result) for row in ledger.inbox()]


async def test_a_failed_payment_opens_a_case_by_itself(
    web: Web, world: ProviderWorld, ledger: SqlLedger, client: Client
) -> None:
    """Stripe delivers as it does, and nobody starts anything by hand."""
    world.stripe.webhooks.configure(web.url + PATH, types=["invoice.payment_failed"])

    invoice_id, _ = a_failed_invoice(world)
    await until(lambda: ("done", "opened") in kept(ledger))

    assert await runs(client, invoice_id)
    [row] = ledger.inbox()
    assert invoice_id == row.invoice_id


async def test_what_is_delivered_twice_is_kept_once(web: Web, world: ProviderWorld, ledger: SqlLedger) -> None:
    world.stripe.webhooks.configure(web.url + PATH, types=["invoice.payment_failed"])
    world.outbox.hold()

    a_failed_invoice(world)
    [failure] = world.outbox.take()
    for _ in range(3):
        world.outbox.send(failure)
    assert await asyncio.to_thread(world.outbox.flush)
    await until(lambda: kept(ledger) == [("done", "opened")])


async def test_an_event_that_concerns_no_case_is_kept_as_such(
    web: Web, world: ProviderWorld, ledger: SqlLedger
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    event = {**failed(world, invoice_id), "id": "evt_price", "type": "price.updated"}

    answer = await web.http.post(PATH, **signed(world, event))
    await until(lambda: kept(ledger) == [("done", "ignored")])

    assert 204 == answer.status_code


def signed(world: ProviderWorld, event: object, **other: object) -> dict[str, object]:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return {"content": body, "headers": world.stripe.webhooks.sign(body), **other}


@pytest.mark.parametrize(
    ("secret", "age", "status"),
    [
        ("whsec_old", 0, 204),  # is being rotated
        ("whsec_sandbox", 290, 204),
        ("whsec_sandbox", 320, 400),  # replayed
        ("whsec_forged", 0, 400),
        ("whsec_old, whsec_sandbox", 0, 400),
    ],
)
async def test_only_what_stripe_signed_lately_is_kept(
    web: Web, world: ProviderWorld, ledger: SqlLedger, secret: str, age: int, status: int
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    body = json.dumps(failed(world, invoice_id)).encode()
    header = signature_header(body, secret, int(time.time()) - age)

    answer = await web.http.post(PATH, content=body, headers={"Stripe-Signature": header})

    assert (status, status == 204) == (answer.status_code, bool(ledger.inbox()))
    if status != 204:
        assert "application/problem+json" == answer.headers["content-type"]
        assert "STRIPE_WEBHOOK_SECRETS" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[" * 100_000, 422),
        (b"[]", 422),
        (b'{"id": "evt_1"}', 422),
        (b'{"id": "evt_' + b"1" * 300 + b'", "type": "a"}', 422),
        (b"\xff\xfe", 400),
        (b'{"id": "evt_1", "type": "invoice.paid"}' + b" " * 1_048_576, 413),
    ],
    ids=["nothing", "half", "deep", "a list", "no type", "a long id", "not UTF-8", "too long"],
)
async def test_what_stripe_would_never_send_is_refused_with_a_reason(
    web: Web, world: ProviderWorld, ledger: SqlLedger, body: bytes, status: int
) -> None:
    answer = await web.http.post(PATH, **signed(world, body))

    assert (status, []) == (answer.status_code, ledger.inbox())
    assert answer.json()["detail"].endswith(".")


async def test_a_provider_without_a_webhook_here_is_not_found(web: Web) -> None:
    answer = await web.http.post("/webhooks/nobody", content=b"{}")

    assert 404 == answer.status_code
    assert "docs/connect.md" in answer.json()["detail"]
