"""A customer chose to pay by bank transfer, and still has to send the money (R67); or another system takes the
money in (R68), in as many parts as it likes (R69)."""

import pytest

from domain.case import ChargeOutcome
from domain.kinds.message import ContactState
from domain.steps import Access
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import Worker, a_charge, a_contact, an_access, charges, open_case


def test_r67_the_card_was_charged_beside_the_transfer_that_the_customer_was_sending(
    world: ProviderWorld, worker: Worker
) -> None:
    """Nothing is charged; as for an invoice that was sent, what was announced for who does not pay goes on."""
    case = open_case(worker)
    world.stripe.customer_chooses_transfer(case.invoice_id)

    charge = worker.charge(a_charge(case))
    restricted = worker.set_access(an_access(case, Access.READ_ONLY))

    assert (ChargeOutcome.STOPPED, "invoice-transfer") == (charge.outcome, charge.stopped and charge.stopped.rule)
    assert not charges(world, case)
    assert restricted.stopped is None


def test_r67_who_had_to_send_a_transfer_was_asked_to_confirm_with_the_bank(
    world: ProviderWorld, worker: Worker
) -> None:
    """No decline stands, and the message asks for the transfer."""
    case = open_case(worker)
    world.stripe.customer_chooses_transfer(case.invoice_id)

    invoice = worker.payments.read_invoice(case.invoice_id, with_decline=True)
    sent = worker.contact(a_contact(case))

    assert (None, True, False) == (invoice.last_decline, invoice.transfer, invoice.paying)
    assert ContactState.SENT is sent.state
    text = worker.ledger.contacts(case.invoice_id)[0].text
    assert "Please send the bank transfer" in text
    assert "bank asks you to confirm" not in text


def test_r67_a_transfer_that_has_arrived_is_a_payment(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    world.stripe.customer_chooses_transfer(case.invoice_id)
    world.stripe.transfer_arrives(case.invoice_id)

    charge = worker.charge(a_charge(case))

    assert (ChargeOutcome.STOPPED, "invoice-open") == (charge.outcome, charge.stopped and charge.stopped.rule)


@pytest.mark.parametrize("end", ["failed", "canceled"])
def test_r68_the_card_was_charged_while_another_system_was_taking_the_money_in(
    world: ProviderWorld, worker: Worker, end: str
) -> None:
    """What was reported and attached is on its way; when it has come to nothing, the card is charged."""
    case = open_case(worker)
    record = world.stripe.reports_payment(case.invoice_id, 700)

    early = worker.charge(a_charge(case))
    world.stripe.reported_payment_ends(record, end)
    later = worker.charge(a_charge(case))

    assert (ChargeOutcome.STOPPED, "invoice-paying") == (early.outcome, early.stopped and early.stopped.rule)
    assert early.invoice.paying
    assert ChargeOutcome.PAID is later.outcome


def test_r69_the_debit_on_its_way_was_not_on_the_first_page_of_the_payments(
    world: ProviderWorld, worker: Worker
) -> None:
    """The default payment is an invoice's oldest: a dozen parts that were paid elsewhere hid it."""
    case = open_case(worker)
    world.stripe.customer_debits(case.invoice_id)
    for _ in range(12):
        world.stripe.reported_payment_ends(world.stripe.reports_payment(case.invoice_id, 10), "failed")

    invoice = worker.payments.read_invoice(case.invoice_id)

    assert invoice.paying
