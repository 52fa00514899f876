"""What banks and people really do with the money, lived through on the real server. The rows are docs/reality.md's."""

import asyncio

import pytest

from domain import events
from domain.case import CaseStatus, Outcome
from domain.money import Money
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from service.opening import NotAdmitted

DECLINED = Decline("insufficient_funds")
BOUNCED = Decline("insufficient_funds")


def tried(case: StagedCase) -> int:
    return len(case.charges)


async def at_day_four(stage: Scene) -> StagedCase:
    case = await stage.open(DECLINED)
    await case.until("2030-04-05 12:00")
    return case


async def test_r1_an_abandoned_sign_up_is_neither_charged_nor_written_to(stage: Scene) -> None:
    """Nobody has become a customer: no case, and nothing that anybody would notice."""
    stripe = stage.world.stripe
    customer = stripe.add_customer("Vera Void", email="vera@customers.example")
    stripe.add_card(customer, behaviour=DECLINED)
    subscription = stripe.sign_up(customer, amount=2000)
    invoice = stripe.get(subscription)["latest_invoice"]
    event = stripe.last_event("invoice.payment_failed", invoice)

    with pytest.raises(NotAdmitted, match="the sign-up was never finished"):
        await stage.intake.take_event(event)

    assert stage.ledger.case(invoice) is None
    with pytest.raises(NotAdmitted):  # also when Stripe delivers it again under another id
        await stage.intake.take_event({**event, "id": "evt_again"})


async def test_r3_nothing_is_charged_after_the_customer_cancelled(stage: Scene) -> None:
    """The subscription ends by its owner's hand: the next try does not come, the debt is still asked for."""
    case = await at_day_four(stage)
    before = tried(case)
    subscription = str(stage.world.stripe.get(case.invoice)["parent"]["subscription_details"]["subscription"])
    stage.world.stripe.cancel_subscription(subscription)
    await case.deliver()

    result = await case.finish()

    assert (before, 2) == (tried(case), before)
    assert Outcome.WRITTEN_OFF is result.outcome or Outcome.COLLECTIONS is result.outcome
    later = case.mails[1:]
    assert later
    assert not [mail for mail in later if "will cancel" in mail or "restrict" in mail]
    assert "full" == stage.world.merchant.access(case.customer)


async def test_r4_nothing_happens_while_the_customers_bank_debit_is_on_its_way(stage: Scene) -> None:
    """Paid on the hosted page: ten days of silence, and then it is paid."""
    case = await at_day_four(stage)
    before = tried(case), len(case.messages)
    stage.world.stripe.customer_debits(case.invoice)
    view = await case.deliver()
    assert CaseStatus.ON_HOLD is view.status

    await case.until("2030-04-15 12:00")

    assert before == (tried(case), len(case.messages))
    assert "full" == stage.world.merchant.access(case.customer)
    stage.world.stripe.finish_processing(case.invoice, APPROVE)
    await case.deliver()
    result = await asyncio.wait_for(case.handle.result(), timeout=30)
    assert Outcome.RECOVERED is result.outcome


async def test_r4_without_a_word_from_the_provider_the_next_effect_finds_the_debit(stage: Scene) -> None:
    """No webhook came: the try of day 7 reads the invoice, and stands back."""
    case = await at_day_four(stage)
    before = tried(case), len(case.messages)
    stage.world.stripe.customer_debits(case.invoice)

    view = await case.until("2030-04-11 20:00")

    assert CaseStatus.ON_HOLD is view.status
    assert before == (tried(case), len(case.messages))


async def test_r4_a_returned_debit_lets_the_case_go_on(stage: Scene) -> None:
    case = await at_day_four(stage)
    before = tried(case)
    stage.world.stripe.customer_debits(case.invoice)
    await case.deliver()
    await case.until("2030-04-10 12:00")
    stage.world.stripe.finish_processing(case.invoice, BOUNCED)

    view = await case.deliver()

    assert CaseStatus.OPEN is view.status
    result = await case.finish()
    assert tried(case) > before
    assert result.outcome in (Outcome.WRITTEN_OFF, Outcome.COLLECTIONS)


