"""A payment from elsewhere is recorded at Stripe once, whatever becomes of the answers."""

from datetime import timedelta

import pytest

from domain.invoice import InvoiceState
from domain.kinds.outside_payment import RecordPaymentTask
from gateways.ports.trouble import ProviderTrouble
from sandbox.providers.faults import Mode
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import AS_OF, OpenCase, Worker, open_case, usd


def record(worker: Worker, case: OpenCase, cents: int) -> None:
    """The activity's own calls, without Temporal."""
    invoice = worker.payments.read_invoice(case.invoice_id)
    worker.payments.record_payment(invoice, usd(cents), AS_OF, f"dun:{case.invoice_id}:outside-1")


@pytest.mark.parametrize("cents", [500, 1200])
@pytest.mark.parametrize("mode", [Mode.TIMEOUT_AFTER, Mode.ERROR_AFTER])
@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=25)])
def test_a_part_whose_answer_was_lost_is_neither_recorded_twice_nor_taken_for_all(
    world: ProviderWorld, worker: Worker, monkeypatch: pytest.MonkeyPatch, cents: int, mode: Mode, later: timedelta
) -> None:
    """Also when the idempotency key is forgotten by then, and when the part is more than what is left."""
    case = open_case(worker)
    world.faults.add("stripe", "/attach_payment", mode)
    with pytest.raises(ProviderTrouble):
        record(worker, case, cents)
    clock = world.journal.clock
    monkeypatch.setattr(world.journal, "clock", lambda: clock() + later)

    record(worker, case, cents)

    invoice = world.stripe.get(case.invoice_id)
    assert ["open", cents, 1999 - cents] == [invoice[name] for name in ("status", "amount_paid", "amount_remaining")]


def test_what_was_given_up_may_still_be_paid(world: ProviderWorld, worker: Worker) -> None:
    """Stripe takes a payment of an uncollectible invoice."""
    case = open_case(worker)
    worker.payments.mark_uncollectible(case.invoice_id, f"by-hand-{case.invoice_id}")

    record(worker, case, 1999)

    assert "paid" == world.stripe.get(case.invoice_id)["status"]


def test_a_charge_that_was_faster_leaves_the_transfer_unrecorded(world: ProviderWorld, worker: Worker) -> None:
    """R5: the answer says what Stripe has of it, so that the case sees that it came in twice."""
    case = open_case(worker)
    world.stripe.customer_pays(case.invoice_id)

    result = worker.record_payment(_task(case))

    assert result.stopped
    assert (InvoiceState.PAID, usd(0)) == (result.invoice.state, result.recorded)


def test_a_transfer_that_is_recorded_already_is_found_so(world: ProviderWorld, worker: Worker) -> None:
    """The worker died after the request: run again it finds the invoice paid, by the very transfer."""
    case = open_case(worker)
    worker.record_payment(_task(case))

    again = worker.record_payment(_task(case))

    assert again.stopped
    assert (InvoiceState.PAID, usd(1999)) == (again.invoice.state, again.recorded)


def _task(case: OpenCase) -> RecordPaymentTask:
    return RecordPaymentTask(
        invoice_id=case.invoice_id,
        customer_id=case.customer_id,
        step="outside-1",
        as_of=AS_OF,
        why="it came by transfer",
        amount=usd(1999),
        paid_at=AS_OF,
    )
