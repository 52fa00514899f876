"""The ways in which a case changes, whatever brought it about. Pure; each returns the next case."""

from datetime import datetime, timedelta
from typing import Any

from domain import outgoing
from domain.calendar import local, minute
from domain.case import Case, Closing, Hold, HoldReason, Outcome, StepRecord, StepState, Unfinished, new_step_record
from domain.consent import together
from domain.declines import CUSTOMER_MUST_ACT, OPERATOR_MUST_ACT, Decline, DeclineClass
from domain.gates import Postpone, Stopped
from domain.invoice import NO_METHOD, InvoiceNow, InvoiceState, MethodRef, SubscriptionState
from domain.money import Money
from domain.outside import unrecorded
from domain.paid import came_in, is_credited, received
from domain.record import Entry, new_entry
from domain.retries import BY_POLICY, IN_SHORT, in_utc, two_owners
from domain.rules.invoice import PAYING
from domain.steps import Channel, Step

PROCESSING_LIMIT = timedelta(days=14)
"""How long a payment may be on its way before the case looks again; the slowest scheme answers within two weeks."""

_REFUSED_KEPT = 10
_SEEN_KEPT = 300
_SHOWN_KEPT = 60
_DISPUTES_KEPT = 50  # of those that are over
_UNWRITTEN_KEPT = 200  # they travel with the case, whose size is bounded

REFUND_DUE = "refund due"
"""What entries say of money that came in twice."""

_OPEN = InvoiceState.OPEN
END = "end"
"""Where entries about the end of a case come from."""


changed = Case.but


def shown(case: Case, entry: Entry) -> Case:
    """Adds an entry to what operators see; the ledger has it already, or gets it from who did it."""
    return changed(case, record=_with(case, entry))


def _with(case: Case, entry: Entry) -> tuple[Entry, ...]:
    return (*case.record, entry.but(event=None) if entry.event else entry)[-_SHOWN_KEPT:]


def said(case: Case, entry: Entry) -> Case:
    """Adds an entry for operators, and for the ledger with the next decision."""
    return changed(shown(case, entry), unwritten=(*case.unwritten, entry)[:_UNWRITTEN_KEPT])


def once(case: Case, event_id: str) -> Case | None:
    """The case that remembers this event, or None when it was applied before."""
    if event_id in case.seen:
        return None
    return changed(case, seen=(*case.seen, event_id)[-_SEEN_KEPT:])


def asked_about_the_end(case: Case, new: Hold, at: datetime) -> Case:
    """A human decides whether the end goes on: asked once, and released by the human alone."""
    return changed(hold(case, new, at, END), end_asked=at)


def ended(
    case: Case,
    step: Step,
    state: StepState,
    at: datetime,
    why: str = "",
    *,
    unsure: bool = False,
    entry: Entry | None = None,
) -> Case:
    """The step has come to its end, one way or another; operators see the entry, if there is one."""
    record = new_step_record(step=step, state=state, at=at, note=why, unsure=unsure)
    return _over(case, step, record, record=_with(case, entry)) if entry else _over(case, step, record)


def done(case: Case, step: Step, at: datetime, what: str = "done", *, unsure: bool = False) -> Case:
    """The step was done, and operators see it."""
    note = "" if what == "done" else what
    record = new_step_record(step=step, state=StepState.DONE, at=at, note=note, unsure=unsure)
    entry = new_entry(at=at, step=step.key, what=what, why="")
    return _over(case, step, record, record=_with(case, entry))


def stopped(case: Case, step: Step, found: Stopped, at: datetime, what: str, *, unsure: bool = False) -> Case:
    """Its activity found something in the way and did nothing: that is on record as well.

    What was only put off stays to be done.
    """
    event: outgoing.Outgoing
    if found.until:
        case = _off(case, step, found.until, found.rule, at)
        what = f"{what}, postponed to {minute(found.until)}"
        event = outgoing.StepPostponed(kind=step.kind, until=found.until)
    else:
        case = ended(case, step, StepState.SKIPPED, at, found.why, unsure=unsure)
        event = outgoing.StepSkipped(kind=step.kind)
    return said(case, new_entry(at=at, step=step.key, what=what, why=found.why, rule=found.rule, event=event))


def _over(case: Case, step: Step, became: StepRecord, **besides: Any) -> Case:
    key = step.key
    if key in case.unfinished:
        besides["unfinished"] = {other: known for other, known in case.unfinished.items() if other != key}
    if key in case.put_off:
        besides["put_off"] = {other: until for other, until in case.put_off.items() if other != key}
    return changed(case, steps={**case.steps, key: became}, **besides)


def begun(case: Case, step: Step) -> Case:
    """The step was tried and nobody knows whether it happened."""
    known = case.unfinished.get(step.key) or Unfinished(step=step)
    return _unfinished(case, known.but(begun=True))


