"""What is done is told to the merchant's systems, once, whatever happened on the way."""

from collections.abc import Callable

import pytest

from domain.steps import Access, Channel
from sandbox.providers.stripe_outcomes import PROCESSING, Decline
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    OpenCase,
    Worker,
    a_cancellation,
    a_charge,
    a_contact,
    a_handoff,
    a_recall,
    a_write_off,
    an_access,
    another_invoice,
    open_case,
    open_debit_case,
)
from tests.told import told, types

BROKE = Decline("insufficient_funds")

DONE: dict[str, Callable[[Worker, OpenCase], object]] = {
    "charge.succeeded": lambda worker, case: worker.charge(a_charge(case)),
    "contact.sent": lambda worker, case: worker.contact(a_contact(case)),
    "service.restricted": lambda worker, case: worker.set_access(an_access(case, Access.READ_ONLY)),
    "service.restored": lambda worker, case: worker.set_access(an_access(case, Access.FULL)),
    "subscription.cancelled": lambda worker, case: worker.cancel_subscription(a_cancellation(case)),
    "case.handed_off": lambda worker, case: worker.hand_off(a_handoff(case)),
    "invoice.marked_uncollectible": lambda worker, case: worker.mark_uncollectible(a_write_off(case)),
}


@pytest.mark.parametrize("event", DONE)
def test_what_is_done_is_told_once_though_its_answer_was_lost(worker: Worker, event: str) -> None:
    case = open_case(worker)
    for _ in range(2):
        DONE[event](worker, case)

    assert [event] == types(worker.ledger, case.invoice_id)


def test_a_case_is_handed_off_and_recalled_under_the_agencys_reference(worker: Worker) -> None:
    case = open_case(worker)
    reference = worker.hand_off(a_handoff(case)).reference
    for _ in range(2):
        worker.recall(a_recall(case, reference))

    assert [("case.handed_off", reference), ("case.recalled", reference)] == [
        (event.type, event.data["reference"]) for event in told(worker.ledger, case.invoice_id)
    ]


def test_a_declined_charge_is_told_with_its_code_and_what_we_make_of_it(worker: Worker) -> None:
    case = open_case(worker, BROKE)
    worker.charge(a_charge(case))
    [event] = told(worker.ledger, case.invoice_id)

    assert ("charge.declined", "insufficient_funds", "day1-charge") == (
        event.type,
        event.data["code"],
        event.data["source"],
    )
    assert {"amount": 1999, "currency": "USD"} == event.data["amount"]
    assert event.data["rule"]


def test_a_debit_on_its_way_and_a_charge_without_a_method(worker: Worker) -> None:
    debit, empty = open_debit_case(worker, PROCESSING), open_case(worker, card=None)
    for case in (debit, empty):
        worker.charge(a_charge(case))

    assert ["charge.processing"] == types(worker.ledger, debit.invoice_id)
    [event] = told(worker.ledger, empty.invoice_id)
    assert ("charge.declined", "no_payment_method") == (event.type, event.data["code"])


def test_a_message_that_reaches_nobody_and_one_that_says_it_for_two(worker: Worker) -> None:
    case = open_case(worker, phone=False)
    worker.contact(a_contact(case, Channel.SMS))
    assert ["contact.unreachable"] == types(worker.ledger, case.invoice_id)

    second = another_invoice(worker, case)
    for one in (case, second):
        worker.ledger.mark_open(one.invoice_id)
    for one in (case, second):
        worker.contact(a_contact(one))
    [event] = told(worker.ledger, second.invoice_id)
    assert ("contact.sent", case.invoice_id, True) == (event.type, event.data["said_with"], event.data["certain"])


def test_what_holds_is_told_beside_what_the_case_wants(worker: Worker) -> None:
    """Two invoices: one gives its restriction back, and the other keeps it."""
    first = open_case(worker)
    second = another_invoice(worker, first)
    worker.set_access(an_access(second, Access.BLOCKED))
    worker.set_access(an_access(first, Access.READ_ONLY))
    worker.set_access(an_access(first, Access.FULL, "end-restore"))
    restricted, restored = told(worker.ledger, first.invoice_id)

    assert ("read_only", "blocked") == (restricted.data["level"], restricted.data["in_force"])
    assert ("service.restored", "blocked") == (restored.type, restored.data["in_force"])


def test_a_message_that_failed_first_is_told_when_it_went_out(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    world.faults.add("sendgrid", "POST", "429")
    with pytest.raises(Exception, match="SendGrid"):
        worker.contact(a_contact(case))
    assert [] == types(worker.ledger, case.invoice_id)

    worker.contact(a_contact(case))
    assert ["contact.sent"] == types(worker.ledger, case.invoice_id)
