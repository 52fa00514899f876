"""The end of a case is written down while news of it arrive: the ledger takes whatever the case makes of both."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from activities.decisions import DecisionTask
from domain import events
from domain.agency import Handoff
from domain.base import Message
from domain.case import CaseStatus, Outcome, StepRecord, StepState
from domain.decisions import Close
from domain.invoice import InvoiceState
from domain.kinds.write_off import WriteOffStep
from domain.life import refused
from domain.steps import Channel
from tests.activities.builders import (
    AS_OF,
    Worker,
    a_decision,
    carried_out,
    open_case,
    row_of,
    told,
    usd,
)

THEN = AS_OF + timedelta(days=90)
A_MOMENT = timedelta(seconds=1)

NEWS: dict[str, tuple[str, Message]] = {
    "paid": ("payment_received", events.PaymentReceived(event_id="evt_new", amount=usd(1999), remaining=usd(0))),
    "paid by transfer": ("payment_received", events.PaymentReceived(event_id="evt_new", amount=usd(1999))),
    "paid in part": ("payment_received", events.PaymentReceived(event_id="evt_new", amount=usd(500))),
    "voided": ("invoice_changed", events.InvoiceChanged(event_id="evt_new", state=InvoiceState.VOID)),
    "uncollectible": ("invoice_changed", events.InvoiceChanged(event_id="evt_new", state=InvoiceState.UNCOLLECTIBLE)),
    "a new card": ("payment_method_changed", events.PaymentMethodChanged(event_id="evt_new")),
    "disputed": ("dispute_opened", events.DisputeOpened(event_id="evt_new")),
    "dispute lost": (
        "dispute_closed",
        events.DisputeClosed(event_id="evt_new", outcome=events.DisputeOutcome.LOST),
    ),
    "opted out": (
        "contact_reported",
        events.ContactReported(event_id="evt_new", channel=Channel.SMS, result=events.ContactResult.OPTED_OUT),
    ),
    "returned": (
        "agency_reported",
        events.AgencyReported(event_id="evt_new", report=events.AgencyReport.RETURNED),
    ),
    "paid to the agency": (
        "agency_reported",
        events.AgencyReported(event_id="evt_new", report=events.AgencyReport.PAYMENT, amount=usd(1999)),
    ),
    "paused": ("pause", events.Pause()),
    "settled": ("settle", events.Settle(amount=usd(500))),
    "written off": ("write_off", events.WriteOff()),
}


def _with_agency(task: DecisionTask) -> DecisionTask:
    """The agency has had it for longer than it may."""
    handoff = Handoff(at=AS_OF, references=("AG-1",))
    return DecisionTask(case=task.case.model_copy(update={"handoff": handoff}), at=THEN)


def _at_its_end(task: DecisionTask) -> DecisionTask:
    """The timeline's last step was done: the amount was worth no agency."""
    last = WriteOffStep(key="d28-escalate", due=THEN, day=28, ends=True)
    steps = {last.key: StepRecord(step=last, state=StepState.DONE, at=THEN)}
    return DecisionTask(case=task.case.model_copy(update={"steps": steps}), at=THEN)


ENDS: dict[str, tuple[Outcome, Callable[[Worker, DecisionTask], DecisionTask]]] = {
    "paid": (
        Outcome.RECOVERED,
        lambda _, task: told(
            task,
            "payment_received",
            events.PaymentReceived(event_id="evt_end", amount=usd(1999), remaining=usd(0)),
            THEN,
        ),
    ),
    "voided": (
        Outcome.CANCELLED,
        lambda _, task: told(
            task, "invoice_changed", events.InvoiceChanged(event_id="evt_end", state=InvoiceState.VOID), THEN
        ),
    ),
    "settled": (Outcome.SETTLED, lambda worker, task: carried_out(worker, told(task, *NEWS["settled"], THEN))),
    "given up": (Outcome.WRITTEN_OFF, lambda worker, task: carried_out(worker, told(task, *NEWS["written off"], THEN))),
    "announced end": (Outcome.WRITTEN_OFF, lambda _, task: _at_its_end(task)),
    "with the agency": (Outcome.COLLECTIONS, lambda _, task: _with_agency(task)),
}


@pytest.mark.parametrize("news", NEWS)
@pytest.mark.parametrize("end", ENDS)
def test_news_that_overtake_an_end_are_decided_about(worker: Worker, end: str, news: str) -> None:
    """Whatever it was: the row is that of the newest decision, and no case is stuck with an end that never counted."""
    case = open_case(worker)
    outcome, prepare = ENDS[end]
    overtaken = prepare(worker, a_decision(worker, case))
    ended = worker.decide(overtaken).decision
    assert isinstance(ended, Close)
    assert outcome == ended.outcome
    name, message = NEWS[news]
    if isinstance(message, events.Order) and refused(overtaken.case, name, message, THEN):
        return  # its giver is told so, and the case hears nothing

    decision = worker.decide(told(overtaken, name, message, THEN + A_MOMENT)).decision

    row = row_of(worker, case)
    assert (decision.outcome if isinstance(decision, Close) else None) == row.outcome
    assert isinstance(decision, Close) is (row.status == CaseStatus.CLOSED)
