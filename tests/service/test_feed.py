"""A file of records: side by side, in its order where that matters, and trouble loses nothing."""

import asyncio
import json

import pytest
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.trouble import ProviderTrouble
from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from service.feed import Line, take_all
from service.intake import Intake
from tests.cases import a_failed_invoice, failed, runs, signals


def a_file(*events: Json) -> str:
    return "\n".join(map(json.dumps, events))


async def results(intake: Intake, text: str) -> list[tuple[str | None, str]]:
    return [(line.invoice_id, line.result) async for line in take_all(intake, text)]


async def test_records_are_taken_in_side_by_side(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """A slow answer about one invoice does not hold up the others; the lines come in the file's order."""
    invoices = [a_failed_invoice(world)[0] for _ in range(3)]
    held = world.faults.add("stripe", f"GET /v1/invoices/{invoices[0]}", "hold_after")
    feed = asyncio.create_task(results(intake, a_file(*(failed(world, invoice) for invoice in invoices))))

    async with asyncio.timeout(20):
        while not all(case and case.status == "open" for case in map(ledger.case, invoices[1:])):
            await asyncio.sleep(0.01)
    waiting = ledger.case(invoices[0])
    held.release()

    assert waiting is None
    assert [(invoice, "opened") for invoice in invoices] == await feed


async def test_an_invoices_records_are_taken_in_in_their_order(
    world: ProviderWorld, intake: Intake, client: Client, ledger: SqlLedger
) -> None:
    """Of a failure, a new card and a part payment, the case is told what came later only when it runs."""
    invoice, customer = a_failed_invoice(world)
    failure = failed(world, invoice)
    other = failed(world, a_failed_invoice(world)[0])
    world.stripe.add_card(customer, default=True)
    changed = world.stripe.last_event("customer.updated")
    world.stripe.customer_pays(invoice, 500)
    paid = world.stripe.last_event("invoice_payment.paid")

    taken = await results(intake, a_file(failure, changed, other, paid))

    assert ["opened", "passed on", "opened", "passed on"] == [result for _, result in taken]
    assert ["payment_method_changed", "payment_received"] == [name for name, _ in await signals(client, invoice)]


async def test_trouble_loses_nothing(world: ProviderWorld, intake: Intake, client: Client, ledger: SqlLedger) -> None:
    """The lines of what was in hand are told, then the trouble; the same text, given again, takes in the rest."""
    invoices = [a_failed_invoice(world)[0] for _ in range(6)]
    text = a_file(*(failed(world, invoice) for invoice in invoices))
    world.faults.add("stripe", f"GET /v1/invoices/{invoices[2]}", "500", times=9)
    told: list[Line] = []

    async def first_time() -> None:
        async for line in take_all(intake, text):
            told.append(line)  # noqa: PERF401 - what came before the trouble counts

    with pytest.raises(ProviderTrouble):
        await first_time()
    world.faults.clear()
    again = dict(await results(intake, text))

    assert {line.invoice_id: "exists" for line in told} == {i: r for i, r in again.items() if r == "exists"}
    assert invoices == [*again]
    assert {"opened", "exists"} >= {*again.values()}
    assert [1] * 6 == [await runs(client, invoice) for invoice in invoices]


async def test_one_bad_record_is_one_line(
    world: ProviderWorld, intake: Intake, client: Client, ledger: SqlLedger
) -> None:
    """Whatever is wrong with it, the others are taken in."""
    good = [failed(world, a_failed_invoice(world)[0]) for _ in range(2)]
    unknown = {"invoice_id": "in_nowhere"}
    cut = {**good[0], "data": {"object": {"object": "invoice"}}, "id": "evt_cut"}

    lines = [line async for line in take_all(intake, "\n".join([a_file(good[0], unknown, cut), "{", a_file(good[1])]))]

    assert ["opened", "refused", "malformed", "malformed", "opened"] == [line.result for line in lines]
    assert [1, 2, 3, 4, 5] == [line.line for line in lines]
    assert "Stripe does not know" in lines[1].problem
