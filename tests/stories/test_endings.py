"""What arrives while a case ends, or while an effect has not answered yet."""

import asyncio

from domain import events
from domain.case import CaseStatus, Outcome
from domain.money import Money
from gateways.ledger.database import open_database
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import Decline
from workflows.messages import CaseView

DECLINED = Decline("generic_decline")


async def test_a_payment_while_the_restriction_has_no_answer_gives_the_service_back(stage: Scene) -> None:
    """The merchant's application restricts, but its answers are lost; then the customer pays."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-11 08:00")
    lost = stage.world.faults.add("merchant", "POST /", Mode.TIMEOUT_AFTER, times=50)
    moving = asyncio.create_task(case.until("2030-04-11 12:00"))
    await asyncio.wait_for(asyncio.to_thread(lost.reached.wait), timeout=30)
    while "read_only" != stage.world.merchant.access(case.customer):
        await asyncio.sleep(0.05)

    stage.world.stripe.customer_pays(case.invoice)
    stage.world.faults.clear()
    await stage.deliver(await case.now())
    result = await asyncio.wait_for(case.handle.result(), timeout=30)
    await moving

    assert Outcome.RECOVERED is result.outcome
    assert "full" == stage.world.merchant.access(case.customer)


async def test_an_order_that_comes_before_the_end_is_on_record_is_carried_out(stage: Scene) -> None:
    """The ledger does not answer when the agency's time is over: nothing is decided yet, and the settlement counts."""
    case = await stage.open(DECLINED, amount=10_000)
    await case.until("2030-05-12 12:00")
    ledger = open_database(stage.settings.dunning_database_url).execution_options(writes=True)
    with ledger.connect() as busy:
        transaction = busy.begin()
        moving = asyncio.create_task(case.until("2030-05-14 12:00"))
        await running(case, "decide")
        order = events.Settle(amount=Money(amount=5_000, currency="USD"))
        settling = asyncio.create_task(case.handle.execute_update("settle", order, result_type=CaseView))
        await told(case)
        transaction.rollback()
    answer = await settling
    view = await moving

    assert (Outcome.SETTLED, CaseStatus.CLOSED) == (answer.outcome, view.status)
    assert Outcome.SETTLED is view.outcome


async def test_a_request_that_is_refused_after_a_lost_answer_may_have_been_carried_out(stage: Scene) -> None:
    """The restriction took effect, its answer was lost, the next try met a wrong secret: who pays has full service."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-11 08:00")
    secret = stage.world.merchant.secret
    stage.world.faults.add("merchant", "POST /", Mode.TIMEOUT_AFTER)
    second = stage.world.faults.add("merchant", "POST /", Mode.HOLD_BEFORE)
    moving = asyncio.create_task(case.until("2030-04-11 12:00"))
    await asyncio.wait_for(asyncio.to_thread(second.reached.wait), timeout=30)
    assert "read_only" == stage.world.merchant.access(case.customer)
    stage.world.merchant.secret = "another"
    second.release()
    held = await moving
    stage.world.merchant.secret = secret
    assert CaseStatus.ON_HOLD is held.status

    stage.world.stripe.customer_pays(case.invoice)
    await case.deliver()
    result = await asyncio.wait_for(case.handle.result(), timeout=30)

    assert Outcome.RECOVERED is result.outcome
    assert "full" == stage.world.merchant.access(case.customer)


async def test_a_refused_request_does_not_hold_up_a_case_that_was_paid_meanwhile(stage: Scene) -> None:
    """A wrong secret needs an operator, but not for this case any more."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-11 08:00")
    held = stage.world.faults.add("merchant", "POST /", Mode.HOLD_BEFORE)
    moving = asyncio.create_task(case.until("2030-04-11 12:00"))
    await asyncio.wait_for(asyncio.to_thread(held.reached.wait), timeout=30)
    secret = stage.world.merchant.secret

    stage.world.stripe.customer_pays(case.invoice)
    await stage.deliver(await case.now())
    stage.world.merchant.secret = "another"
    held.release()
    await moving
    stage.world.merchant.secret = secret
    result = await asyncio.wait_for(case.handle.result(), timeout=10)

    assert Outcome.RECOVERED is result.outcome


async def told(case: StagedCase) -> None:
    """Returns when the case has taken in what it was told."""
    async with asyncio.timeout(30):
        while (await case.status()).outcome is None:
            await asyncio.sleep(0.05)


async def running(case: StagedCase, activity: str) -> None:
    """Returns when this activity of the case has begun."""
    async with asyncio.timeout(30):
        while not await case.busy_with(activity):
            await asyncio.sleep(0.05)
