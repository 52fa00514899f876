"""What is said once the merchant has voided an invoice, or credited it, and of access that comes back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.case import Outcome
from domain.invoice import InvoiceNow, InvoiceState
from domain.steps import Access
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    OpenCase,
    Worker,
    an_access,
    another_invoice,
    open_case,
    usd,
)
from tests.activities.ended_cases import AT, LIMITED, RESTORED, TOGETHER, concluded, ends, pays, thanks


def cancelled(worker: Worker, case: OpenCase, *steps: Any, **fields: Any) -> None:
    ends(worker, case, Outcome.CANCELLED, *steps, invoice=InvoiceNow(state=InvoiceState.VOID), **fields)


@pytest.mark.parametrize("how", ["voided", "credited"])
def test_who_was_asked_for_what_the_merchant_cancelled_is_told_that_nothing_is_owed(
    world: ProviderWorld, worker: Worker, how: str
) -> None:
    case = open_case(worker)
    if how == "voided":
        world.stripe.void(case.invoice_id)
        cancelled(worker, case, LIMITED, RESTORED)
    else:
        world.stripe.credit(case.invoice_id, 1999)
        ends(worker, case, Outcome.CANCELLED, LIMITED, RESTORED, paid=usd(0))

    said = concluded(worker, case)

    (mail,) = thanks(world, case)
    assert "told: cancelled" == said.why
    assert f"invoice {world.stripe.get(case.invoice_id)['number']} has been cancelled" in str(mail.text)
    assert "Nothing is owed for it any more" in str(mail.text)
    assert "is back in full" in str(mail.text)
    assert "$" not in str(mail.text)


def test_where_the_law_wants_a_debts_sum_named_it_wants_none_of_what_is_not_owed(
    world: ProviderWorld, worker: Worker
) -> None:
    """Thailand: a message about a debt names it."""
    case, noon = open_case(worker), datetime(2026, 12, 2, 5, tzinfo=UTC)
    world.stripe.void(case.invoice_id)
    worker.ledger.customer_set(case.customer_id, {"country": "TH", "time_zone": "Asia/Bangkok"})
    cancelled(worker, case, at=noon)

    assert concluded(worker, case, noon, since=noon).why == "told: cancelled"


def test_a_cancelled_invoice_that_was_replaced_by_a_corrected_one_is_not_spoken_away(
    world: ProviderWorld, worker: Worker
) -> None:
    """The corrected one asks for the money now: only that the access is back is said."""
    case, quiet = open_case(worker), open_case(worker)
    for each in (case, quiet):
        world.stripe.replace(each.invoice_id, another_invoice(worker, each).invoice_id)
    cancelled(worker, case, LIMITED, RESTORED)
    cancelled(worker, quiet)

    assert concluded(worker, case, AT + TOGETHER).why == "told: access back"
    assert "a corrected invoice" in concluded(worker, quiet, AT + TOGETHER).why

    (mail,) = thanks(world, case)
    assert "owed" not in str(mail.text)
    assert not thanks(world, quiet)


def test_an_invoice_that_stripe_has_otherwise_is_not_said_to_be_cancelled(world: ProviderWorld, worker: Worker) -> None:
    paid, still_open = open_case(worker), open_case(worker)
    pays(worker, paid)
    for each in (paid, still_open):
        cancelled(worker, each)
        assert concluded(worker, each).next_at is None
        assert not thanks(world, each)


def test_who_paid_a_part_is_thanked_for_it_where_the_rest_was_credited(world: ProviderWorld, worker: Worker) -> None:
    case = open_case(worker)
    world.stripe.customer_pays(case.invoice_id, 500)
    world.stripe.credit(case.invoice_id, 1499)
    ends(worker, case, Outcome.RECOVERED, paid=usd(500))

    assert concluded(worker, case).why == "told: paid"

    (mail,) = thanks(world, case)
    assert "We have received $5.00" in str(mail.text)
    assert "$19.99" not in str(mail.text)


def test_that_the_access_is_back_is_said_with_the_last_invoice_that_restricts_it(
    world: ProviderWorld, worker: Worker
) -> None:
    """The first is given up, the second settled for a sum that is still to come: neither says anything else."""
    case = open_case(worker)
    other = another_invoice(worker, case)
    for each in (case, other):
        worker.set_access(an_access(each, Access.READ_ONLY))
        worker.payments.mark_uncollectible(each.invoice_id, f"k-{each.invoice_id}")
    ends(worker, case, Outcome.WRITTEN_OFF, LIMITED, RESTORED)
    worker.set_access(an_access(case, Access.FULL, "end-restore"))

    assert "another invoice" in concluded(worker, case, AT + TOGETHER).why
    assert not thanks(world, case)

    ends(worker, other, Outcome.SETTLED, LIMITED, RESTORED)
    worker.set_access(an_access(other, Access.FULL, "end-restore"))

    assert "told: access back" == concluded(worker, other, AT + TOGETHER).why
    (mail,) = thanks(world, case)
    numbers = [world.stripe.get(one.invoice_id)["number"] for one in (case, other)]
    assert all(number in str(mail.text) for number in numbers)
