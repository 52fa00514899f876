"""What is said of a record that was taken in: which invoice it was about, and what one should know of it."""

import json
from datetime import UTC, datetime, timedelta

from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.journal import Json
from sandbox.providers.world import ProviderWorld
from service.feed import Line, take_all
from service.intake import Intake
from tests.cases import a_failed_invoice, failed


async def line_of(intake: Intake, event: Json) -> Line:
    [line] = [line async for line in take_all(intake, json.dumps(event))]
    return line


async def test_an_event_that_is_given_again_names_its_invoice(world: ProviderWorld, intake: Intake) -> None:
    """Also a dispute's, which says nothing of an invoice itself; told to several cases it names them all."""
    invoice, customer = a_failed_invoice(world)
    opening = failed(world, invoice)
    await line_of(intake, opening)
    dispute = world.stripe.last_event("charge.dispute.created", world.stripe.open_dispute(invoice))

    first, again = await line_of(intake, dispute), await line_of(intake, dispute)
    repeated = await line_of(intake, opening)

    assert [("passed on", invoice), ("exists", invoice)] == [(line.result, line.invoice_id) for line in (first, again)]
    assert "the event came before" == again.note == repeated.note
    second = world.stripe.fail_first_payment(customer, amount=2000, currency="usd")
    await line_of(intake, failed(world, second))
    won = world.stripe.last_event("charge.dispute.created", world.stripe.open_dispute(invoice))
    assert f"cases of {invoice}, {second}" == (await line_of(intake, won)).note


async def test_an_invoice_that_has_its_case_says_how_that_stands(world: ProviderWorld, intake: Intake) -> None:
    """The same failure as a plain record is no event that came before."""
    invoice, _ = a_failed_invoice(world)
    await line_of(intake, failed(world, invoice))

    line = await line_of(intake, {"invoice_id": invoice})

    assert ("exists", invoice, "its case is open") == (line.result, line.invoice_id, line.note)


async def test_an_invoice_that_is_paid_says_so(world: ProviderWorld, intake: Intake) -> None:
    invoice, _ = a_failed_invoice(world)
    world.stripe.customer_pays(invoice)

    assert "the invoice is paid" == (await line_of(intake, {"invoice_id": invoice})).note


async def test_a_failure_that_is_too_old_for_its_own_day_0_is_announced(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """Nine days old: the answer and the record say that day 0 is today, and why. Three days old is news."""
    (old, _), (late, _) = a_failed_invoice(world), a_failed_invoice(world)
    now = datetime.now(UTC)

    nine = await line_of(intake, {"invoice_id": old, "failed_at": (now - timedelta(days=9)).isoformat()})
    three = await line_of(intake, {"invoice_id": late, "failed_at": (now - timedelta(days=3)).isoformat()})

    day = f"{now - timedelta(days=9):%Y-%m-%d}"
    said = f"the payment failed 9 days ago, on {day}: day 0 is today, because a failure older than 4 days is no news"
    assert [("opened", said), ("opened", "")] == [(line.result, line.note) for line in (nine, three)]
    assert said in ledger.record(old)[0].why
