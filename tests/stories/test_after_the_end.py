"""Money that moves after a case has ended, lived through on the real server. The rows are docs/reality.md's."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain import events
from domain.case import Outcome
from gateways.policy_files import PolicyStore
from runtime.settings import ROOT
from runtime.wiring import decline_table, stripe_payments
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.stripe_outcomes import APPROVE, Decline
from service.intake import Intake
from workflows.messages import CaseView

DECLINED = Decline("insufficient_funds")
ZONE = "America/New_York"
NOWHERE = "UTC"
"""A clock of no country, whose law might forbid to write at the hour in which this test is run."""
BRIEF = """
name: brief
version: 1
segments: [brief]
default_time_zone: UTC
time_of_day: "00:00"
jitter: PT0M
timeline:
  - day: 0
    do:
      - remind: {channel: notice, stage: friendly}
      - restrict: blocked
  - day: 1
    do:
      - remind: {channel: email, stage: final}
  - day: 30
    do: [escalate]
retries: {max_attempts: 0, max_per_day: 1}
contacts: {hours: {start: "00:00", end: "23:59", sundays: true, public_holidays: true}}
catch_up: all
endgame: {notice_days: 7, restore: false}
"""
"""It restricts at once, and who is given up stays restricted."""


@pytest.fixture
def intake(stage: Scene, tmp_path: Path) -> Iterator[Intake]:
    """A way in with two policies more: one that bills anew what was taken back, and `brief`."""
    standard = (ROOT / "policies" / "standard.yaml").read_text()
    (tmp_path / "reopening.yaml").write_text(
        standard.replace("name: standard", "name: reopening").replace("[any]", "[again]") + "\ntaken_back: reopen\n"
    )
    (tmp_path / "standard.yaml").write_text(standard)
    (tmp_path / "brief.yaml").write_text(BRIEF)
    settings = stage.settings
    way_in = Intake(
        stage.client,
        settings.dunning_task_queue,
        stage.ledger,
        stripe_payments(settings),
        PolicyStore(tmp_path),
        decline_table(settings),
        lambda: datetime.now(UTC),
    )
    with closing(way_in):
        yield way_in


async def a_case(stage: Scene, intake: Intake, segment: str, behaviour: object, zone: str = ZONE) -> StagedCase:
    """A case of a customer of this segment, opened now; the clock says in which country they are."""
    stripe = stage.world.stripe
    customer = stripe.add_customer(
        "Ada Example",
        email=f"ada-{segment}@customers.example",
        country="",
        metadata={"time_zone": zone, "segment": segment},
    )
    card = stripe.add_card(customer, behaviour=behaviour)
    invoice = stripe.fail_first_payment(customer, amount=5_000)
    await intake.take_event(stripe.last_event("invoice.payment_failed", invoice))
    return stage.case(customer, card, invoice, zone)


async def over(case: StagedCase) -> Outcome:
    return (await asyncio.wait_for(case.handle.result(), timeout=60)).outcome


async def test_r14_a_debit_that_comes_back_after_the_recovery_is_dunned_again(stage: Scene, intake: Intake) -> None:
    """Paid, and three weeks later the bank takes it back: the new invoice is charged by the same timeline, its messages
    say that the payment came back, and it is paid in the end. Nothing of the first round is said or done twice."""
    stripe = stage.world.stripe
    first = await a_case(stage, intake, "again", [DECLINED, DECLINED, DECLINED, APPROVE])
    stripe.customer_pays(first.invoice)
    await intake.take_event(stripe.last_event("invoice.paid", first.invoice))
    assert Outcome.RECOVERED is await over(first)

    dispute = stripe.return_debit(first.invoice)
    await intake.take_event(stripe.last_event("charge.dispute.closed", dispute))
    row = stage.ledger.case(first.invoice)
    assert row
    assert row.reopened_as
    second = stage.case(first.customer, first.card, row.reopened_as, ZONE)
    await second.until(datetime.now(UTC) + timedelta(days=40))

    assert Outcome.RECOVERED is await over(second)
    assert ["charge.failed", "charge.failed", "charge.succeeded"] == [charge.kind for charge in second.charges][-3:]
    assert all(f"dun:{second.invoice}:" in (charge.key or "") for charge in second.charges)
    mail = second.mails[0]
    assert "your bank has taken that payment back" in mail
    assert "paid" == stripe.get(second.invoice)["status"]
    [link] = [line.why for line in stage.ledger.record(first.invoice) if line.step == "late"]
    assert second.invoice in link


async def test_r40_a_payment_after_the_write_off_gives_the_service_back(stage: Scene, intake: Intake) -> None:
    """By policy who is given up stays restricted; then they pay after all."""
    stripe, merchant = stage.world.stripe, stage.world.merchant
    case = await a_case(stage, intake, "brief", DECLINED, NOWHERE)
    async with asyncio.timeout(30):
        while "blocked" != merchant.access(case.customer):
            await asyncio.sleep(0.05)
    await case.handle.execute_update("write_off", events.WriteOff(), result_type=CaseView)
    assert Outcome.WRITTEN_OFF is await over(case)
    assert "blocked" == merchant.access(case.customer)

    stripe.customer_pays(case.invoice)
    await intake.take_event(stripe.last_event("invoice.paid", case.invoice))
    await intake.take_event(stripe.last_event("invoice_payment.paid"))

    assert Outcome.RECOVERED is await over(case)
    assert "full" == merchant.access(case.customer)
    row = stage.ledger.case(case.invoice)
    assert row
    assert (Outcome.RECOVERED, 0) == (row.outcome, row.remaining.amount)
    booked = [line.why for line in stage.ledger.record(case.invoice) if line.what == "payment received"]
    assert ["the invoice was paid in full"] == booked


async def test_r40_a_late_payment_gives_nothing_back_that_another_case_restricts(stage: Scene, intake: Intake) -> None:
    """One access: the customer owes another invoice of the same subscription."""
    stripe, merchant = stage.world.stripe, stage.world.merchant
    case = await a_case(stage, intake, "brief", DECLINED, NOWHERE)
    subscription = stripe.get(case.invoice)["parent"]["subscription_details"]["subscription"]
    other = stripe.fail_first_payment(case.customer, amount=4_000, subscription=subscription)
    await intake.take_event(stripe.last_event("invoice.payment_failed", other))
    async with asyncio.timeout(30):
        while not all(_blocks(stage, invoice) for invoice in (case.invoice, other)):
            await asyncio.sleep(0.05)
    await case.handle.execute_update("write_off", events.WriteOff(), result_type=CaseView)
    await over(case)

    stripe.customer_pays(case.invoice)
    await intake.take_event(stripe.last_event("invoice.paid", case.invoice))

    assert Outcome.RECOVERED is await over(case)
    assert "blocked" == merchant.access(case.customer)


def _blocks(stage: Scene, invoice: str) -> bool:
    return any(line.what == "service blocked" for line in stage.ledger.record(invoice))
