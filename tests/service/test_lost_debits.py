"""The answer to our bank debit was lost, and what became of it comes as news: the debit is ours all the same."""

from datetime import timedelta

import pytest
from temporalio.client import Client

from domain.case import ChargeOutcome
from domain.ids import charge_key
from gateways.ledger.sql_ledger import SqlLedger
from gateways.ports.rows import AttemptRow
from gateways.ports.trouble import ProviderTrouble
from runtime import wiring
from runtime.settings import Settings
from sandbox.providers.stripe_outcomes import APPROVE, PROCESSING, Decline
from sandbox.providers.world import ProviderWorld
from service.intake import Intake
from tests.cases import an_attempt, failed, signals
from tests.told import types

_DAY = 86_400


async def test_r22_it_is_told_as_on_its_way_by_the_news_of_it(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, settings: Settings
) -> None:
    """The case stood still for "a payment of the customer", and the merchant was never told of the debit."""
    invoice_id = await a_lost_debit(world, intake, ledger, settings)

    await intake.take_event(world.stripe.last_event("payment_intent.processing"))

    assert ChargeOutcome.PROCESSING is ours(ledger, invoice_id).outcome
    assert ["case.opened", "charge.processing"] == types(ledger, invoice_id)
    [(_, fact)] = await signals(client, invoice_id)
    told = fact["attempt"]
    assert (1, "d01-charge", "timeline", "processing") == tuple(
        told[name] for name in ("number", "step", "kind", "outcome")
    )


async def test_r22_the_banks_answer_was_booked_as_the_customers_own_attempt(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, settings: Settings
) -> None:
    """Also when the news of the debit itself never came."""
    invoice_id = await a_lost_debit(world, intake, ledger, settings)
    world.stripe.finish_processing(invoice_id, Decline("insufficient_funds"))

    event = failed(world, invoice_id)
    await intake.take_event({**event, "created": event["created"] + 3 * _DAY})

    assert ["declined"] == [row.outcome for row in ledger.attempts_of(invoice_id) if row.attempt]
    assert [] == [row for row in ledger.attempts_of(invoice_id) if row.kind == "customer"]
    assert ["case.opened", "charge.declined"] == types(ledger, invoice_id)
    [(_, fact)] = await signals(client, invoice_id)
    assert (1, "timeline", "declined") == tuple(fact["attempt"][name] for name in ("number", "kind", "outcome"))


async def test_r22_the_bank_paid_and_the_case_ended_without_our_charge(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings
) -> None:
    """No request of ours caused the news of the paid invoice: the bank did."""
    invoice_id = await a_lost_debit(world, intake, ledger, settings)
    world.stripe.finish_processing(invoice_id, APPROVE)

    await intake.take_event(world.stripe.last_event("invoice.paid", invoice_id))

    assert ChargeOutcome.PAID is ours(ledger, invoice_id).outcome
    assert ["case.opened", "charge.succeeded"] == types(ledger, invoice_id)


async def test_r22_a_debit_that_the_customer_began_stays_theirs(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, client: Client, settings: Settings
) -> None:
    """Our request never reached Stripe, and the customer paid on the hosted page from the same account."""
    invoice_id = await a_lost_debit(world, intake, ledger, settings, mode="timeout_before")
    world.stripe.customer_tries(invoice_id)
    await intake.take_event(world.stripe.last_event("payment_intent.processing"))
    world.stripe.finish_processing(invoice_id, Decline("insufficient_funds"))

    event = failed(world, invoice_id)
    await intake.take_event({**event, "created": event["created"] + 3 * _DAY})

    assert "started" == ours(ledger, invoice_id).state
    assert ["case.opened"] == types(ledger, invoice_id)
    (_, moved), (_, answer) = await signals(client, invoice_id)
    assert (None, "customer") == (moved.get("attempt"), answer["attempt"]["kind"])


async def a_lost_debit(
    world: ProviderWorld, intake: Intake, ledger: SqlLedger, settings: Settings, mode: str = "timeout_after"
) -> str:
    """An invoice whose second debit, ours, got no answer."""
    owner = world.stripe.add_customer(country="DE")
    world.stripe.add_bank_debit(owner, behaviour=(Decline("insufficient_funds"), PROCESSING))
    invoice_id = world.stripe.fail_first_payment(owner, amount=2000, currency="eur")
    await intake.take_event(failed(world, invoice_id))
    payments = wiring.stripe_payments(settings)
    invoice = payments.read_invoice(invoice_id)
    assert invoice.payment_method
    # Stripe's times have whole seconds: what came before is not taken for it.
    now = world.journal.clock() + timedelta(seconds=10)
    world.journal.clock = lambda: now
    row = an_attempt(invoice_id, charge_key(invoice_id, 1)).model_copy(
        update={"started_at": now, "fingerprint": invoice.payment_method.fingerprint}
    )
    ledger.begin_attempt(row, wiring.network_rules(settings))
    world.faults.add("stripe", "POST .*/pay", mode)
    with pytest.raises(ProviderTrouble):
        payments.pay(invoice, row.key)
    return invoice_id


def ours(ledger: SqlLedger, invoice_id: str) -> AttemptRow:
    [row] = [row for row in ledger.attempts_of(invoice_id) if row.attempt]
    return row