def put_off(case: Case, step: Step, answer: Postpone, at: datetime) -> Case:
    """A rule allows the step later: it stays to be done. Whoever asked the rule has written the entry."""
    case = _off(case, step, answer.until, answer.rule, at)
    what = f"postponed to {minute(answer.until)}"
    return shown(case, new_entry(at=at, step=step.key, what=what, why=answer.why, rule=answer.rule))


def _off(case: Case, step: Step, until: datetime, rule: str | None, at: datetime) -> Case:
    known = case.unfinished.get(step.key) or Unfinished(step=step)
    known = known.but(not_before=until, rule=rule or "rule", since=known.since if known.rule else at)
    return changed(_unfinished(case, known), put_off={**case.put_off, step.key: until})


def unanswered(case: Case, step: Step, why: str, at: datetime) -> Case:
    """The provider did not answer in time. The step stays to be done, each time after a longer pause."""
    known = case.unfinished.get(step.key) or Unfinished(step=step)
    times = known.times + 1
    # The exponent is bounded first: after weeks the power alone is longer than any time.
    until = at + min(timedelta(hours=2 ** min(times - 1, 4)), timedelta(hours=12))
    case = _unfinished(case, known.but(not_before=until, times=times, rule=None, trouble=why))
    event = outgoing.StepPostponed(kind=step.kind, until=until)
    return said(case, new_entry(at=at, step=step.key, what=f"postponed to {minute(until)}", why=why, event=event))


def not_made(case: Case, step: Step, why: str, at: datetime, until: datetime) -> Case:
    """Certainly nothing came of the tries so far. The step stays to be done, from `until` on."""
    known = case.unfinished.get(step.key) or Unfinished(step=step)
    case = _unfinished(case, known.but(not_before=until, begun=False, rule=None, trouble=why))
    return shown(case, new_entry(at=at, step=step.key, what="not charged, tried again", why=why))


def _unfinished(case: Case, known: Unfinished) -> Case:
    return changed(case, unfinished={**case.unfinished, known.step.key: known})


def invoice_is(case: Case, read: InvoiceNow, at: datetime, source: str, *, before: MethodRef | None = None) -> Case:
    """Takes over what was just read of the invoice: its state, exactly what remains, and what else decides.

    `before`: the payment method that was known, where the case has the new one already.
    """
    before = before or case.invoice.method
    case = taken_over(case, read, at, source)
    case, fresh = came_in(case, read.paid)
    case = said(case, received(fresh, at, source)) if fresh else case
    known = case.invoice
    # At the end the case knows: what was read meanwhile may be from before the payment.
    remaining = read.remaining
    if remaining is not None and remaining.currency == case.due.currency and case.closing is None:
        case = changed(case, due=known_here(case, remaining))
    match read.state:
        case InvoiceState.PAID:
            case = changed(case, due=Money(amount=min(case.due.amount, 0), currency=case.due.currency))
            return recovered(case, "the invoice is paid", at, source, read.paid)
        case InvoiceState.VOID:
            return close(case, Outcome.CANCELLED, "the invoice was voided", at, source)
        case InvoiceState.UNCOLLECTIBLE:
            return close(case, Outcome.WRITTEN_OFF, "the invoice was marked uncollectible", at, source)
        case InvoiceState.OPEN if case.due.amount <= 0:
            return recovered(case, "nothing is due any more", at, source, read.paid)
    if known.subscription is SubscriptionState.NOT_BEGUN:
        return close(case, Outcome.CANCELLED, "the sign-up was never finished", at, source)
    return _payment_is(_method_is(case, before, at, source), read.paying, at, source)


def _method_is(case: Case, before: MethodRef | None, at: datetime, source: str) -> Case:
    """A standing decline is the answer to one payment method: with another one on file it stands no more.

    One that was not there before is news as well, whoever told it: its event may be lost.
    """
    if case.decline and not case.decline.is_about(case.invoice.method):
        return another_method(case, "another payment method is on file", at, source)
    if _came(case, before):
        return another_method(case, "a payment method is on file that was not there before", at, source)
    return case


def _came(case: Case, before: MethodRef | None) -> bool:
    """Whether there is a payment method to charge that was neither known nor tried."""
    method = case.invoice.method
    if before is None or method in (None, NO_METHOD) or case.invoice.sent:
        return False
    standing = case.decline.raw.method if case.decline else None
    return not any(known.is_same(method) for known in (before, standing, case.tried_method) if known)


