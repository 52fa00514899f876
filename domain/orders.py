"""An operator's orders: whether they can be carried out now, and what the case is afterwards."""

from datetime import UTC, datetime

from domain import events
from domain.case import Case, Hold, HoldReason, Outcome
from domain.changes import changed, close, hold, release, said
from domain.declines import OPERATOR_MUST_ACT
from domain.gates import ALLOW, Answer, Refuse
from domain.outgoing import CaseResumed
from domain.outside import taken_in
from domain.record import Entry

CHANGED = "version"
"""The rule that refuses an order about a case as it is no more."""
ORDER = "order"
"""Where entries about an order come from."""


def ask_any(case: Case) -> Answer:
    if case.closed or case.closing:
        outcome = case.closing.outcome.value if case.closing else "ended"
        return Refuse(why=f"The case has ended ({outcome}): nothing can be ordered any more.")
    return ALLOW


def ask_version(case: Case, order: events.Order) -> Answer:
    """Two may order at once: who names the version that was read finds out when it is the case no more."""
    if order.expects and order.expects != case.version:
        return Refuse(why="The case has changed since it was read: read it again, then order anew.", rule=CHANGED)
    return ALLOW


def ask_pause(case: Case, order: events.Pause, at: datetime) -> Answer:
    if isinstance(refusal := ask_any(case), Refuse):
        return refusal
    if any(h.reason is HoldReason.OPERATOR_PAUSE for h in case.holds):
        return Refuse(why="The case is paused already: resume it first to pause it anew.")
    if order.until and order.until.tzinfo is None:
        return Refuse(why="`until` needs a time zone, for example 2026-05-01T09:00:00Z.")
    if order.until and order.until <= at:
        when = f"{order.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return Refuse(why=f"`until` lies in the past ({when}): name a later moment, or leave it out.")
    return ALLOW


def ask_resume(case: Case, _order: events.Resume, _at: datetime) -> Answer:
    reasons = {h.reason for h in case.holds}
    if HoldReason.OPERATOR_NEEDED in reasons:
        return ALLOW  # even at the end of a case: its last effect may be what failed
    if isinstance(refusal := ask_any(case), Refuse):
        return refusal
    if HoldReason.OPERATOR_PAUSE in reasons:
        return ALLOW
    if reasons:
        waits = ", ".join(sorted(reason.value.replace("_", " ") for reason in reasons))
        return Refuse(
            why=f"The case waits for something that an operator cannot release ({waits}): it goes on when "
            "that has ended; to end it, settle it or write it off."
        )
    return Refuse(why="The case is not paused: there is nothing to resume.")


def ask_settle(case: Case, order: events.Settle, _at: datetime) -> Answer:
    if isinstance(refusal := ask_any(case), Refuse):
        return refusal
    if order.amount.currency != case.due.currency:
        return Refuse(
            why=f"The settlement is in {order.amount.currency}, the invoice in {case.due.currency}: "
            f"settle for at most {case.due}."
        )
    if order.amount.amount <= 0:
        return Refuse(why="A settlement is for more than nothing: to give the debt up, write it off.")
    if case.due < order.amount:
        return Refuse(
            why=f"The settlement ({order.amount}) is more than what is due ({case.due}): settle for at most that."
        )
    return ALLOW


def ask_write_off(case: Case, _order: events.WriteOff, _at: datetime) -> Answer:
    return ask_any(case)


def pause(case: Case, order: events.Pause, at: datetime) -> Case:
    note = order.note or f"by {order.by}"
    new = Hold(reason=HoldReason.OPERATOR_PAUSE, since=at, note=note, until=order.until)
    return hold(case, new, at, ORDER)


def resume(case: Case, order: events.Resume, at: datetime) -> Case:
    """Ends an operator's pause and a wait for an operator. A dispute or a pending debit goes on."""
    case = release(case, {HoldReason.OPERATOR_PAUSE, HoldReason.OPERATOR_NEEDED}, at)
    if case.decline and case.decline.decline_class in OPERATOR_MUST_ACT:
        # The operator corrected the merchant's side: the old answer no longer stands in the way.
        case = changed(case, decline=None)
    event = None if case.holds else CaseResumed()
    return said(case, Entry(at=at, step=ORDER, what=f"resumed by {order.by}", why=order.note, event=event))


def settle(case: Case, order: events.Settle, at: datetime) -> Case:
    if order.paid:
        case = changed(taken_in(case, order.amount, at), due=case.due - order.amount)
    case = said(case, Entry(at=at, step=ORDER, what="settlement in Stripe", why=_in_stripe(case, order)))
    paid = ", paid" if order.paid else ""
    why = f"settled for {order.amount}{paid} by {order.by}{_tail(order.note)}"
    case = close(case, Outcome.SETTLED, why, at, ORDER)
    if order.paid and case.closing and case.closing.outcome is Outcome.SETTLED:
        case = changed(case, closing=case.closing.but(settled_for=order.amount))
    return case


def _in_stripe(case: Case, order: events.Settle) -> str:
    """What a settlement does to the invoice, and whether the money is in; `case` has what is due after it."""
    given_up = f"{case.due} given up, the invoice marked uncollectible"
    if not order.paid:
        return f"nothing recorded as paid (order it with `paid` when the money is in), {given_up}"
    recorded = f"{order.amount} recorded as paid outside Stripe"
    return f"{recorded}, {given_up}" if case.due.amount > 0 else f"{recorded}, which pays the invoice"


def write_off(case: Case, order: events.WriteOff, at: datetime) -> Case:
    return close(case, Outcome.WRITTEN_OFF, f"written off by {order.by}{_tail(order.note)}", at, ORDER)


def _tail(text: str) -> str:
    return f": {text}" if text else ""
