"""What a case makes of the answer to a charge of ours that came by another way than to its request. Pure."""

from datetime import datetime

from domain.calendar import local
from domain.case import Attempt, Case, ChargeOutcome, HoldReason
from domain.changes import changed, release
from domain.events import ReportedAttempt
from domain.kinds.charge import ChargeResult, ChargeStep
from domain.steps import AttemptKind

_PROCESSING = ChargeOutcome.PROCESSING


def answered_elsewhere(case: Case, seen: ReportedAttempt, at: datetime) -> Case:
    """The case that knows what became of the attempt. Raises ValueError for one without its step."""
    if not seen.step:
        raise ValueError(f"attempt {seen.number} of our own needs its step")
    decline = seen.decline
    answer = {
        "outcome": seen.outcome,
        "decline_class": decline.decline_class if decline else None,
        "code": decline.code if decline else None,
    }
    step, known = _step_of(case, seen), case.ours(seen.number)
    if known and (known.outcome is not _PROCESSING or seen.outcome is _PROCESSING):
        return case
    if known:
        attempts = tuple(known.but(**answer) if one is known else one for one in case.attempts)
    else:
        attempt = Attempt(
            number=seen.number, kind=seen.kind, at=seen.at, method=_method_of(case, seen), step=seen.step, **answer
        )
        attempts = (*case.attempts, attempt)
    case = changed(case, attempts=attempts)
    if seen.outcome is not _PROCESSING:
        case = release(case, {HoldReason.PAYMENT_PROCESSING}, at)
    return step.answered(case, ChargeResult(outcome=seen.outcome, decline=decline), at)


def _method_of(case: Case, seen: ReportedAttempt) -> int:
    """Which change of the payment method it tried: one that came after it is still to be tried."""
    newest = case.method_changes
    is_its_try = seen.kind is AttemptKind.NEW_METHOD and seen.step == f"m{newest}-charge"
    return newest if is_its_try else case.method_tried


def _step_of(case: Case, seen: ReportedAttempt) -> ChargeStep:
    """The step of an attempt, as it was begun."""
    record, known = case.steps.get(seen.step), case.unfinished.get(seen.step)
    for step in (record.step if record else None, known.step if known else None):
        if isinstance(step, ChargeStep):
            return step
    day = (local(seen.at, case.zone).date() - case.opened_on).days
    return ChargeStep(key=seen.step, due=seen.at, day=day, attempt_kind=seen.kind)
