"""R2: cases of invoices that were sent to be paid by a date: by which news they begin, and when their day 0 is."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import NotAdmitted, Taken
from tests.cases import a_failed_invoice, case_of, failed

SOON, LATE, LONG_AGO = timedelta(days=5), -timedelta(days=2), -timedelta(days=40)


def a_sent_invoice(world: ProviderWorld, due_in: timedelta) -> tuple[str, datetime]:
    """Of a customer without any card."""
    stripe = world.stripe
    customer = stripe.add_customer()
    invoice = stripe.renew(stripe.add_subscription(customer, amount=2000, currency="usd", days_until_due=30))
    due = (datetime.now(UTC) + due_in).replace(microsecond=0)
    stripe.store.objects[invoice]["due_date"] = int(due.timestamp())
    return invoice, due


async def opened(world: ProviderWorld, intake: Intake, invoice: str, by: str) -> Taken:
    if by == "a plain record":
        return await intake.take_json({"invoice_id": invoice})
    if by == "invoice.will_be_due":
        world.stripe.remind_of_due_date(invoice)
    else:
        world.stripe.pass_due_date(invoice)
    event = world.stripe.last_event(
        "invoice.will_be_due" if by == "invoice.will_be_due" else "invoice.overdue", invoice
    )
    return await intake.take_event({**event, "type": by})


@pytest.mark.parametrize("by", ["invoice.will_be_due", "invoice.overdue", "invoice.payment_failed", "a plain record"])
@pytest.mark.parametrize("due_in", [SOON, LATE])
async def test_day_zero_is_the_due_date(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, by: str, due_in: timedelta
) -> None:
    """Also while it lies ahead, by whatever the invoice came in; nothing was tried, nothing is asked for at once."""
    invoice, due = a_sent_invoice(world, due_in)

    taken = await opened(world, intake, invoice, by)

    row, case = ledger.case(invoice), await case_of(client, invoice)
    assert Taken.OPENED is taken
    assert row is not None
    assert ("sent-invoices@1", due) == (row.policy, row.opened_at)
    assert (None, False, False) == (case.decline, case.tried, case.awaits_customer)
    assert case.record[0].at <= datetime.now(UTC)


async def test_a_due_date_that_is_history_begins_anew(world: ProviderWorld, intake: Intake, ledger: SqlLedger) -> None:
    """As a failure that is old: nobody gets the messages of forty days at once."""
    invoice, due = a_sent_invoice(world, LONG_AGO)

    await opened(world, intake, invoice, "a plain record")

    row = ledger.case(invoice)
    assert row is not None
    assert row.opened_at > due + timedelta(days=39)


@pytest.mark.parametrize("by", ["invoice.will_be_due", "invoice.overdue"])
async def test_only_a_sent_invoice_has_a_due_date(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, by: str
) -> None:
    """An invoice that is charged by itself needs a failure."""
    invoice, _ = a_failed_invoice(world)

    with pytest.raises(NotAdmitted, match="was not sent to be paid by a date"):
        await intake.take_event({**failed(world, invoice), "type": by})

    assert ledger.case(invoice) is None


async def test_a_policy_for_sent_invoices_takes_no_others(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """A record may name a policy, but not the wrong kind."""
    invoice, _ = a_failed_invoice(world)

    with pytest.raises(NotAdmitted, match="policy sent-invoices is for sent invoices only"):
        await intake.take_json({"invoice_id": invoice, "policy": "sent-invoices"})
