"""A customer has a voucher, and may have paid it at a shop: nothing is charged and nothing taken away (R65)."""

from collections.abc import Callable

import pytest

from domain.case import ChargeOutcome
from domain.kinds.message import ContactState
from domain.steps import Access
from domain.tasks import Done
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    OpenCase,
    Worker,
    a_cancellation,
    a_charge,
    a_contact,
    a_write_off,
    an_access,
    charges,
    open_case,
)

RULE = "invoice-voucher"


def test_r65_the_card_was_charged_while_the_customer_stood_at_the_counter(world: ProviderWorld, worker: Worker) -> None:
    """When the voucher has expired, the card is charged."""
    case = open_case(worker)
    world.stripe.customer_takes_voucher(case.invoice_id)

    early = worker.charge(a_charge(case))
    world.stripe.voucher_expires(case.invoice_id)
    later = worker.charge(a_charge(case))

    assert (ChargeOutcome.STOPPED, RULE) == (early.outcome, early.stopped and early.stopped.rule)
    assert ChargeOutcome.PAID is later.outcome
    assert 1 == len(charges(world, case))


@pytest.mark.parametrize(
    "effect",
    [
        lambda worker, case: worker.cancel_subscription(a_cancellation(case)),
        lambda worker, case: worker.mark_uncollectible(a_write_off(case)),
        lambda worker, case: worker.set_access(an_access(case, Access.READ_ONLY)),
    ],
    ids=["cancellation", "write-off", "restriction"],
)
def test_r65_nothing_is_taken_away_meanwhile(
    world: ProviderWorld, worker: Worker, effect: Callable[[Worker, OpenCase], Done]
) -> None:
    """It is looked at again a day later."""
    case = open_case(worker)
    world.stripe.customer_takes_voucher(case.invoice_id)

    done = effect(worker, case)

    assert done.stopped
    assert RULE == done.stopped.rule
    assert done.stopped.until


def test_r65_the_voucher_is_no_banks_question(world: ProviderWorld, worker: Worker) -> None:
    """No decline stands, so no message asks for a confirmation with the bank; a reminder goes out."""
    case = open_case(worker)
    world.stripe.customer_takes_voucher(case.invoice_id)

    invoice = worker.payments.read_invoice(case.invoice_id, with_decline=True)

    assert (None, True, False) == (invoice.last_decline, invoice.voucher, invoice.paying)
    assert ContactState.SENT is worker.contact(a_contact(case)).state


def test_r65_a_message_promised_the_try_that_the_voucher_puts_off(world: ProviderWorld, worker: Worker) -> None:
    """It was decided before the customer took the voucher, and names a day on which nothing would be charged."""
    case, without = open_case(worker), open_case(worker)
    world.stripe.customer_takes_voucher(case.invoice_id)

    for one in (case, without):
        assert ContactState.SENT is worker.contact(a_contact(one)).state

    assert [False, True] == ["try again on November 28" in (mail.text or "") for mail in world.sendgrid.sent[-2:]]


def test_r65_cash_that_has_arrived_is_a_payment(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    world.stripe.customer_takes_voucher(case.invoice_id)
    world.stripe.voucher_is_paid(case.invoice_id)

    assert ChargeOutcome.NOT_OPEN is worker.payments.pay(worker.payments.read_invoice(case.invoice_id), "k").outcome
