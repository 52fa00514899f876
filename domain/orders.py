"""Whether an operator's order can be carried out now. Each function returns the refusal in one sentence, or None."""

from datetime import datetime

from domain import events
from domain.case import Case, HoldReason


def refuse_any(case: Case) -> str | None:
    if case.closed or case.closing:
        outcome = case.closing.outcome.value if case.closing else "ended"
        return f"The case has ended ({outcome}): nothing can be ordered any more."
    return None


def refuse_pause(case: Case, order: events.Pause, now: datetime) -> str | None:
    if refusal := refuse_any(case):
        return refusal
    if any(h.reason is HoldReason.OPERATOR_PAUSE for h in case.holds):
        return "The case is paused already: resume it first to pause it anew."
    if order.until and order.until.tzinfo is None:
        return "`until` needs a time zone, for example 2026-05-01T09:00:00Z."
    if order.until and order.until <= now:
        return f"`until` lies in the past ({order.until:%Y-%m-%d %H:%M}): name a later moment, or leave it out."
    return None


def refuse_resume(case: Case, _order: events.Resume, _now: datetime) -> str | None:
    reasons = {h.reason for h in case.holds}
    if HoldReason.OPERATOR_NEEDED in reasons:
        return None  # even at the end of a case: its last effect may be what failed
    if refusal := refuse_any(case):
        return refusal
    if HoldReason.OPERATOR_PAUSE in reasons:
        return None
    if reasons:
        waits = ", ".join(sorted(reason.value.replace("_", " ") for reason in reasons))
        return f"The case waits for something an operator cannot release ({waits})."
    return "The case is not paused: there is nothing to resume."


def refuse_settle(case: Case, order: events.Settle, _now: datetime) -> str | None:
    if refusal := refuse_any(case):
        return refusal
    if order.amount.currency != case.due.currency:
        return f"The settlement is in {order.amount.currency}, the invoice in {case.due.currency}."
    if order.amount.amount <= 0:
        return "A settlement is for more than nothing: to give the debt up, write it off."
    if case.due < order.amount:
        return f"The settlement ({order.amount}) is more than what is due ({case.due})."
    return None


def refuse_write_off(case: Case, _order: events.WriteOff, _now: datetime) -> str | None:
    return refuse_any(case)
