"""The end of a case: when it is decided, and the effects that it still needs, one after the other."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from domain.agency import AgencyState
from domain.case import Case, Hold, HoldReason, Outcome
from domain.decisions import Act, Wait, new_wait
from domain.invoice import SubscriptionState
from domain.kinds.access import AccessStep, may_be_limited
from domain.kinds.cancellation import begun_cancellation, has_ended, is_cancelled
from domain.kinds.handoff import HandoffStep, begun_handoff, why_no_handoff
from domain.kinds.recall import RecallStep
from domain.kinds.write_off import WriteOffStep
from domain.outside import outside_payments
from domain.policy import Policy
from domain.rules.invoice import CancelledSubscription
from domain.steps import Access, Step

if TYPE_CHECKING:
    from domain.situation import Situation

_RECALL, _RECALL_SECOND, _WRITE_OFF = "end-recall", "end-recall-second", "end-write_off"
_ENDED = SubscriptionState.ENDED


_NOBODY_KNOWS = "no final notice certainly reached the customer, so the end has not come"


class End(NamedTuple):
    """How a case ends, and why."""

    outcome: Outcome
    why: str


def end_of(now: "Situation") -> End | None:
    """The end that was decided or that has come; None while the case goes on."""
    case = now.case
    if case.closing:
        return End(case.closing.outcome, case.closing.why)
    if case.holds:
        return None
    if (
        case.invoice.subscription is _ENDED
        and now.policy.cancelled_subscription is CancelledSubscription.CLOSE
        and not (is_cancelled(case) or begun_cancellation(case))
    ):
        return End(Outcome.CANCELLED, "the subscription was ended, and by policy the case with it")
    if case.handoff:
        return _end_with_agency(case, now.policy, now.at)
    if now.timeline_is_over:
        why = why_no_handoff(now) or "too small for collections"
        return End(Outcome.WRITTEN_OFF, f"the announced end came; {why}")
    return None


def deadline(case: Case, policy: Policy) -> datetime | None:
    """Until when the agency may keep the case; None when it has none or is to give it back, or the policy knows no
    agency any more."""
    rules = policy.endgame.collections
    kept = case.handoff if not case.recall_ordered else None
    return kept.at + timedelta(days=rules.deadline_days) if kept and rules else None


def unannounced(now: "Situation", act: Act) -> Wait | None:
    """Asks a human instead, when an end is due and no final notice certainly went out. Asked once."""
    case = now.case
    if case.end_asked or now.end or not any(effect.step.is_an_end(now) for effect in act.effects) or now.warned_at:
        return None
    asks = Hold(reason=HoldReason.OPERATOR_NEEDED, since=now.at, note=_NOBODY_KNOWS)
    return new_wait(until=None, why=f"on hold ({asks})", hold=asks, put_off=act.put_off)


def ordered_recall(now: "Situation") -> Iterator[Step]:
    """The recall that an operator ordered."""
    handoff = now.case.handoff
    if not now.case.recall_ordered or handoff is None or handoff.is_over:
        return
    for reference in handoff.references[:1]:
        key = "recall-second" if "recall" in now.case.steps else "recall"
        yield RecallStep(key=key, due=now.at, day=0, reference=reference, ordered=True)


def second_delivery(now: "Situation") -> Iterator[Step]:
    """The second delivery, when nobody acknowledges the first and nothing is to be taken back."""
    rules, handoff = now.policy.endgame.collections, now.case.handoff
    ends = deadline(now.case, now.policy)
    if rules is None or handoff is None or ends is None:
        return
    if handoff.state >= AgencyState.REPEATED:
        return
    due = handoff.at + timedelta(days=rules.acknowledge_within_days)
    if due < ends:
        yield HandoffStep(key="handoff-again", due=due, day=0, again=True)


def steps_to_end(now: "Situation") -> Iterator[Step]:
    """What the end still needs next. The customer's own comes first; each waits for the one before."""
    case, end = now.case, now.end
    if end is None:
        return
    if may_be_limited(case) and _gives_back(now, end):
        yield AccessStep(key="end-restore", due=now.at, day=0, access=Access.FULL)
        return
    handoff = case.handoff
    if end.outcome is not Outcome.COLLECTIONS and not (handoff and handoff.is_over):
        if begun := begun_handoff(case):
            yield begun.model_copy(update={"due": now.at, "ends": False})
            return
        if handoff and handoff.references:
            key = _RECALL_SECOND if _RECALL in case.steps else _RECALL
            yield RecallStep(key=key, due=now.at, day=0, reference=handoff.reference)
            return
    if first := outside_payments(now)[:1]:
        yield from first
        return
    written_off = now.timeline_is_over and handoff is None
    gives_up = end.outcome in (Outcome.WRITTEN_OFF, Outcome.SETTLED) and not written_off
    if gives_up and case.due.amount > 0 and _WRITE_OFF not in case.steps:
        yield WriteOffStep(key=_WRITE_OFF, due=now.at, day=0)


def _gives_back(now: "Situation", end: End) -> bool:
    """Whether the end gives the service back: always to who owes nothing more, and by policy to who is given up."""
    if end.outcome in (Outcome.WRITTEN_OFF, Outcome.COLLECTIONS):
        return now.policy.endgame.restore and not has_ended(now.case)
    return not is_cancelled(now.case)


def _end_with_agency(case: Case, policy: Policy, at: datetime) -> End | None:
    if case.handoff and case.handoff.state is AgencyState.RECALLED:
        return End(Outcome.WRITTEN_OFF, "recalled from the agency by an operator, and given up")
    if case.recall_ordered and case.handoff and not case.handoff.is_over:
        return None  # what the agency has is taken back first
    ends = deadline(case, policy)
    if ends is None or (case.handoff and case.handoff.state is AgencyState.RETURNED):
        return End(Outcome.WRITTEN_OFF, "the agency gave the case back without success")
    rules = policy.endgame.collections
    if rules and at >= ends:
        return End(Outcome.COLLECTIONS, f"{rules.deadline_days} days with the agency are over")
    return None
