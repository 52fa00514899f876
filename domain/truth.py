"""What a message says about the case. Every word of it has to be true at the moment of sending."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.base import Message, unchecked
from domain.case import Case, StepState
from domain.closed import Closed
from domain.declines import DeclineClass, Reason
from domain.kinds.access import AccessStep, standing_access
from domain.kinds.cancellation import CancelStep, has_ended
from domain.kinds.charge import ChargeStep
from domain.kinds.escalation import goes_to_collections
from domain.kinds.handoff import begun_handoff
from domain.money import Money
from domain.policy import CatchUp
from domain.steps import Access, AttemptKind, Stage, Step
from domain.waiting import Waiting

if TYPE_CHECKING:
    from domain.situation import Situation


class Ending(StrEnum):
    """What happens at the end, as the final notice names it."""

    COLLECTIONS = "collections"
    WRITE_OFF = "write_off"


class MessageFacts(Message):
    """What a message says, all of it true at `as_of`. Names, amounts and links are read when it is sent."""

    stage: Stage
    reason: Reason | None = None  # None: no answer of a bank stands, so no cause is named
    action: DeclineClass | None = None  # what the customer has to do, if retrying alone will not help
    tried: bool = True  # whether a charge was tried at all
    next_charge_on: date | None = None  # None: we will not try again by ourselves
    access: Access = Access.FULL
    restricts_on: date | None = None
    tightens: bool = False  # what comes on `restricts_on` leaves less than the restriction that stands
    ends_on: date | None = None
    ending: Ending | None = None
    cancels: bool = True  # the subscription, if there is one, is cancelled at the end; a policy need not
    due_on: date | None = None  # of an invoice that was sent to be paid by a day; None: it was not
    overdue: bool = False  # that day is over
    came_back: bool = False  # the payment had been received, and was taken back
    agency_from: Money | None = None  # the least amount that is handed over; None: what is due decides nothing
    again: bool = False  # a message of this stage went out on a day before
    warned: bool = False  # a final notice certainly went out before
    also_final: tuple[str, ...] = ()  # other invoices whose final notice it is as well: they end together
    # Of a closing message; `ends_on` is then when the subscription was cancelled, `ending` what became of the debt.
    closed: Closed | None = None
    restored: bool = False  # the access was restricted, and is full again
    settled_for: Money | None = None
    also_settled: tuple[Money, ...] = ()  # for how much each of `also_final` was settled

    def with_due(self, remaining: Money) -> "MessageFacts":
        """The facts for what is due at the moment of sending: it may have become too little for the agency."""
        if self.ending is None or self.agency_from is None or self.agency_from.currency != remaining.currency:
            return self
        ending = Ending.COLLECTIONS if self.agency_from <= remaining else Ending.WRITE_OFF
        return self.model_copy(update={"ending": ending})

    def closes_as(self, other: "MessageFacts") -> bool:
        """Whether one closing message says both, once it names both invoices. That the access is back holds for the
        subscription."""
        return self.closed is not None and (self.closed, self.ending, self.ends_on) == (
            other.closed,
            other.ending,
            other.ends_on,
        )

    def ends_with(self, other: "MessageFacts") -> bool:
        """Whether one sentence says the end of both."""
        return (self.ends_on, self.ending, self.cancels) == (other.ends_on, other.ending, other.cancels)


_BY_STRICTNESS = [*Access]
_DONE = StepState.DONE
new_facts = unchecked(MessageFacts)


def _action(now: "Situation") -> DeclineClass | None:
    """What the customer has to do, if retrying alone will not help."""
    if not now.case.invoice.has_no_method and now.awaits_customer:
        return now.case.decline_class
    return DeclineClass.NEW_METHOD if now.case.invoice.has_no_method or now.method_spent else None


def _their_try(now: "Situation", ends: datetime) -> datetime | None:
    """The provider's own next try. What only the customer can put right, no try of its own does."""
    planned = now.case.invoice.next_try_at
    return planned if planned and now.at < planned < ends and not now.awaits_customer else None


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _no_later_than(now: "Situation", waiting: Waiting, step: Step, at: datetime) -> datetime:
    """When a restriction comes that waits for a message that its provider does not take: no later than what is due of a
    later day takes the message's place (domain/skips.py)."""
    slot = now.slot_of(step)
    if slot is None or now.policy.catch_up is CatchUp.ALL:
        return at
    held = [other for other in now.possible if other.key in now.case.unfinished and other.newest_only]
    for other in held:
        goes, late = waiting.wake(other)[0], other.due + now.policy.late_after
        if other.day > step.day or goes < at:
            continue
        newer = (one.due for one in now.possible if one.newest_only and one.day > other.day and one.due > late)
        at = min([at, *(max(due, now.at, slot.due) for due in newer if due <= goes)])
    return at


