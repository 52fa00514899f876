"""R2: an invoice that was sent to be paid by a date, lived through on the real server under the shipped policy."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

from domain.case import Outcome
from sandbox.play.stage import START, Scene, StagedCase

ZONE = "America/New_York"
DUE = datetime(2030, 4, 3, 16, tzinfo=UTC)
# What nobody may read of an invoice that is never charged.
UNTRUE = ("could not collect", "try again", "did not go through", "payment method on file", "collect the payment")


async def a_sent_invoice(stage: Scene, *, told_by: str) -> StagedCase:
    """Due on Wednesday, 3 April 2030; its customer has a card that would pay. An event of that type opens the case."""
    stripe = stage.world.stripe
    customer = stripe.add_customer(
        "Ida Invoice",
        email=f"ida-{uuid4().hex[:8]}@customers.example",
        phone="+15005550010",
        metadata={"time_zone": ZONE},
    )
    card = stripe.add_card(customer)
    invoice = stripe.renew(stripe.add_subscription(customer, amount=90_000, currency="usd", days_until_due=30))
    stripe.store.objects[invoice]["due_date"] = int(DUE.timestamp())
    stripe.remind_of_due_date(invoice)
    stripe.pass_due_date(invoice)
    event = stripe.last_event(told_by, invoice)
    await stage.intake.take_event({**event, "created": int(START.timestamp())})
    return stage.case(customer, card, invoice, ZONE)


async def test_r2_a_sent_invoice_is_asked_for_by_its_due_date_and_never_charged(stage: Scene) -> None:
    """A message before it, nothing else until it; then reminders that say when it was due, and an announced end."""
    case = await a_sent_invoice(stage, told_by="invoice.will_be_due")
    await case.until("2030-04-03 11:00")
    before = case.messages, [entry.kind for entry in case.log if entry.kind.startswith("access")]

    result = await case.finish()

    row = stage.ledger.case(case.invoice)
    assert row is not None
    assert ("sent-invoices@1", DUE) == (row.policy, row.opened_at)
    assert (["d-3-remind-email-friendly:email"], []) == before
    assert [] == case.charges
    assert Outcome.COLLECTIONS is result.outcome
    assert "is due on April 3, 2030" in case.mails[0]
    assert 6 == len(case.mails)
    assert all("was due on April 3, 2030" in mail for mail in case.mails[1:])
    assert not [word for mail in case.mails for word in UNTRUE if word in mail]


async def test_r2_paid_before_it_is_due_it_is_left_alone(stage: Scene) -> None:
    """One message, and the case ends as recovered."""
    case = await a_sent_invoice(stage, told_by="invoice.will_be_due")
    await case.until("2030-04-02 12:00")
    stage.world.stripe.customer_pays(case.invoice)
    await case.deliver()

    result = await asyncio.wait_for(case.handle.result(), timeout=30)

    assert (Outcome.RECOVERED, 1) == (result.outcome, len(case.messages))
