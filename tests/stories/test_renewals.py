"""Before a renewal, lived through on the real server: a notice in its time, and no case where the card was replaced."""

import asyncio
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from temporalio.client import WorkflowHandle

from domain.ids import notice_key, renewal_id
from domain.renewal import Notice, NoticeOutcome
from gateways.provider_facts import RenewalComing
from sandbox.play.stage import Scene
from service.opening import Taken
from tests.renewals import a_renewal, announced
from workflows.renewal import RenewalWorkflow

ZONE = "America/New_York"


async def planned(
    stage: Scene, email: str
) -> tuple[RenewalComing, str, WorkflowHandle[RenewalWorkflow, NoticeOutcome]]:
    """The notices of a renewal in 40 days whose card is expired, its customer, and the workflow that has them."""
    subscription, customer, _ = a_renewal(
        stage.world,
        renews_in=timedelta(days=40),
        email=email,
        country="US",
        metadata={"time_zone": ZONE},
    )
    fact = stage.intake.read_event(announced(stage.world, subscription))
    assert isinstance(fact, RenewalComing)
    assert Taken.NOTICE is (await stage.intake.receive(fact)).taken
    handle = stage.client.get_workflow_handle_for(RenewalWorkflow.run, renewal_id(subscription, fact.renews_at))
    return fact, customer, handle


async def test_the_notice_comes_a_week_before_the_charge_in_the_hours_of_the_customer(stage: Scene) -> None:
    """Weeks after the announcement: the policy's days, its time of day, and no Sunday or holiday."""
    email = f"ren-{uuid4().hex[:8]}@customers.example"
    fact, customer, handle = await planned(stage, email)

    await stage.skipper.fast_forward(handle, timedelta(days=41))
    outcome = await asyncio.wait_for(handle.result(), timeout=30)

    row = stage.ledger.notice(notice_key(fact.subscription_id, fact.renews_at, Notice.CARD_EXPIRES))
    assert row is not None
    here = row.as_of.astimezone(ZoneInfo(ZONE))
    days = (fact.renews_at - row.as_of).days
    assert Notice.CARD_EXPIRES is outcome.said
    assert 2 <= days <= 7
    assert (9 <= here.hour < 20, True) == (True, here.isoweekday() != 7)
    assert 1 == len([mail for mail in stage.world.sendgrid.sent if mail.to == email])
    assert [] == stage.ledger.open_cases_of(customer)


async def test_a_card_replaced_in_time_is_never_spoken_of(stage: Scene) -> None:
    email = f"ren-{uuid4().hex[:8]}@customers.example"
    _, customer, handle = await planned(stage, email)
    stage.world.stripe.add_card(customer)

    await stage.skipper.fast_forward(handle, timedelta(days=41))
    outcome = await asyncio.wait_for(handle.result(), timeout=30)

    assert outcome.why.startswith("the card is good until 12/2034")
    assert [] == [mail for mail in stage.world.sendgrid.sent if mail.to == email]
    assert [] == stage.ledger.open_cases_of(customer)