def taken_over(case: Case, read: InvoiceNow, at: datetime, source: str) -> Case:
    """The case that knows what was read of the invoice; a new plan of the provider's own tries is on record."""
    before, known = case.invoice, case.invoice.known_with(lasting(read))
    if known is before:
        return case
    case = changed(case, invoice=known)
    planned = known.next_try_at
    if planned == before.next_try_at:
        return case
    what = f"Stripe's own try is planned for {in_utc(planned)}" if planned else "Stripe plans no further try"
    why = IN_SHORT if two_owners(case.retry_owner, planned) else BY_POLICY[case.retry_owner]
    return said(case, new_entry(at=at, step=source, what=what, why=why))


def another_method(case: Case, why: str, at: datetime, source: str) -> Case:
    """A payment method that was not tried yet: one immediate try follows, outside the budget.

    One that a bank has refused for good before is refused still.
    """
    case = _set_aside(case)
    method = case.invoice.method
    if method and (known := next((d for d in case.refused if d.raw.method and d.raw.method.is_same(method)), None)):
        case = changed(case, decline=known, declined_at=at, quick_since=None)
        why = f"{why}, which was refused before ({known.code})"
        return said(case, _method_entry(at, source, why))
    case = changed(case, method_changes=case.method_changes + 1)
    return said(case, _method_entry(at, source, why))


def _method_entry(at: datetime, source: str, why: str) -> Entry:
    return new_entry(at=at, step=source, what="payment method changed", why=why, event=outgoing.PaymentMethodChanged())


def _set_aside(case: Case) -> Case:
    """The standing decline of another method stands no more; one that binds is remembered with its method."""
    decline = case.decline
    if decline is None or decline.is_about(case.invoice.method):
        return case
    case = changed(case, decline=None, declined_at=None, quick_since=None)
    if decline.decline_class in CUSTOMER_MUST_ACT - {DeclineClass.AUTHENTICATE}:
        case = changed(case, refused=(*case.refused, decline)[-_REFUSED_KEPT:])
    return case


def lasting(read: InvoiceNow) -> InvoiceNow:
    """What of a reading the case keeps: what is due, what is on its way and the end have places of their own."""
    if read.state is _OPEN and read.remaining is None and read.paying is None and read.paid is None:
        return read
    return read.but(state=_OPEN, remaining=None, paying=None, paid=None)


def refund_is_due(case: Case, amount: Money, why: str, at: datetime, source: str) -> Case:
    """Money came in twice: the operators are told, and nothing is given back by itself."""
    case = changed(case, refund_due=case.refund_due + amount if case.refund_due else amount)
    event, why = outgoing.RefundDue(amount=amount), f"{amount} to be given back: {why}"
    return said(case, new_entry(at=at, step=source, what=REFUND_DUE, why=why, event=event))


def known_here(case: Case, remaining: Money) -> Money:
    """What remains by the provider's account, less what was paid elsewhere and is not in it yet.

    That it may be in it already, and only our knowledge of it is late, must not make a debt disappear.
    """
    elsewhere = sum(payment.amount.amount for payment in unrecorded(case))
    left = remaining.amount - elsewhere
    return case.due if elsewhere and left <= 0 < case.due.amount else Money(amount=left, currency=remaining.currency)


def _payment_is(case: Case, on_its_way: bool | None, at: datetime, source: str) -> Case:
    """Stands still while a payment is on its way, whoever began it; None: that was not to be seen."""
    if not on_its_way and not case.holds:
        return case
    held = any(h.reason is HoldReason.PAYMENT_PROCESSING for h in case.holds)
    if on_its_way and not held and case.closing is None:
        note, until = "a payment of the customer is on its way", at + PROCESSING_LIMIT
        return hold(case, Hold(reason=HoldReason.PAYMENT_PROCESSING, since=at, until=until, note=note), at, source)
    return release(case, {HoldReason.PAYMENT_PROCESSING}, at) if held and on_its_way is False else case


def declined(case: Case, decline: Decline, at: datetime) -> Case:
    """A new standing decline."""
    technical = decline.decline_class is DeclineClass.RETRY_NOW
    quick_since = (case.quick_since or at) if technical else None
    case = changed(case, decline=decline, declined_at=at, quick_since=quick_since)
    if decline.decline_class in OPERATOR_MUST_ACT and case.closing is None:
        return needs_operator(case, f"the bank's answer {decline.code} points at the merchant's side", at)
    return case


def other_declined(case: Case, decline: Decline, at: datetime) -> Case:
    """A decline of a payment method that is not the invoice's own: that one is not tried again."""
    case = changed(case, refused=(*case.refused, decline)[-_REFUSED_KEPT:])
    if decline.decline_class in OPERATOR_MUST_ACT and case.closing is None:
        return needs_operator(case, f"the bank's answer {decline.code} points at the merchant's side", at)
    return case


def not_arrived(case: Case, channel: Channel) -> Case:
    """Nothing that was sent on this channel certainly arrived."""
    steps = {
        key: record.but(unsure=True) if getattr(record.step, "channel", None) is channel else record
        for key, record in case.steps.items()
    }
    return changed(case, steps=steps)


