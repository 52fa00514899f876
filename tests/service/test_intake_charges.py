"""Our own charges in the ledger get their answers from the news that comes in."""

from datetime import timedelta

import pytest

from domain.case import ChargeOutcome
from domain.ids import charge_key
from domain.money import Money
from domain.record import Entry
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.trouble import ProviderTrouble
from runtime import wiring
from runtime.settings import Settings
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Approve, Decline
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import OPENED_AT, a_failed_invoice, an_attempt, failed
from tests.told import types


@pytest.mark.parametrize("answer", [APPROVE, Decline("insufficient_funds")], ids=["paid", "returned"])
async def test_our_debit_in_the_ledger_gets_the_banks_answer(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings, answer: Approve | Decline
) -> None:
    """An attempt that is `processing` does not stay so: the rows follow the money to its end."""
    invoice_id, _ = await a_debit_on_its_way(world, intake, ledger, settings)

    world.stripe.finish_processing(invoice_id, answer)
    kind, outcome = ("paid", ChargeOutcome.PAID) if answer is APPROVE else ("payment_failed", ChargeOutcome.DECLINED)
    event = world.stripe.last_event(f"invoice.{kind}", invoice_id)
    await intake.take_event({**event, "created": event["created"] + 3 * 86_400})

    event = "charge.succeeded" if answer is APPROVE else "charge.declined"
    assert ["case.opened", event] == types(ledger, invoice_id)
    [row] = [row for row in ledger.attempts_of(invoice_id) if row.attempt == 1]
    assert (outcome, "d01-charge") == (row.outcome, row.step)
    assert [outcome.value] == [line.what for line in ledger.record(invoice_id) if line.step == "d01-charge"][1:]


async def test_our_debit_that_failed_is_not_paid_by_what_the_customer_paid_after_it(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> None:
    """They paid by card, by the same payment at Stripe, and that came before the news of the debit."""
    invoice_id, owner = await a_debit_on_its_way(world, intake, ledger, settings)
    _a_second_later(world)
    world.stripe.finish_processing(invoice_id, Decline("insufficient_funds"))
    world.stripe.add_card(owner)
    world.stripe.customer_pays(invoice_id)

    await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))

    [row] = [row for row in ledger.attempts_of(invoice_id) if row.attempt == 1]
    assert (ChargeOutcome.DECLINED, "insufficient_funds") == (row.outcome, row.decline and row.decline.code)
    assert ["case.opened", "charge.declined"] == types(ledger, invoice_id)


async def test_our_debit_is_paid_in_the_ledger_before_any_news_of_the_paid_invoice_ends_the_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> None:
    """That it is on its way was told late, and the case was ended by how its invoice stood then: the charge was told of
    after the end."""
    invoice_id, _ = await a_debit_on_its_way(world, intake, ledger, settings)
    world.stripe.finish_processing(invoice_id, APPROVE)

    await intake.take_event(world.stripe.last_event("payment_intent.processing"))

    [row] = [row for row in ledger.attempts_of(invoice_id) if row.attempt == 1]
    assert ChargeOutcome.PAID is row.outcome
    assert ["case.opened", "charge.succeeded"] == types(ledger, invoice_id)


async def a_debit_on_its_way(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> tuple[str, str]:
    """An invoice whose first debit failed and whose second, ours, is with the bank; and its customer."""
    owner = world.stripe.add_customer(country="DE")
    world.stripe.add_bank_debit(owner, behaviour=(Decline("insufficient_funds"), PROCESSING))
    invoice_id = world.stripe.fail_first_payment(owner, amount=2000, currency="eur")
    await intake.take_event(failed(world, invoice_id))
    payments = wiring.stripe_payments(settings)
    invoice = payments.read_invoice(invoice_id)
    assert invoice.payment_method
    now = world.journal.clock() + timedelta(seconds=1)
    world.journal.clock = lambda: now
    ours = an_attempt(invoice_id, charge_key(invoice_id, 1)).model_copy(
        update={"started_at": now, "fingerprint": invoice.payment_method.fingerprint}
    )
    ledger.begin_attempt(ours, wiring.network_rules(settings))
    sent = payments.pay(invoice, ours.key)
    entry = Entry(at=OPENED_AT, step="d01-charge", what="processing", why="")
    ledger.finish_attempt(invoice_id, 1, sent.outcome, sent.provider_id, None, entry)
    return invoice_id, owner


async def test_a_charge_whose_answer_was_lost_is_paid_in_the_ledger_when_its_news_closes_the_case(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> None:
    """Stripe charged and hung up; its event arrived before the next try, and the attempt stayed unknown for ever."""
    invoice_id, customer = a_failed_invoice(world)
    await intake.take_event(failed(world, invoice_id))
    world.stripe.add_card(customer)
    payments = wiring.stripe_payments(settings)
    row = an_attempt(invoice_id, charge_key(invoice_id, 1)).model_copy(
        update={"amount": Money(amount=2000, currency="USD")}
    )
    ledger.begin_attempt(row, wiring.network_rules(settings))
    world.faults.add("stripe", "POST .*/pay", "timeout_after")
    with pytest.raises(ProviderTrouble):
        payments.pay(payments.read_invoice(invoice_id), row.key)

    await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))

    [ours] = [row for row in ledger.attempts_of(invoice_id) if row.attempt == 1]
    assert (ChargeOutcome.PAID, "finished") == (ours.outcome, ours.state)
    assert ours.provider_id == payments.read_invoice(invoice_id).paid_by


async def test_a_debit_that_pays_what_a_transfer_had_left_is_paid_in_the_ledger(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> None:
    """The transfer's record was made at Stripe after the debit's payment, and was taken for what paid the invoice."""
    owner = world.stripe.add_customer(country="DE")
    world.stripe.add_bank_debit(owner, behaviour=(Decline("insufficient_funds"), PROCESSING))
    invoice_id = world.stripe.fail_first_payment(owner, amount=2000, currency="eur")
    await intake.take_event(failed(world, invoice_id))
    payments = wiring.stripe_payments(settings)
    part = Money(amount=500, currency="EUR")
    payments.record_payment(payments.read_invoice(invoice_id), part, OPENED_AT, f"dun:{invoice_id}:outside-1")
    ours = an_attempt(invoice_id, charge_key(invoice_id, 1))
    ledger.begin_attempt(ours, wiring.network_rules(settings))
    sent = payments.pay(payments.read_invoice(invoice_id), ours.key)
    entry = Entry(at=OPENED_AT, step="d01-charge", what="processing", why="")
    ledger.finish_attempt(invoice_id, 1, sent.outcome, sent.provider_id, None, entry)

    _a_second_later(world)
    world.stripe.finish_processing(invoice_id, APPROVE)
    await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))

    [row] = [row for row in ledger.attempts_of(invoice_id) if row.attempt == 1]
    assert ChargeOutcome.PAID is row.outcome


def _a_second_later(world: ProviderWorld) -> None:
    """Stripe's times have whole seconds."""
    before = world.journal.clock
    world.journal.clock = lambda: before() + timedelta(seconds=1)
