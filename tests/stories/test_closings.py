"""Once a case is over, on the real server: the case closes at once, and what is left is done in its time."""

import asyncio
from datetime import timedelta

from domain.case import Outcome
from domain.closing_messages import Occasion
from domain.ids import closing_id
from sandbox.play.stage import Scene
from sandbox.providers.stripe_outcomes import APPROVE, Decline

DECLINED = Decline("generic_decline")


async def test_who_pays_at_night_is_thanked_in_the_morning_and_the_case_does_not_wait(stage: Scene) -> None:
    """The notice is gone at once. The case has closed while the message still waits."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-04 23:30")
    assert len(stage.world.merchant.standing(case.customer)) == 1
    stage.world.stripe.add_card(case.customer, behaviour=APPROVE)
    await case.deliver()

    result = await case.handle.result()
    row = stage.ledger.case(case.invoice)
    closing = stage.client.get_workflow_handle(closing_id(case.invoice, Occasion.END))
    await stage.skipper.fast_forward(closing, timedelta(days=1))
    await asyncio.wait_for(closing.result(), timeout=60)

    assert row is not None
    assert (Outcome.RECOVERED, "closed") == (result.outcome, row.status)
    [mail] = case.closing_mails
    assert "is paid" in mail
    [sent] = [one for one in stage.ledger.contacts(case.invoice) if one.stage == "closing"]
    assert sent.as_of > result.closed_at
    assert [] == stage.world.merchant.standing(case.customer)
