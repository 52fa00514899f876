"""R19: what activities find of Stripe's own tries, read a moment before they act."""

from datetime import datetime, timedelta

import pytest

from domain.case import ChargeOutcome
from domain.steps import Access
from domain.tasks import Done
from sandbox.providers.stripe_outcomes import Decline
from sandbox.providers.world import ProviderWorld
from tests.activities.builders import (
    AS_OF,
    OpenCase,
    Worker,
    a_cancellation,
    a_charge,
    a_handoff,
    a_write_off,
    an_access,
    charges,
    open_case,
)

HOUR = timedelta(hours=1)
DECLINED = Decline("insufficient_funds")


def planned(world: ProviderWorld, worker: Worker, at: datetime) -> OpenCase:
    """A case whose invoice was tried, and which Stripe will try again."""
    case = open_case(worker)
    world.stripe.customer_tries(case.invoice_id, outcome=DECLINED)
    world.stripe.plan_retry(case.invoice_id, at)
    return case


def test_r19_a_charge_that_would_meet_stripes_own_try_waits_for_an_hour_after_it(
    world: ProviderWorld, worker: Worker
) -> None:
    """No event had told of it: the invoice itself does. Nothing is reserved."""
    case = planned(world, worker, AS_OF + timedelta(minutes=30))
    before = charges(world, case)

    result = worker.charge(a_charge(case))

    assert (ChargeOutcome.STOPPED, before) == (result.outcome, charges(world, case))
    assert result.stopped
    assert (AS_OF + timedelta(minutes=90), "invoice-own-try") == (result.stopped.until, result.stopped.rule)
    assert AS_OF + timedelta(minutes=30) == result.invoice.next_try_at
    assert [] == worker.ledger.attempts_of(case.invoice_id)


def test_r19_a_charge_that_is_clear_of_it_is_made(world: ProviderWorld, worker: Worker) -> None:
    case = planned(world, worker, AS_OF + 2 * HOUR)

    assert ChargeOutcome.PAID is worker.charge(a_charge(case)).outcome


@pytest.mark.parametrize("what", ["restriction", "cancellation", "handoff", "write-off"])
def test_r19_where_stripe_makes_the_tries_nothing_is_taken_away_before_the_next_one(
    world: ProviderWorld, worker: Worker, what: str
) -> None:
    """Read from the invoice right before, as nothing had told of it; an hour later it is done."""
    case = planned(world, worker, AS_OF + 24 * HOUR)

    def done(at: datetime) -> Done:
        changes = {"waits": True, "as_of": at}
        match what:
            case "restriction":
                return worker.set_access(an_access(case, Access.BLOCKED).model_copy(update=changes))
            case "cancellation":
                return worker.cancel_subscription(a_cancellation(case).model_copy(update=changes))
            case "handoff":
                return worker.hand_off(a_handoff(case).model_copy(update=changes))
        return worker.mark_uncollectible(a_write_off(case).model_copy(update=changes))

    stopped = done(AS_OF).stopped

    assert stopped
    assert (AS_OF + 25 * HOUR, "invoice-own-try") == (stopped.until, stopped.rule)
    assert ("open", "past_due") == tuple(
        world.stripe.get(of)["status"] for of in (case.invoice_id, case.subscription_id)
    )
    assert "full" == world.merchant.access(case.customer_id)
    assert done(AS_OF + 25 * HOUR).stopped is None
