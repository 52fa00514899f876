"""What is still done towards a customer once a case is over, with an agency, or stands still for a protected person:
notices that are not true any more are withdrawn, and a closing message is sent. None of it holds the case open.

The case itself only says that the moment has come (`occasion_of`); what is true then is read anew each time.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.base import Message
from domain.calendar import local
from domain.case import PROTECTIONS, Case, Outcome, StepState
from domain.closed import Closed
from domain.decisions import Act, Close, Wait
from domain.kinds.access import AccessStep, standing_access
from domain.kinds.cancellation import CancelStep, is_cancelled
from domain.kinds.message import MessageStep
from domain.money import Money
from domain.policy import Policy
from domain.steps import Access, Channel, Stage
from domain.truth import Ending, MessageFacts

VALID = timedelta(days=2)
"""How long a closing message is worth sending: one that rules put off beyond it is left out."""
TOGETHER = timedelta(minutes=1)
"""How long beyond the policy's jitter a message waits for the customer's other cases: those that end on one day end
within it, and are told of in one message."""
WITHDRAWN_WITHIN = timedelta(days=7)
"""How long a notice is tried to be withdrawn from an application that does not answer."""


class Occasion(StrEnum):
    """Why something is to be said, or withdrawn."""

    END = "end"  # the case is over
    HANDED_OVER = "handed_over"  # an agency has it
    PROTECTED = "protected"  # nothing is asked of the person any more: their notices are withdrawn, nothing is said


class ClosingTask(Message):
    """Do what is left to do towards the customer of one case."""

    invoice_id: str
    customer_id: str
    occasion: Occasion
    since: datetime  # UTC, when the moment came
    as_of: datetime  # UTC, the workflow's time


class ClosingOutcome(Message):
    """What became of it, and when to look again; None: there is nothing left to do."""

    why: str
    next_at: datetime | None = None


def occasion_of(case: Case, policy: Policy, decision: Wait | Act | Close) -> str | None:
    """Whether a decision is a moment for it: an occasion, with the newest notice where that makes it another one. None:
    it is none, or the case has named it before. `case` as it is once the decision is taken."""
    if decision.does == "act" or (decision.does == "wait" and not case.handoff and not case.holds):
        return None
    notice = _newest_notice(case)
    match decision:
        case Close():
            return Occasion.END.value if notice or wanted(case, policy) else None
        case Wait() if case.handoff and not case.handoff.is_over and (notice or wanted(case, policy)):
            found = Occasion.HANDED_OVER.value
        case Wait() if notice and any(hold.reason in PROTECTIONS for hold in case.holds):
            found = f"{Occasion.PROTECTED.value}:{notice}"
        case _:
            return None
    return None if found in case.occasions else found


def wanted(case: Case, policy: Policy, *, owed: bool = False) -> tuple[Closed, Channel] | None:
    """What there is to say and the policy wants said, on its channel: of several what says most. None: nothing is.

    `owed`: it was read that the invoice is still to be paid, or another one in its place. A case that was cancelled
    does not know it: with its invoice, for a dispute or with the subscription.
    """
    wishes = policy.closing
    if not (wishes.unasked or _was_written_to(case)):
        return None
    said = ((closed, wishes.channel(closed)) for closed in _closed(case))
    return next(
        ((closed, channel) for closed, channel in said if channel and not (owed and closed is Closed.CANCELLED)),
        None,
    )


def occasion_left(case: Case) -> Occasion | None:
    """The occasion that a case has named last, with its end or with the agency; None: it has named none, or goes on."""
    found = Occasion.END if case.closing else Occasion.HANDED_OVER
    return found if over_at(case) and found.value in case.occasions else None


def over_at(case: Case) -> datetime | None:
    """Since when there is something to say; None: the case goes on."""
    if case.closing:
        return case.closing.at
    return case.handoff.at if case.handoff and not case.handoff.is_over else None


def closing_facts(case: Case, closed: Closed) -> MessageFacts:
    """What the message says of the case. Amounts and links are read when it is sent."""
    cancelled = next(
        (r.at for r in case.steps.values() if isinstance(r.step, CancelStep) and r.state is StepState.DONE), None
    )
    with_agency = case.closing is None
    return MessageFacts(
        stage=Stage.CLOSING,
        closed=closed,
        restored=_came_back(case),
        ends_on=local(cancelled, case.zone).date() if cancelled else None,
        ending=Ending.COLLECTIONS if with_agency else Ending.WRITE_OFF,
        settled_for=_settled_for(case),
    )


def _closed(case: Case) -> tuple[Closed, ...]:
    """What there is to say, first what says most."""
    if case.closing is None:
        if over_at(case) is None:
            return ()
        return (Closed.ENDED,) if is_cancelled(case) else (Closed.GIVEN_UP,)
    back = (Closed.ACCESS_BACK,) if _came_back(case) else ()
    match case.closing.outcome:
        case Outcome.RECOVERED | Outcome.PLAN_COMPLETED:
            return (Closed.PAID, *back)
        case Outcome.SETTLED:
            return (Closed.SETTLED, *back) if _settled_for(case) else back
        case Outcome.WRITTEN_OFF:
            # What became of the subscription was said when the agency got the debt.
            return (Closed.ENDED if is_cancelled(case) and not case.handoff else Closed.GIVEN_UP, *back)
        case Outcome.CANCELLED:
            return (Closed.CANCELLED, *back)
        case Outcome.COLLECTIONS:
            return back


def _settled_for(case: Case) -> Money | None:
    """What came in by a settlement; None where none was recorded: it may be to come still."""
    return case.closing.settled_for if case.closing else None


def _came_back(case: Case) -> bool:
    """Whether the access was restricted, and is full again."""
    limited = any(
        isinstance(r.step, AccessStep) and r.step.access is not Access.FULL and r.state is StepState.DONE
        for r in case.steps.values()
    )
    return limited and standing_access(case) is Access.FULL


def _was_written_to(case: Case) -> bool:
    return any(isinstance(r.step, MessageStep) and r.state is StepState.DONE for r in case.steps.values())


def _newest_notice(case: Case) -> str | None:
    """The step of the newest notice that was, or may have been, handed over."""
    made = {key: r.step for key, r in case.steps.items() if r.state is StepState.DONE or r.unsure}
    made |= {key: u.step for key, u in case.unfinished.items() if u.begun}
    shown = [key for key, step in made.items() if isinstance(step, MessageStep) and step.channel is Channel.NOTICE]
    return shown[-1] if shown else None