def message_facts(now: "Situation", stage: Stage) -> MessageFacts:
    """The facts for one message that is sent now, from the same schedule that the case follows."""
    if now.said is None:
        now.said = _facts(now, stage)
    return now.said.but(stage=stage, again=_was_said(now, stage))


def call_facts(now: "Situation") -> MessageFacts:
    """The same for a call. A restriction that will be left out, as nothing certainly went out yet (domain/skips.py), is
    none to speak of: a call is no message that announces it."""
    said = message_facts(now, Stage.REMINDER)
    return said if was_told(now.case) else said.but(restricts_on=None, tightens=False)


def was_told(case: Case) -> bool:
    """Whether a message that says what comes certainly went out."""
    return any(r.state is _DONE and not r.unsure and r.step.says_what_comes for r in case.steps.values())


def _was_said(now: "Situation", stage: Stage) -> bool:
    """Whether a message of this stage certainly went out on a day before."""
    messages = [record for record in now.case.steps.values() if record.step.says_what_comes]
    said = [m for m in messages if getattr(m.step, "stage", None) is stage and m.state is _DONE and not m.unsure]
    return any(now.schedule.date(m.at) < now.today for m in said)


def _end(now: "Situation") -> datetime:
    """When the case ends. A day that passed while the final notice could not go out is no date to name: what is sent
    now, that notice or one before it, leaves the notice period. After a notice that went out the end is not put off."""
    ends = now.ends_at
    if ends > now.at or now.warned_at:
        return max(ends, now.at)
    row = now.collections_wait(now.at)
    return now.schedule.end(now.at, row.wait.days if row and row.wait else 0)


def _facts(now: "Situation", stage: Stage) -> MessageFacts:
    case, ends = now.case, _end(now)
    # Where nothing is put off, and nothing comes besides the timeline, each step's own time says when it comes.
    waiting = Waiting(now, now.possible) if now.puts_off or now.unplanned[0] else None
    # A subscription that is cancelled is not restored by paying: nothing is said of an access that returns.
    served = not has_ended(case)

    has_none = case.invoice.has_no_method
    decline_reason = case.decline.reason if case.decline else None

    def charged(step: Step) -> datetime | None:
        if getattr(step, "attempt_kind", None) is AttemptKind.OTHER_METHOD:
            return None  # whether there is one, is seen when it is tried
        at = waiting.wake(step)[0] if waiting else max(step.due, now.not_before(step) or step.due)
        return at if now.at < at < ends else None

    def restricted(step: Step) -> datetime | None:
        assert isinstance(step, AccessStep)  # noqa: S101 - asked of no other kind
        less = _BY_STRICTNESS.index(step.access) > _BY_STRICTNESS.index(access)
        at = waiting.wake(step)[0] if waiting else max(step.due, now.at)
        if waiting and now.case.unfinished and less:
            at = _no_later_than(now, waiting, step, at)
        return at if less else None

    access = standing_access(case) if served else Access.FULL
    restricts = now.first(AccessStep, restricted) if served else None
    next_charge = None if has_none else _first(now.first(ChargeStep, charged), _their_try(now, ends))
    cancels = now.first(CancelStep, lambda step: step.due) if served else None
    collections = now.policy.endgame.collections
    decided = begun_handoff(case) or now.circumstances.installation.no_agency
    minimum = () if collections is None or decided else collections.minimum
    currency = case.due.currency
    due_on = now.local(case.invoice.due_at or case.facts.opened_at).date() if case.invoice.sent else None
    return new_facts(
        stage=stage,
        reason=Reason.NO_PAYMENT_METHOD if has_none else decline_reason,
        action=_action(now),
        tried=case.tried,
        next_charge_on=now.schedule.date(next_charge) if next_charge else None,
        access=access,
        restricts_on=now.schedule.date(restricts) if restricts else None,
        tightens=restricts is not None and access is not Access.FULL,
        ends_on=now.schedule.date(ends),
        ending=Ending.COLLECTIONS if goes_to_collections(now) else Ending.WRITE_OFF,
        due_on=due_on,
        overdue=due_on is not None and due_on < now.today,
        cancels=cancels is not None,
        agency_from=next((row for row in minimum if row.currency == currency), None),
        came_back=case.facts.reopens is not None,
        warned=now.warned_at is not None,
    )
