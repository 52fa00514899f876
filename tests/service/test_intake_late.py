"""Disputes of any payment, the bank's late answers, and money that moves after a case has ended."""

import json

from temporalio.client import Client

from domain.case import CaseStatus, HoldReason, Outcome
from domain.money import Money
from domain.projection import Projection
from gateways.ledger.sql_ledger import SqlLedger
from sandbox.providers.stripe_outcomes import AUTHENTICATION_REQUIRED
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from service.opening import Taken
from tests.cases import OPENED_AT, a_failed_invoice, case_of, failed, signals
from tests.told import told, types


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def end(ledger: SqlLedger, invoice_id: str, outcome: Outcome, remaining: int) -> None:
    """What the case's last decision leaves in the ledger."""
    end = Projection(status=CaseStatus.CLOSED, stage="final", remaining=usd(remaining), why="over", outcome=outcome)
    ledger.decided(invoice_id, OPENED_AT, [], end, "{}")


def outcome_of(ledger: SqlLedger, invoice_id: str) -> tuple[Outcome | None, Money]:
    row = ledger.case(invoice_id)
    assert row
    return row.outcome, row.remaining


def late_entries(ledger: SqlLedger, invoice_id: str) -> list[str]:
    return [line.what for line in ledger.record(invoice_id) if line.step == "late"]


