"""What came of a call is kept, closes what the customer wants closed, and is told to the case, once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from domain.calls import CallResult, Offer, TaskState, call_id
from domain.rules.contacts import ContactCaps
from domain.steps import Channel, Stage
from domain.truth import MessageFacts
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.calls import CallTaskRow
from runtime.calls import call_queue
from runtime.settings import Settings
from sandbox.providers.world import ProviderWorld
from service.call_results import CallResults
from service.intake import Intake
from service.requests import Refused, WrongRequest
from service.running import RunningCases
from tests.cases import a_failed_invoice, failed, signals

CAPS = ContactCaps(per_week=99, distance=timedelta(0), policy="standard@1")


@pytest.fixture
def results(client: Client, ledger: SqlLedger, settings: Settings) -> CallResults:
    return CallResults(ledger, call_queue(settings, ledger), RunningCases(client, ledger))


async def a_call(world: ProviderWorld, intake: Intake, ledger: SqlLedger, now: datetime) -> tuple[str, str, str]:
    """One that Ana has taken: its id, the invoice and the customer."""
    invoice, customer = a_failed_invoice(world, phone="+66812345678")
    await intake.take_event(failed(world, invoice))
    address = ledger.address(customer)
    task = CallTaskRow(
        call_id=call_id(invoice, "d04-call"),
        invoice_id=invoice,
        customer_id=customer,
        step="d04-call",
        state=TaskState.OPEN,
        as_of=now,
        call_from=now,
        until=now + timedelta(days=3),
        zones=("Asia/Bangkok",),
        windows=(),
        offers=(Offer.PROMISE,),
        said=MessageFacts(stage=Stage.REMINDER),
        why="call on day 4",
        address=address.phone,
    )
    ledger.queue_call(task, address, CAPS)
    ledger.take_call(task.call_id, address, CAPS, "Ana", now)
    return task.call_id, invoice, customer


async def test_a_promise_is_told_to_the_case_once_however_often_it_is_said(
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    client: Client,
    clock: Callable[[], datetime],
    results: CallResults,
) -> None:
    call, invoice, _ = await a_call(world, intake, ledger, clock())
    day = (datetime.now(UTC) + timedelta(days=4)).date()
    said = [await results.say(call, "Ana", CallResult.PROMISE, on=day, amount="12.50") for _ in range(2)]
    [first, second] = [fact for name, fact in await signals(client, invoice) if name == "call_reported"]

    assert said[0] == said[1]
    assert (TaskState.DONE, True) == (said[0].state, said[0].told)
    assert first == second  # the case knows it by its id
    assert (str(day), {"amount": 1250, "currency": "USD"}) == (first["on"], first["amount"])
    assert 1 == len([entry for entry in ledger.record(invoice) if entry.what == "call: promise"])
    with pytest.raises(Refused, match="has the result promise already"):
        await results.say(call, "Ana", CallResult.REACHED)
    with pytest.raises(WrongRequest, match="name a day from today"):
        await results.say(call, "Ana", CallResult.PROMISE, on=date(2100, 1, 1))


async def test_a_wrong_number_is_closed_to_calls_and_texts_for_whoever_has_it(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, clock: Callable[[], datetime], results: CallResults
) -> None:
    call, _, customer = await a_call(world, intake, ledger, clock())
    await results.say(call, "Ana", CallResult.WRONG_NUMBER)
    closed = ledger.closed_channels(customer)
    ledger.customer_set(customer, {"phone": "+66811112222"})

    assert {Channel.PHONE, Channel.SMS, Channel.WHATSAPP} == set(closed)
    assert {} == ledger.closed_channels(customer)  # another number is another one


async def test_who_wants_no_calls_gets_none_at_any_number_and_texts_as_before(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, clock: Callable[[], datetime], results: CallResults
) -> None:
    call, _, customer = await a_call(world, intake, ledger, clock())
    await results.say(call, "Ana", CallResult.OPTED_OUT)
    ledger.customer_set(customer, {"phone": "+66811112222"})

    assert {Channel.PHONE: "opted out"} == ledger.closed_channels(customer)


@pytest.mark.parametrize(
    ("result", "given", "why"),
    [
        (CallResult.PROMISE, {}, "needs the day"),
        (CallResult.REACHED, {"on": date(2030, 1, 1)}, "nothing else has one"),
        (CallResult.CALL_BACK, {}, "needs the moment"),
        (CallResult.REACHED, {"amount": "5.00"}, "promised, or not named"),
        (CallResult.PROMISE, {"on": date(2020, 1, 1)}, "name a day from today"),
        (CallResult.PROMISE, {"on": date(2100, 1, 1)}, "name a day from today"),
        (CallResult.PROMISE, {"on": date(2030, 1, 1), "amount": "much"}, "much USD is not an amount"),
        (CallResult.CALL_BACK, {"at": datetime(2020, 1, 1, tzinfo=UTC)}, "within the next 14 days"),
    ],
)
async def test_what_makes_no_sense_is_said_in_a_sentence(
    world: ProviderWorld,
    intake: Intake,
    ledger: SqlLedger,
    clock: Callable[[], datetime],
    results: CallResults,
    result: CallResult,
    given: dict[str, Any],
    why: str,
) -> None:
    call, _, _ = await a_call(world, intake, ledger, clock())

    with pytest.raises(WrongRequest, match=why):
        await results.say(call, "Ana", result, **given)
    assert TaskState.TAKEN is state_of(ledger, call)


def state_of(ledger: SqlLedger, call: str) -> TaskState:
    row = ledger.call_task(call)
    assert row is not None
    return row.state


async def test_only_who_has_taken_it_says_what_came_of_it(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, clock: Callable[[], datetime], results: CallResults
) -> None:
    call, _, _ = await a_call(world, intake, ledger, clock())

    with pytest.raises(Refused, match="Bo has not taken"):
        await results.say(call, "Bo", CallResult.REACHED)