def close_channel(case: Case, channel: Channel, why: str) -> Case:
    """No further contact on this channel; its steps go to the policy's fallback channel."""
    return changed(case, closed_channels=together(case.closed_channels, {channel: why}))


def hold(case: Case, new: Hold, at: datetime, source: str = "hold") -> Case:
    """Adds a hold, or replaces the one with the same reason. The timeline stands still while there is any."""
    others = tuple(h for h in case.holds if h.reason is not new.reason)
    case = changed(case, holds=(*others, new), held_from=case.held_from or at)
    until = f" until {new.until:%Y-%m-%d}" if new.until else ""
    what = f"on hold ({new.reason.value.replace('_', ' ')}){until}"
    return said(case, new_entry(at=at, step=source, what=what, why=new.note, event=new.event))


def disputed(case: Case, dispute_id: str, at: datetime, source: str) -> Case:
    """The customer contests a payment: the case stands still until that is over."""
    case = with_disputes(case, {dispute_id: True})
    note = "the customer disputes a payment" if dispute_id else "the customer disputes the payment"
    return hold(case, Hold(reason=HoldReason.DISPUTE, since=at, note=note), at, source)


def with_disputes(case: Case, news: dict[str, bool]) -> Case:
    """The case that knows how these disputes stand. Those that are over are remembered: events come in any order."""
    known = {**case.disputes, **news}
    over = [dispute for dispute, is_open in known.items() if not is_open]
    forgotten = set(over[: max(0, len(over) - _DISPUTES_KEPT)])
    return changed(case, disputes={dispute: known[dispute] for dispute in known if dispute not in forgotten})


def needs_operator(case: Case, why: str, at: datetime) -> Case:
    return hold(case, Hold(reason=HoldReason.OPERATOR_NEEDED, since=at, note=why), at)


def release(case: Case, reasons: set[HoldReason], at: datetime) -> Case:
    """Ends holds. When none is left, the timeline goes on as many local days later as the holds lasted."""
    left = tuple(h for h in case.holds if h.reason not in reasons)
    if HoldReason.PAYMENT_PROCESSING in reasons and len(left) < len(case.holds):
        case = _no_longer_off(case)
    if left or not case.holds:
        return changed(case, holds=left)
    days = (local(at, case.zone).date() - local(case.held_from or at, case.zone).date()).days
    return changed(case, holds=(), held_from=None, held_until=at, shift_days=case.shift_days + max(0, days))


def _no_longer_off(case: Case) -> Case:
    """What was put off because a payment was on its way waits no longer."""
    off = {key for key, known in case.unfinished.items() if known.rule == PAYING}
    kept = {
        key: known.but(not_before=None, rule=None) if key in off else known
        for key, known in case.unfinished.items()
        if key not in off or known.begun or known.times
    }
    return changed(case, unfinished=kept, put_off={k: until for k, until in case.put_off.items() if k not in off})


def tick(case: Case, at: datetime) -> Case:
    """Ends the holds whose time is over."""
    if not case.holds:
        return case
    over = {h.reason: h.until for h in case.holds if h.until and h.until <= at}
    if not over:
        return case
    # The hold ended at its own time, also when nobody was there to see it: the rest is an outage, not a hold.
    case = release(case, set(over), max(over.values()))
    reasons = ", ".join(sorted(reason.value.replace("_", " ") for reason in over))
    event = None if case.holds else outgoing.CaseResumed()
    return said(case, new_entry(at=at, step="hold", what="the hold ended", why=reasons, event=event))


def settled_for_good(case: Case) -> bool:
    """Whether an end was decided that nothing overtakes: a case that only gave up may still be paid."""
    return case.closing is not None and case.closing.outcome not in (Outcome.WRITTEN_OFF, Outcome.COLLECTIONS)


def close(case: Case, outcome: Outcome, why: str, at: datetime, source: str = END) -> Case:
    """Decides the end. The first decision stands, but a payment still beats giving up."""
    if case.closed or settled_for_good(case) or (case.closing and outcome is not Outcome.RECOVERED):
        return case
    # Whatever held the case up is over: the end does not wait for it.
    case = changed(case, closing=Closing(outcome=outcome, why=why, at=at), holds=(), held_from=None)
    event = outgoing.CaseRecovered() if outcome is Outcome.RECOVERED else None
    return said(case, new_entry(at=at, step=source, what=f"to be closed as {outcome.value}", why=why, event=event))


def recovered(case: Case, why: str, at: datetime, source: str, paid: Money | None = None) -> Case:
    """Nothing is due any more. `paid`: all that has come in, by the provider's account."""
    if is_credited(case, paid):
        return close(case, Outcome.CANCELLED, "the invoice was credited in full, and nothing was paid", at, source)
    return close(case, Outcome.RECOVERED, why, at, source)
