"""R19: two systems may try one invoice. The policy says whose the tries are, and the case lives by it."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.case import Outcome
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.stripe_outcomes import APPROVE, Decline

DECLINED = Decline("insufficient_funds")


async def stripe_plans(case: StagedCase, moment: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(case.zone))
    case.stage.world.stripe.plan_retry(case.invoice, at)
    await case.deliver()


async def test_r19_stripes_own_retries_are_on_and_nobody_has_switched_them_off(stage: Scene) -> None:
    """Ours keep clear of Stripe's, which is counted; the operator reads which setting it is."""
    case = await stage.open(Decline("generic_decline"))
    await stripe_plans(case, "2030-04-02 10:30")

    view = await case.until("2030-04-02 11:29")

    assert [] == case.charges
    [warning] = view.warnings
    assert "Billing > Revenue recovery > Retries" in warning
    stage.world.stripe.retry(case.invoice)
    view = await case.deliver()
    assert 1 == view.counting_attempts
    await case.until("2030-04-02 23:59")
    assert [] == case.charges, "one try a day, whoever makes it"
    await case.until("2030-04-03 12:00")
    assert 1 == len(case.charges)
    record = [entry.what for entry in stage.ledger.record(case.invoice)]
    assert "Stripe's own try is planned for 2030-04-02 14:30 UTC" in record


async def test_r19_stripe_makes_the_tries_and_the_case_does_the_rest(stage: Scene) -> None:
    """It charges nothing, names Stripe's next try, restricts after it, and ends as recovered when Stripe succeeds."""
    case = await stage.open(DECLINED, metadata={"segment": "stripe-retries"})
    await stripe_plans(case, "2030-04-06 15:00")
    await case.until("2030-04-04 12:00")
    assert "April 6" in case.mails[0]
    await stripe_plans(case, "2030-04-13 15:00")
    await case.until("2030-04-13 15:30")
    assert "full" == stage.world.merchant.access(case.customer)
    assert "April 13" in case.mails[-1]

    view = await case.until("2030-04-13 16:30")

    assert ("read_only", ()) == (stage.world.merchant.access(case.customer), view.warnings)
    stage.world.stripe.retry(case.invoice, APPROVE)
    await stage.deliver(await case.now())
    result = await asyncio.wait_for(case.handle.result(), timeout=30)
    assert Outcome.RECOVERED is result.outcome
    assert ([], "full") == (case.charges, stage.world.merchant.access(case.customer))
