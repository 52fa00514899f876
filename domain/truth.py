"""What a message says about the case. Every word of it has to be true at the moment of sending."""

from datetime import datetime

from domain.calendar import local
from domain.case import Case
from domain.declines import Reason
from domain.effects import Ending, MessageFacts
from domain.money import Money
from domain.reasons import why_blocked
from domain.steps import Access, Stage, Step, StepKind
from domain.timeline import ending_kind, ends_at, pending


def message_facts(case: Case, step: Step, now: datetime) -> MessageFacts:
    """The facts for one message that is sent at `now`, from the same schedule that the case follows."""
    steps = [s for s in pending(case, now) if not why_blocked(case, s)]
    ends = ends_at(case, now)
    charges = [at for s in steps if s.kind is StepKind.CHARGE and now < (at := _at(case, s)) < ends]
    # A subscription that is cancelled is not restored by paying: nothing is said of an access that returns.
    served = not case.subscription_cancelled
    restricts = [s.due for s in steps if s.kind is StepKind.RESTRICT and served]
    cancels = [s for s in steps if s.kind is StepKind.CANCEL_SUBSCRIPTION and s.due >= ends]
    reason = case.decline.reason if case.decline else Reason.DECLINED
    return MessageFacts(
        stage=step.stage or Stage.REMINDER,
        reason=reason if case.tried else Reason.NO_PAYMENT_METHOD,
        action=case.decline_class if case.awaits_customer else None,
        tried=case.tried,
        next_charge_on=local(min(charges), case.zone).date() if charges else None,
        access=case.access if served else Access.FULL,
        restricts_on=local(max(min(restricts), now), case.zone).date() if restricts else None,
        ends_on=local(ends, case.zone).date(),
        ending=Ending.COLLECTIONS if ending_kind(case) is StepKind.HANDOFF else Ending.WRITE_OFF,
        cancels=bool(cancels),
        agency_from=_agency_from(case),
    )


def _agency_from(case: Case) -> Money | None:
    collections = case.policy.endgame.collections
    if collections is None or case.handoff_begun:
        return None
    return next((row for row in collections.minimum if row.currency == case.due.currency), None)


def _at(case: Case, step: Step) -> datetime:
    """When a try will be made: later than planned when its provider did not answer."""
    postponed = case.postponed.get(step.key)
    return max(step.due, postponed.until) if postponed else step.due
