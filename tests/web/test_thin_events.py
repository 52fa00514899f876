"""Thin events: what they only name is read at Stripe before a case hears of it."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import Arrival
from gateways.ports.trouble import ProviderTrouble
from gateways.prometheus_meter import PrometheusMeter
from gateways.stripe_webhook import StripeWebhook
from runtime.doors import completions, readers
from runtime.settings import Settings
from sandbox.providers.faults import Mode
from sandbox.providers.journal import Json
from sandbox.providers.stripe_thin import notification
from sandbox.providers.world import ProviderWorld
from service.inbox import Delivery
from service.intake import Intake
from service.threads import Threads
from tests.cases import a_failed_invoice, failed, runs
from tests.gateways.stripe_cases import watched


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def delivery(ledger: SqlLedger, intake: Intake, settings: Settings, clock: Clock) -> Iterator[Delivery]:
    reading, whole = readers(settings, intake), completions(settings)
    with closing(Threads(4, "test")) as threads:
        yield Delivery(
            ledger, intake, threads, clock, "me", asyncio.Event(), reading, timedelta(days=1), completions=whole
        )


def delivered(world: ProviderWorld, event: Json) -> list[Arrival]:
    """What the webhook makes of the signed notification."""
    body = json.dumps(event).encode()
    headers = {name.lower(): value for name, value in world.stripe.webhooks.sign(body).items()}
    return list(StripeWebhook([world.stripe.webhooks.secret]).open(body, headers, "/webhooks/stripe"))


def of(ledger: SqlLedger) -> list[tuple[str, str | None, str]]:
    return [(row.state, row.result, row.kind) for row in ledger.inbox()]


async def test_a_thin_failure_opens_the_case_that_its_snapshot_would_have_opened(
    delivery: Delivery, world: ProviderWorld, ledger: SqlLedger, client: Client, clock: Clock
) -> None:
    """Both ways at once are one piece of news."""
    invoice_id, _ = a_failed_invoice(world)
    event = failed(world, invoice_id)
    ledger.keep(delivered(world, notification(event)), clock())

    await delivery.round()
    ledger.keep(delivered(world, event), clock())
    await delivery.round()

    case = ledger.case(invoice_id)
    assert case is not None
    assert event["created"] == case.opened_at.timestamp()
    assert [
        ("done", "opened", "v1.invoice.payment_failed"),
        ("done", "exists", "invoice.payment_failed"),
    ] == of(ledger)
    assert 1 == await runs(client, invoice_id)


async def test_what_cannot_be_read_now_is_read_later(
    delivery: Delivery, world: ProviderWorld, ledger: SqlLedger, clock: Clock
) -> None:
    """Nobody waits for it meanwhile."""
    late, _ = a_failed_invoice(world)
    other, _ = a_failed_invoice(world)
    thin = notification(failed(world, late))
    world.faults.add("stripe", f"GET /v2/core/events/{thin['id']}", Mode.ERROR, times=1)
    ledger.keep([*delivered(world, thin), *delivered(world, notification(failed(world, other)))], clock())

    await delivery.round()
    assert ["waiting", "done"] == [state for state, _, _ in of(ledger)]
    clock.now += timedelta(seconds=1)
    await delivery.round()

    assert ["done", "done"] == [state for state, _, _ in of(ledger)]


@pytest.mark.parametrize(
    ("changed", "result"),
    [
        ({"livemode": True}, "ignored"),
        ({"context": "acct_1Other"}, "ignored"),
    ],
)
async def test_another_modes_or_accounts_event_is_not_even_read(
    delivery: Delivery, world: ProviderWorld, ledger: SqlLedger, clock: Clock, changed: Json, result: str
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    ledger.keep(delivered(world, notification(failed(world, invoice_id)) | changed), clock())

    with watched(world) as requests:
        await delivery.round()

    assert [("done", result, "v1.invoice.payment_failed")] == of(ledger)
    assert [] == requests


@pytest.mark.parametrize(
    ("changed", "note"),
    [({"id": "evt_65thinnone"}, "does not know"), ({"reason": {"type": "request"}}, "cannot be read")],
)
async def test_what_stripe_does_not_know_waits_for_a_human(
    delivery: Delivery, world: ProviderWorld, ledger: SqlLedger, clock: Clock, changed: Json, note: str
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    ledger.keep(delivered(world, notification(failed(world, invoice_id)) | changed), clock())

    await delivery.round()

    [row] = ledger.inbox("refused")
    assert note in row.note


async def test_whoever_watches_sees_each_request_for_a_thin_event(world: ProviderWorld, settings: Settings) -> None:
    """Its own, that of its snapshot, and one that fails."""
    registry = CollectorRegistry()
    complete = completions(settings, PrometheusMeter(registry))["stripe"].complete
    invoice_id, _ = a_failed_invoice(world)
    thin = notification(failed(world, invoice_id))
    world.faults.add("stripe", f"GET /v2/core/events/{thin['id']}", Mode.ERROR, times=1)

    with pytest.raises(ProviderTrouble):
        complete(json.dumps(thin))
    complete(json.dumps(thin))

    def counted(operation: str, outcome: str) -> float | None:
        labels = {"provider": "stripe", "operation": operation, "outcome": outcome}
        return registry.get_sample_value("dunning_provider_call_seconds_count", labels)

    assert (1, 1, 1) == (
        counted("get core events", "failed"),
        counted("get core events", "ok"),
        counted("get events", "ok"),
    )