async def test_a_dispute_of_a_one_off_payment_halts_the_customers_case(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """R13: it names neither invoice nor customer: the charge's customer is enough."""
    invoice_id, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    charge = world.stripe.buy_once(customer, 500)

    dispute = world.stripe.dispute_charge(charge)
    taken = await intake.take_event(world.stripe.last_event("charge.dispute.created", dispute))

    [(name, fact)] = await signals(client, invoice_id)
    assert (Taken.PASSED_ON, "dispute_opened", dispute) == (taken, name, fact["dispute_id"])


async def test_a_case_that_opens_under_a_dispute_begins_held(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client
) -> None:
    """R13: the customer disputes an earlier payment when the invoice fails."""
    invoice_id, customer = a_failed_invoice(world)
    dispute = world.stripe.dispute_charge(world.stripe.buy_once(customer, 500))
    await intake.take_event(world.stripe.last_event("charge.dispute.created", dispute))

    await intake.take_event(failed(world, invoice_id))

    assert [dispute] == ledger.open_disputes_of(customer)
    case = await case_of(client, invoice_id)
    assert [HoldReason.DISPUTE] == [hold.reason for hold in case.holds]
    assert {dispute: True} == case.disputes


async def test_a_dispute_that_ended_before_the_case_holds_nothing(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """R13: also when the news of its end overtook that of its beginning."""
    invoice_id, customer = a_failed_invoice(world)
    dispute = world.stripe.dispute_charge(world.stripe.buy_once(customer, 500))
    world.stripe.close_dispute(dispute, won=True)
    await intake.take_event(world.stripe.last_event("charge.dispute.closed", dispute))
    await intake.take_event(world.stripe.last_event("charge.dispute.created", dispute))

    await intake.take_event(failed(world, invoice_id))

    assert () == (await case_of(client, invoice_id)).holds


async def test_a_debit_that_comes_back_after_the_recovery_is_owed_again(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """R14: weeks after `paid`. It is booked once, and an operator finds it in a list."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id)
    end(ledger, invoice_id, Outcome.RECOVERED, 0)

    dispute = world.stripe.return_debit(invoice_id)
    for kind in ("created", "closed"):
        await intake.take_event(world.stripe.last_event(f"charge.dispute.{kind}", dispute))

    assert (Outcome.RECOVERED, usd(2000)) == outcome_of(ledger, invoice_id)
    assert [invoice_id] == [row.invoice_id for row in ledger.cases(owed_again=True).rows]
    assert ["taken back after the end"] == late_entries(ledger, invoice_id)
    event = told(ledger, invoice_id)[-1]
    assert ("payment.taken_back", 2000, 2000) == (
        event.type,
        event.data["amount"]["amount"],
        event.data["remaining"]["amount"],
    )


async def test_no_more_is_owed_again_than_was_paid(world: ProviderWorld, intake: Intake, ledger: SqlLedger) -> None:
    """A second dispute of the same money, whoever made it: the ledger said that twice the invoice was owed."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id)
    end(ledger, invoice_id, Outcome.RECOVERED, 0)
    event = world.stripe.last_event("charge.dispute.closed", world.stripe.return_debit(invoice_id))
    await intake.take_event(event)

    again = json.loads(json.dumps(event).replace(event["data"]["object"]["id"], "du_another"))
    await intake.take_event(again | {"id": "evt_another"})

    assert (Outcome.RECOVERED, usd(2000)) == outcome_of(ledger, invoice_id)
    assert ["taken back after the end"] == late_entries(ledger, invoice_id)


async def test_late_news_of_a_payment_that_was_taken_back_does_not_bring_it_back(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """R14: Stripe sends several events of one payment; one was delivered after the bank had taken the money back, and
    the ledger booked it as paid once more."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id)
    end(ledger, invoice_id, Outcome.RECOVERED, 0)
    dispute = world.stripe.return_debit(invoice_id)
    await intake.take_event(world.stripe.last_event("charge.dispute.closed", dispute))

    for kind in ("invoice.paid", "invoice_payment.paid"):
        await intake.take_event(world.stripe.last_event(kind))

    assert (Outcome.RECOVERED, usd(2000)) == outcome_of(ledger, invoice_id)
    assert ["taken back after the end"] == late_entries(ledger, invoice_id)


async def test_a_dispute_that_is_won_after_the_recovery_changes_nothing(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """The money stays."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id)
    end(ledger, invoice_id, Outcome.RECOVERED, 0)

    dispute = world.stripe.open_dispute(invoice_id)
    world.stripe.close_dispute(dispute, won=True)
    await intake.take_event(world.stripe.last_event("charge.dispute.closed", dispute))

    assert (Outcome.RECOVERED, usd(0)) == outcome_of(ledger, invoice_id)
    assert [] == late_entries(ledger, invoice_id)


async def test_a_payment_after_the_write_off_is_a_recovery(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """R14, R40: several events tell of it, and it is booked once."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    end(ledger, invoice_id, Outcome.WRITTEN_OFF, 2000)
    world.stripe.customer_pays(invoice_id)

    for kind, of in (("invoice.paid", invoice_id), ("invoice_payment.paid", None)):
        event = world.stripe.last_event(kind, of) if of else world.stripe.last_event(kind)
        await intake.take_event(event)

    assert (Outcome.RECOVERED, usd(0)) == outcome_of(ledger, invoice_id)
    assert ["paid after the end"] == late_entries(ledger, invoice_id)
    assert ["case.opened", "case.recovered"] == types(ledger, invoice_id)


async def test_a_part_payment_after_the_write_off_lowers_what_is_due(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """R14: the list shows what is due now, and the case stays written off."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    end(ledger, invoice_id, Outcome.WRITTEN_OFF, 2000)
    world.stripe.customer_pays(invoice_id, 500)

    await intake.take_event(world.stripe.last_event("invoice_payment.paid"))

    assert (Outcome.WRITTEN_OFF, usd(1500)) == outcome_of(ledger, invoice_id)
    event = told(ledger, invoice_id)[-1]
    assert ("payment.received", 500, True) == (event.type, event.data["amount"]["amount"], event.data["late"])


async def test_a_credit_note_after_the_write_off_lowers_what_is_due(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """The list shows what is due now; nothing came in, and given again it is booked once."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    end(ledger, invoice_id, Outcome.WRITTEN_OFF, 2000)
    world.stripe.credit(invoice_id, 500)

    for _ in range(2):
        await intake.take_event(world.stripe.last_event("credit_note.created"))

    assert (Outcome.WRITTEN_OFF, usd(1500)) == outcome_of(ledger, invoice_id)
    assert ["owed no more after the end"] == late_entries(ledger, invoice_id)
    assert ["case.opened"] == types(ledger, invoice_id)


async def test_r63_a_credit_note_over_everything_after_the_end_is_no_recovery(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """As accountants do it after a write-off: nothing came in, and nothing is taken up once more."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    end(ledger, invoice_id, Outcome.COLLECTIONS, 2000)
    world.stripe.credit(invoice_id, 2000)

    for kind in ("invoice.paid", "credit_note.created", "invoice.payment_succeeded"):
        await intake.take_event(world.stripe.last_event(kind))

    assert (Outcome.COLLECTIONS, usd(0)) == outcome_of(ledger, invoice_id)
    assert ["owed no more after the end"] == late_entries(ledger, invoice_id)


async def test_a_payment_beside_a_late_credit_note_stays_a_payment(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """The note is told first, when both have lowered what remains."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    end(ledger, invoice_id, Outcome.WRITTEN_OFF, 2000)
    world.stripe.credit(invoice_id, 500)
    world.stripe.customer_pays(invoice_id, 300)

    for kind in ("credit_note.created", "invoice_payment.paid"):
        await intake.take_event(world.stripe.last_event(kind))

    assert (Outcome.WRITTEN_OFF, usd(1200)) == outcome_of(ledger, invoice_id)
    assert 300 == told(ledger, invoice_id)[-1].data["amount"]["amount"]


async def test_of_an_invoice_that_is_void_nothing_is_due_after_the_end(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    end(ledger, invoice_id, Outcome.COLLECTIONS, 2000)
    world.stripe.void(invoice_id)

    await intake.take_event(world.stripe.last_event("invoice.voided", invoice_id))

    assert (Outcome.COLLECTIONS, usd(0)) == outcome_of(ledger, invoice_id)


async def test_the_payment_that_ended_the_case_is_no_late_one(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger
) -> None:
    """Its event comes when the case is over: nothing is booked twice."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_pays(invoice_id)
    end(ledger, invoice_id, Outcome.RECOVERED, 0)

    assert Taken.IGNORED == await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))
    assert [] == late_entries(ledger, invoice_id)


async def test_micro_deposits_are_told_to_the_case(world: ProviderWorld, intake: Intake, client: Client) -> None:
    """R16: the customer gave a bank account on the hosted page: its payment waits for two small deposits."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_enters_account(invoice_id)

    taken = await intake.take_event(world.stripe.last_event("invoice.payment_action_required", invoice_id))

    [(name, fact)] = await signals(client, invoice_id)
    assert (Taken.PASSED_ON, "invoice_changed", True) == (taken, name, fact["verifying"])


async def test_a_confirmation_that_the_bank_wants_is_told_once(
    world: ProviderWorld, intake: Intake, client: Client
) -> None:
    """It comes as a failed payment as well, and that event tells it."""
    invoice_id, _ = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.customer_tries(invoice_id, outcome=AUTHENTICATION_REQUIRED)

    taken = await intake.take_event(world.stripe.last_event("invoice.payment_action_required", invoice_id))

    assert Taken.EXISTS == taken
    assert [] == await signals(client, invoice_id)