async def test_r5_a_part_that_was_paid_by_transfer_is_not_charged_again(stage: Scene) -> None:
    """Twenty of fifty dollars reach the merchant's bank account: Stripe knows it before its next charge."""
    case = await stage.open([DECLINED, DECLINED, APPROVE], amount=5_000)
    await case.until("2030-04-03 12:00")
    told = events.PaymentReceived(event_id="bank-1", amount=Money(amount=2_000, currency="USD"))
    await case.tell("payment_received", told)

    result = await case.finish()

    invoice = stage.world.stripe.get(case.invoice)
    assert Outcome.RECOVERED is result.outcome
    assert ["paid", 0] == [invoice["status"], invoice["amount_remaining"]]
    assert [3_000] == [charge.data["amount"] for charge in case.charges if charge.kind == "charge.succeeded"]


async def test_r5_all_of_it_paid_by_transfer_closes_the_invoice_without_a_charge(stage: Scene) -> None:
    case = await at_day_four(stage)
    before = tried(case)
    told = events.PaymentReceived(event_id="bank-1", amount=Money(amount=5_000, currency="USD"))
    await case.handle.signal("payment_received", told)

    result = await asyncio.wait_for(case.handle.result(), timeout=30)

    assert Outcome.RECOVERED is result.outcome
    assert (before, "paid") == (tried(case), stage.world.stripe.get(case.invoice)["status"])


async def test_r5_a_settlement_that_was_paid_is_in_stripes_account_too(stage: Scene) -> None:
    """Thirty dollars are in, twenty are given up: Stripe, the ledger and the case agree to the cent."""
    case = await at_day_four(stage)
    order = events.Settle(amount=Money(amount=3_000, currency="USD"), paid=True)
    await case.handle.execute_update("settle", order)
    result = await asyncio.wait_for(case.handle.result(), timeout=30)

    invoice = stage.world.stripe.get(case.invoice)
    row = stage.ledger.case(case.invoice)
    assert row
    assert ("uncollectible", 2_000) == (invoice["status"], invoice["amount_remaining"])
    assert (Outcome.SETTLED, 2_000, 2_000) == (result.outcome, result.remaining.amount, row.remaining.amount)


async def test_r7_a_card_that_was_never_tried_is_not_declined_yet(stage: Scene) -> None:
    """The old card is lost, a new one is the default already when the case opens: it is tried at once."""
    stripe = stage.world.stripe
    customer = stripe.add_customer("Ada Example", email="r7@customers.example", metadata={"time_zone": "UTC"})
    stripe.add_card(customer, behaviour=Decline("lost_card"))
    invoice = stripe.fail_first_payment(customer, amount=2_000)
    event = stripe.last_event("invoice.payment_failed", invoice)
    stripe.add_card(customer, behaviour=APPROVE)

    await stage.intake.take_event(event)
    case = stage.case(customer, "", invoice, "UTC")
    result = await asyncio.wait_for(case.handle.result(), timeout=30)

    assert Outcome.RECOVERED is result.outcome


async def test_r9_a_nightly_sync_of_addresses_earns_no_try(stage: Scene) -> None:
    """Thirty nights, thirty updates of the card's address: the timeline's tries, and no other."""
    case = await stage.open(Decline("generic_decline"))
    for night in range(2, 12):
        await case.until(f"2030-04-{night:02d} 03:00")
        stage.world.stripe.update_billing_details(case.card, phone=f"+1415555{night:04d}")
        await case.deliver()

    await case.until("2030-04-12 12:00")

    assert 5 == tried(case)


async def test_a_card_is_added_and_no_webhook_comes(stage: Scene) -> None:
    """The next message reads the invoice, is not sent, and the card is tried at once."""
    case = await stage.open(None)
    await case.until("2030-04-05 12:00")
    before = tried(case), len(case.messages)
    stage.world.stripe.add_card(case.customer, behaviour=APPROVE)

    result = await case.finish()

    assert Outcome.RECOVERED is result.outcome
    assert (before[0] + 1, before[1]) == (tried(case), len(case.messages))
