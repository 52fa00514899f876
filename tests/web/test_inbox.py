"""What came in is handed on until somebody has taken it, whatever is down meanwhile."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.inbox import Arrival
from runtime.doors import readers
from runtime.settings import Settings
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from service.inbox import Delivery
from service.intake import Intake
from service.threads import Threads
from tests.cases import a_failed_invoice, failed, runs
from tests.web.conftest import serving, until
from tests.web.test_stripe_webhook import PATH, kept, signed

NOW = datetime(2030, 4, 1, 12, tzinfo=UTC)


def arrival(event: dict[str, object]) -> Arrival:
    return Arrival(provider="stripe", event_id=str(event["id"]), kind=str(event["type"]), body=json.dumps(event))


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
    with closing(Threads(4, "test")) as threads:
        yield Delivery(
            ledger, intake, threads, clock, "me", asyncio.Event(), readers(settings, intake), timedelta(days=1)
        )


async def test_temporal_was_down_when_the_event_came(
    web_settings: Settings, world: ProviderWorld, ledger: SqlLedger, client: Client
) -> None:
    """The webhook is answered all the same, and the case begins when Temporal is back."""
    invoice_id, _ = a_failed_invoice(world)
    event = failed(world, invoice_id)
    dead = web_settings.model_copy(update={"temporal_address": "127.0.0.1:1"})

    async with serving(dead) as web:
        answer = await web.http.post(PATH, **signed(world, event))
    assert (204, [("waiting", None)]) == (answer.status_code, kept(ledger))

    async with serving(web_settings):
        await until(lambda: kept(ledger) == [("done", "opened")])
    assert await runs(client, invoice_id)


async def test_stripe_fails_for_one_invoice_and_nobody_else_waits(
    delivery: Delivery, world: ProviderWorld, ledger: SqlLedger, clock: Clock
) -> None:
    """What is told of the same customer later does not overtake what could not be taken yet."""
    slow, customer = a_failed_invoice(world)
    other, _ = a_failed_invoice(world)
    world.faults.add("stripe", rf"GET /v1/invoices/{slow}", Mode.ERROR, times=20)
    later = {**failed(world, slow), "id": "evt_later"}
    events = [failed(world, slow), later, failed(world, other)]
    ledger.keep([arrival(event) for event in events], clock())

    assert 1 == await delivery.round()
    assert ["waiting", "waiting", "done"] == [state for state, _ in kept(ledger)]
    first = ledger.inbox()[0]
    assert (1, clock() + timedelta(seconds=1)) == (first.attempts, first.next_try)
    assert "Stripe" in first.note

    assert 0 == await delivery.round()  # not before its next try, and nothing overtakes it
    assert 0 == ledger.inbox()[1].attempts
    world.faults.clear()
    clock.now += timedelta(seconds=2)
    await delivery.round()
    assert [("done", "opened"), ("done", "exists"), ("done", "opened")] == kept(ledger)
    assert customer


async def test_who_has_the_lease_hands_on_alone(ledger: SqlLedger) -> None:
    minute = timedelta(minutes=1)

    assert ledger.lease("inbox", "me", NOW, minute)
    assert not ledger.lease("inbox", "other", NOW + minute / 2, minute)
    assert ledger.lease("inbox", "me", NOW + minute / 2, minute)
    assert not ledger.lease("inbox", "other", NOW + minute, minute)
    assert ledger.lease("inbox", "other", NOW + 2 * minute, minute)


async def test_what_cannot_be_read_waits_for_a_human_and_can_be_tried_again(
    delivery: Delivery, ledger: SqlLedger, clock: Clock
) -> None:
    ledger.keep([Arrival(provider="stripe", event_id="evt_1", kind="invoice.paid", body='{"id": "evt_1"}')], clock())

    await delivery.round()
    [row] = ledger.inbox("refused")
    assert "expected a Stripe event" in row.note

    assert ledger.again("evt_1", clock())
    assert [("waiting", None)] == kept(ledger)
    assert not ledger.again("evt_2", clock())


async def test_what_was_done_is_forgotten_after_its_time_and_what_waits_is_not(ledger: SqlLedger) -> None:
    for number in (1, 2):
        ledger.keep([Arrival(provider="stripe", event_id=f"evt_{number}", kind="a", body="{}")], NOW)
    ledger.ended(ledger.inbox()[0].id, "done", "ignored", "", None, NOW)

    assert 0 == ledger.forget(NOW)
    assert 1 == ledger.forget(NOW + timedelta(seconds=1))
    assert ["evt_2"] == [row.event_id for row in ledger.inbox()]
