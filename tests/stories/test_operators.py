"""What operators order, and what the agency answers."""

from datetime import UTC, datetime

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from domain import events
from domain.case import CaseStatus, Outcome
from domain.money import Money
from sandbox.play.stage import Scene, StagedCase
from sandbox.providers.faults import Mode
from sandbox.providers.stripe_outcomes import Decline
from workflows.messages import CaseView

DECLINED = Decline("generic_decline")


async def test_a_pause_stops_the_clock_and_resume_starts_it(stage: Scene) -> None:
    """Nothing happens for two weeks; then the next step comes as many days later."""
    case = await stage.open(DECLINED)
    before = await case.until("2030-04-05 12:00")
    await case.handle.execute_update("pause", events.Pause(by="mia", note="customer called"))
    paused = await case.until("2030-04-19 12:00")
    assert (CaseStatus.ON_HOLD, 2) == (paused.status, paused.attempts)
    assert "customer called" in paused.why

    view = await case.handle.execute_update("resume", events.Resume(by="mia"), result_type=CaseView)

    assert before.next_at is not None
    assert view.next_at is not None
    assert 14 == (view.next_at - before.next_at).days


async def test_orders_that_make_no_sense_are_refused_with_a_reason(stage: Scene) -> None:
    """A refused update leaves no trace in the history and says why."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-02 20:00")
    too_much = Money(amount=9_999, currency="USD")

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await case.handle.execute_update("settle", events.Settle(amount=too_much))
    with pytest.raises(WorkflowUpdateFailedError) as not_paused:
        await case.handle.execute_update("resume", events.Resume())

    assert "more than what is due (50.00 USD)" in message(refused.value)
    assert "nothing to resume" in message(not_paused.value)


async def test_settle_as_a_signal_from_the_ui_ends_the_case(stage: Scene) -> None:
    """The remainder is closed at Stripe, the service restored, nothing more is charged or said."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-12 12:00")

    await case.handle.signal("settle", {"amount": {"amount": 3000, "currency": "USD"}, "by": "noor"})
    result = await case.handle.result()

    assert Outcome.SETTLED == result.outcome
    said = {line.what: line.why for line in stage.ledger.record(case.invoice)}
    assert "settled for 30.00 USD by noor" == said["to be closed as settled"]
    assert (
        "nothing recorded as paid (order it with `paid` when the money is in), 50.00 USD given up, the invoice marked "
        "uncollectible"
    ) == said["settlement in Stripe"]
    assert "uncollectible" == stage.world.stripe.get(case.invoice)["status"]
    assert "full" == stage.world.merchant.access(case.customer)


async def test_a_write_off_ends_a_paused_case_too(stage: Scene) -> None:
    """An order to end is carried out whatever holds the case."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-02 20:00")
    await case.handle.execute_update("pause", events.Pause())

    await case.handle.execute_update("write_off", events.WriteOff(by="mia", note="goodwill"))

    assert Outcome.WRITTEN_OFF == (await case.handle.result()).outcome


async def test_cancelling_the_workflow_ends_the_case_in_order(stage: Scene) -> None:
    """Cancel in the Temporal UI: the ledger's case is closed as cancelled, the service is restored."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-12 12:00")

    await case.handle.cancel()
    result = await case.handle.result()

    assert Outcome.CANCELLED == result.outcome
    assert "full" == stage.world.merchant.access(case.customer)
    row = stage.ledger.case(case.invoice)
    assert row is not None
    assert "closed" == row.status


async def test_misuse_puts_the_case_on_hold_and_resume_goes_on(stage: Scene) -> None:
    """An invoice that Stripe does not know any more needs a human: no failed workflow, no endless retries."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-01 12:00")
    invoice = stage.world.stripe.store.take_out(case.invoice)

    held = await case.until("2030-04-03 12:00")
    stage.world.stripe.store.put(invoice)
    await case.handle.execute_update("resume", events.Resume(by="mia", note="restored"))
    view = await case.until("2030-04-03 20:00")

    assert CaseStatus.ON_HOLD == held.status
    assert case.invoice in held.why
    assert 1 == view.attempts


async def test_the_agency_acknowledges_and_its_payment_ends_the_case(stage: Scene) -> None:
    """Handed over with the evidence, acknowledged, paid in two parts: recovered, and recalled from the agency."""
    case = await with_agency(stage)
    await case.tell("agency_reported", report("evt_1", events.AgencyReport.ACKNOWLEDGED))
    half = Money(amount=10_000, currency="USD")
    await case.tell("agency_reported", report("evt_2", events.AgencyReport.PAYMENT, half))

    await case.tell("agency_reported", report("evt_3", events.AgencyReport.PAYMENT, half))

    assert Outcome.RECOVERED == (await case.handle.result()).outcome
    assert 1 == len([h for h in stage.world.agency.handoffs if case.invoice in h.handoff_id])


async def test_the_agency_gives_up_and_the_invoice_is_written_off(stage: Scene) -> None:
    """Returned without success: marked uncollectible at Stripe."""
    case = await with_agency(stage)

    await case.tell("agency_reported", report("evt_1", events.AgencyReport.RETURNED))

    assert Outcome.WRITTEN_OFF == (await case.handle.result()).outcome
    assert "uncollectible" == stage.world.stripe.get(case.invoice)["status"]


async def test_trouble_at_stripe_is_retried_within_the_same_attempt(stage: Scene) -> None:
    """Executed, then no answer: looked up, one charge, the same number."""
    case = await stage.open(DECLINED)
    await case.until("2030-04-01 12:00")
    stage.world.faults.add("stripe", rf"POST /v1/invoices/{case.invoice}/pay", Mode.TIMEOUT_AFTER)

    view = await case.until("2030-04-03 12:00")

    assert 1 == view.attempts
    assert [f"dun:{case.invoice}:1"] == [entry.key for entry in case.charges]


async def with_agency(stage: Scene) -> StagedCase:
    case = await stage.open(DECLINED, amount=20_000)
    view = await case.until(datetime(2030, 4, 30, 12, tzinfo=UTC))
    assert CaseStatus.WITH_AGENCY == view.status
    return case


def report(event: str, said: events.AgencyReport, amount: Money | None = None) -> events.AgencyReported:
    return events.AgencyReported(event_id=event, report=said, amount=amount)


def message(error: WorkflowUpdateFailedError) -> str:
    assert isinstance(error.cause, ApplicationError)
    return error.cause.message
