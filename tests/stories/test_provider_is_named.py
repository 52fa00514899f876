"""A provider that is down: operators read which one, what it said, and when it is asked again."""

import asyncio

from sandbox.play.stage import Scene
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import Decline
from service.running import RunningCases

DECLINED = Decline("generic_decline")


async def test_while_a_step_is_tried_again_its_trouble_is_told(stage: Scene) -> None:
    """Stripe failed once and lets the second try wait: that is asked of Temporal, as the case cannot know it yet."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-02 08:00")
    stage.world.faults.add("stripe", f"GET /v1/invoices/{case.invoice}", Mode.ERROR)
    second = stage.world.faults.add("stripe", f"GET /v1/invoices/{case.invoice}", Mode.HOLD_BEFORE)
    moving = asyncio.create_task(case.until("2030-04-02 12:00"))
    await asyncio.wait_for(asyncio.to_thread(second.reached.wait, 30), timeout=30)

    in_hand = await RunningCases(stage.client, stage.ledger).in_hand(case.invoice)
    second.release()
    view = await moving

    [line] = in_hand
    assert line.startswith("charge: Stripe ")
    assert line.endswith("Tried 1 time, now once more.")
    assert () == view.tried_again
