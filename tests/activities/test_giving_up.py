"""The ends that a case has at the payment provider: subscription cancelled, invoice uncollectible."""

from collections.abc import Callable

import pytest
from temporalio.exceptions import ApplicationError

from domain.invoice import InvoiceState
from domain.tasks import Done
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import OpenCase, Worker, a_cancellation, a_write_off, open_case, usd

Act = Callable[[Worker, OpenCase], Done]


def cancel(worker: Worker, case: OpenCase) -> Done:
    return worker.cancel_subscription(a_cancellation(case))


def give_up(worker: Worker, case: OpenCase) -> Done:
    return worker.mark_uncollectible(a_write_off(case))


def done(world: ProviderWorld, case: OpenCase) -> list[str]:
    """What the stand-in did for the customer, by its own journal."""
    kinds = ("subscription.canceled", "invoice.marked_uncollectible")
    return [e.kind for e in world.log if e.kind in kinds and case.customer_id == e.subjects["customer"]]


BOTH = pytest.mark.parametrize("act", [cancel, give_up])


def test_the_subscription_is_cancelled_once(world: ProviderWorld, worker: Worker) -> None:
    """The second run changes nothing, and writes nothing either."""
    case = open_case(worker)

    results = [cancel(worker, case) for _ in range(2)]

    assert [(None, usd(1999))] * 2 == [(result.stopped, result.invoice.remaining) for result in results]
    assert "canceled" == world.stripe.get(case.subscription_id)["status"]
    assert ["subscription.canceled"] == done(world, case)
    assert ["subscription cancelled"] == [line.what for line in worker.ledger.record(case.invoice_id)]


def test_a_subscription_that_the_customer_cancelled_is_success(world: ProviderWorld, worker: Worker) -> None:
    """What was wanted is the case already."""
    case = open_case(worker)
    world.stripe.cancel_subscription(case.subscription_id)

    assert cancel(worker, case).stopped is None


def test_the_invoice_is_marked_uncollectible_once(world: ProviderWorld, worker: Worker) -> None:
    """The second run finds it closed, and answers the same."""
    case = open_case(worker)

    first, second = (give_up(worker, case) for _ in range(2))

    assert first == second
    assert ["invoice.marked_uncollectible"] == done(world, case)
    assert ["marked uncollectible"] == [line.what for line in worker.ledger.record(case.invoice_id)]


@BOTH
def test_an_invoice_that_was_paid_meanwhile_is_left_alone(world: ProviderWorld, worker: Worker, act: Act) -> None:
    """The payment is told, so that the case can end as recovered."""
    case = open_case(worker)
    world.stripe.customer_pays(case.invoice_id)

    result = act(worker, case)

    assert (InvoiceState.PAID, usd(0)) == (result.invoice.state, result.invoice.remaining)
    assert [] == done(world, case)
    assert "active" == world.stripe.get(case.subscription_id)["status"]
    assert [] == worker.ledger.record(case.invoice_id)


@BOTH
@pytest.mark.parametrize("mode", ["500", "timeout_before", "timeout_after", "500_after"])
def test_a_lost_answer_changes_nothing_about_the_end(world: ProviderWorld, worker: Worker, act: Act, mode: str) -> None:
    """Whether it was carried out or not: afterwards it was, once."""
    case = open_case(worker)
    world.faults.add("stripe", "(DELETE|mark_uncollectible)", mode)
    with pytest.raises(ApplicationError) as caught:
        act(worker, case)

    act(worker, case)

    assert "ProviderTrouble" == caught.value.type
    assert 1 == len(done(world, case))
    assert 1 == len(worker.ledger.record(case.invoice_id))
