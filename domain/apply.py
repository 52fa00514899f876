"""How a case changes: one function per thing that can happen to it. Pure; each returns the next case.

A fact that comes twice is applied once, and facts may come late and in any order. Nothing here refuses: orders
are checked in `domain/orders.py` before they come here.
"""

from datetime import datetime, timedelta
from typing import Any

from domain import events
from domain.calendar import local
from domain.case import (
    Attempt,
    Case,
    ChargeOutcome,
    Closing,
    Handoff,
    Hold,
    HoldReason,
    Outcome,
    Postponement,
    StepRecord,
    StepState,
)
from domain.declines import OPERATOR_MUST_ACT, Decline, DeclineClass
from domain.effects import ChargeOrder, ChargeResult, ContactOutcome, ContactState, Done, HandoffResult
from domain.events import InvoiceState
from domain.money import CurrencyMismatch, Money
from domain.steps import OURS, RECALL_SECOND, Access, Channel, Stage, Step, StepKind

_SEEN_KEPT = 300
_JOURNAL_KEPT = 60
_PROCESSING_LIMIT = timedelta(days=14)
"""How long a bank debit may be on its way before the case goes on; the slowest scheme answers within two weeks."""

_ONLY_WHILE_OPEN = frozenset({StepKind.RESTRICT, StepKind.CANCEL_SUBSCRIPTION, StepKind.HANDOFF})


def changed(case: Case, **update: Any) -> Case:
    return case.model_copy(update=update)


def note(case: Case, now: datetime, sentence: str) -> Case:
    """Adds a line to the journal that operators read in the Temporal UI."""
    line = f"{now:%Y-%m-%d %H:%M} {sentence}"
    return changed(case, journal=(*case.journal, line)[-_JOURNAL_KEPT:])


def once(case: Case, event_id: str) -> Case | None:
    """The case that remembers this event, or None when it was applied before."""
    if event_id in case.seen:
        return None
    return changed(case, seen=(*case.seen, event_id)[-_SEEN_KEPT:])


def payment_received(case: Case, fact: events.PaymentReceived, now: datetime) -> Case:
    """A full payment closes the case as recovered; a part payment lowers what is due and moves no date."""
    for money in (fact.amount, fact.remaining):
        if money and money.currency != case.due.currency:
            raise CurrencyMismatch(f"the payment is in {money.currency}, the invoice in {case.due.currency}")
    remaining = fact.remaining or case.due - fact.amount
    # Part payments may be reported in any order; what is due only ever falls by them.
    case = changed(case, due=min(case.due, remaining, key=lambda money: money.amount))
    if case.due.amount <= 0:
        return _recovered(case, "the invoice was paid in full", now)
    return note(case, now, f"part payment received, {case.due} still due")


def invoice_changed(case: Case, fact: events.InvoiceChanged, now: datetime) -> Case:
    if fact.remaining and fact.remaining.currency != case.due.currency:
        raise CurrencyMismatch(f"the change is in {fact.remaining.currency}, the invoice in {case.due.currency}")
    if fact.attempt:
        case = _foreign_attempt(case, fact.attempt, now)
    if fact.remaining and fact.state is InvoiceState.OPEN:
        lower = min(case.due, fact.remaining, key=lambda money: money.amount)
        if lower != case.due:
            case = note(changed(case, due=lower), now, f"the invoice changed, {lower} still due")
    return invoice_is(case, fact.state, case.due, now)


def invoice_is(case: Case, state: InvoiceState | None, remaining: Money | None, now: datetime) -> Case:
    """Takes over what was just read of the invoice: its state, and exactly what remains."""
    # At the end the case knows: what was read meanwhile may be from before the payment.
    if remaining is not None and remaining.currency == case.due.currency and case.closing is None:
        case = changed(case, due=remaining)
    match state:
        case InvoiceState.PAID:
            case = changed(case, due=Money(amount=min(case.due.amount, 0), currency=case.due.currency))
            return _recovered(case, "the invoice is paid", now)
        case InvoiceState.VOID:
            return close(case, Outcome.CANCELLED, "the invoice was voided", now)
        case InvoiceState.UNCOLLECTIBLE:
            return close(case, Outcome.WRITTEN_OFF, "the invoice was marked uncollectible", now)
        case InvoiceState.OPEN if case.due.amount <= 0:
            return _recovered(case, "nothing is due any more", now)
    return case


def payment_method_changed(case: Case, fact: events.PaymentMethodChanged, now: datetime) -> Case:
    """One immediate try follows, outside the budget."""
    said = {
        events.MethodChange.NEW: "the customer gave a new payment method",
        events.MethodChange.UPDATED: "the payment method was updated",
        events.MethodChange.AUTHENTICATED: "the customer authenticated the payment",
    }[fact.change]
    return note(changed(case, method=case.method + 1), now, said)


def dispute_opened(case: Case, now: datetime) -> Case:
    return hold(case, Hold(reason=HoldReason.DISPUTE, since=now, note="the customer disputes the payment"), now)


def dispute_closed(case: Case, fact: events.DisputeClosed, now: datetime) -> Case:
    case = release(case, {HoldReason.DISPUTE}, now)
    if fact.outcome is events.DisputeOutcome.LOST:
        return close(case, Outcome.CANCELLED, "the dispute was decided for the customer", now)
    return note(case, now, f"the dispute ended ({fact.outcome.value}): the case goes on")


def contact_reported(case: Case, fact: events.ContactReported, now: datetime) -> Case:
    case = note(case, now, f"{fact.channel.value}: {fact.result.value.replace('_', ' ')}")
    if fact.result not in events.CLOSES_CHANNEL:
        return case
    return close_channel(case, fact.channel, fact.result.value.replace("_", " "))


def close_channel(case: Case, channel: Channel, why: str) -> Case:
    """No further contact on this channel; its steps go to the policy's fallback channel."""
    return changed(case, closed_channels={**case.closed_channels, channel: why})


def agency_reported(case: Case, fact: events.AgencyReported, now: datetime) -> Case:
    if case.handoff is None:
        return note(case, now, f"an agency reported {fact.report.value}, but the case is not with an agency")
    handoff = case.handoff
    if handoff.acknowledged_at is None:
        handoff = handoff.model_copy(update={"acknowledged_at": now})
    match fact.report:
        case events.AgencyReport.ACKNOWLEDGED:
            return note(changed(case, handoff=handoff), now, "the agency acknowledged the handoff")
        case events.AgencyReport.RETURNED:
            handoff = handoff.model_copy(update={"returned": True})
            return note(changed(case, handoff=handoff), now, "the agency gave the case back without success")
        case events.AgencyReport.PAYMENT:
            case = changed(case, handoff=handoff)
            if fact.amount is None:
                return note(case, now, "the agency reported a payment without an amount: not booked")
            paid = events.PaymentReceived(event_id=fact.event_id, amount=fact.amount)
            return payment_received(case, paid, now)


def pause(case: Case, order: events.Pause, now: datetime) -> Case:
    said = Hold(reason=HoldReason.OPERATOR_PAUSE, since=now, note=order.note or f"by {order.by}", until=order.until)
    return hold(case, said, now)


def resume(case: Case, order: events.Resume, now: datetime) -> Case:
    """Ends an operator's pause and a wait for an operator. A dispute or a pending debit goes on."""
    case = release(case, {HoldReason.OPERATOR_PAUSE, HoldReason.OPERATOR_NEEDED}, now)
    if case.decline and case.decline.decline_class in OPERATOR_MUST_ACT:
        # The operator mended the merchant's side: the old answer no longer stands in the way.
        case = changed(case, decline=None)
    return note(case, now, f"resumed by {order.by}{_tail(order.note)}")


def settle(case: Case, order: events.Settle, now: datetime) -> Case:
    return close(case, Outcome.SETTLED, f"settled for {order.amount} by {order.by}{_tail(order.note)}", now)


def write_off(case: Case, order: events.WriteOff, now: datetime) -> Case:
    return close(case, Outcome.WRITTEN_OFF, f"written off by {order.by}{_tail(order.note)}", now)


def hold(case: Case, new: Hold, now: datetime) -> Case:
    """Adds a hold, or replaces the one with the same reason. The timeline stands still while there is any."""
    others = tuple(h for h in case.holds if h.reason is not new.reason)
    case = changed(case, holds=(*others, new), held_from=case.held_from or now)
    until = f" until {new.until:%Y-%m-%d}" if new.until else ""
    return note(case, now, f"on hold ({new.reason.value.replace('_', ' ')}){until}{_tail(new.note)}")


def release(case: Case, reasons: set[HoldReason], now: datetime) -> Case:
    """Ends holds. When none is left, the timeline goes on as many local days later as the holds lasted."""
    left = tuple(h for h in case.holds if h.reason not in reasons)
    if left or not case.holds:
        return changed(case, holds=left)
    days = (local(now, case.zone).date() - local(case.held_from or now, case.zone).date()).days
    return changed(case, holds=(), held_from=None, held_until=now, shift_days=case.shift_days + max(0, days))


def tick(case: Case, now: datetime) -> Case:
    """Ends the holds whose time is over."""
    over = {h.reason: h.until for h in case.holds if h.until and h.until <= now}
    # The hold ended at its own time, also when nobody was there to see it: the rest is an outage, not a hold.
    return note(release(case, set(over), max(over.values())), now, "the hold ended") if over else case


def charged(case: Case, step: Step, order: ChargeOrder, result: ChargeResult, now: datetime) -> Case:
    """Books one charge attempt of ours."""
    if result.step and result.step != step.key:
        # The number was an earlier step's, whose answer came only now: this step is still to be done.
        step = step.model_copy(update={"key": result.step, "attempt_kind": result.kind})
        order = order.model_copy(update={"kind": result.kind or order.kind, "method": case.method_tried})
    attempt = Attempt(
        number=order.attempt,
        kind=order.kind,
        at=order.as_of,
        outcome=result.outcome,
        method=order.method,
        decline_class=result.decline.decline_class if result.decline else None,
        code=result.decline.code if result.decline else None,
        step=step.key,
    )
    refused = result.outcome is ChargeOutcome.REFUSED
    case = changed(case, attempts=(*case.attempts, attempt), method_tried=max(case.method_tried, order.method))
    case = record(case, step, StepState.REFUSED if refused else StepState.DONE, now, result.why or result.outcome.value)
    match result.outcome:
        case ChargeOutcome.PAID:
            return _recovered(
                changed(case, due=Money(amount=0, currency=case.due.currency)), "our charge went through", now
            )
        case ChargeOutcome.DECLINED if result.decline:
            case = note(case, now, f"{step.title}: declined, {result.decline.code}")
            return declined(invoice_is(case, None, result.remaining, now), result.decline, now)
        case ChargeOutcome.PROCESSING:
            until = now + _PROCESSING_LIMIT
            pending = Hold(reason=HoldReason.PAYMENT_PROCESSING, since=now, until=until, note="bank debit on its way")
            return hold(case, pending, now)
        case ChargeOutcome.REFUSED if step.key.startswith("m"):
            # The old answer was about the old payment method.
            case = note(changed(case, decline=None), now, f"{step.title}: refused, {result.why}")
        case ChargeOutcome.REFUSED:
            case = note(case, now, f"{step.title}: refused, {result.why}")
    return invoice_is(case, result.invoice_state, result.remaining, now)


def declined(case: Case, decline: Decline, now: datetime) -> Case:
    """A new standing decline."""
    technical = decline.decline_class is DeclineClass.RETRY_NOW
    case = changed(case, decline=decline, declined_at=now, quick_since=(case.quick_since or now) if technical else None)
    if decline.decline_class in OPERATOR_MUST_ACT and case.closing is None:
        return needs_operator(case, f"the bank's answer {decline.code} points at the merchant's side", now)
    return case


def contacted(case: Case, step: Step, outcome: ContactOutcome, now: datetime) -> Case:
    """Books one contact."""
    match outcome.state:
        case ContactState.SENT | ContactState.UNKNOWN:
            said = "sent" if outcome.state is ContactState.SENT else "may have been sent, not repeated"
            case = note(record(case, step, StepState.DONE, now, said), now, f"{step.title}: {said}")
            if step.stage is Stage.FINAL and case.final_notice_at is None:
                case = changed(case, final_notice_at=now)
        case ContactState.REFUSED:
            case = note(record(case, step, StepState.REFUSED, now, outcome.why), now, f"{step.title}: {outcome.why}")
        case ContactState.UNREACHABLE:
            # Not the end of the step: the planner sends it on the fallback channel.
            case = close_channel(case, step.channel or Channel.EMAIL, outcome.why)
            return note(case, now, f"{step.title}: {outcome.why}")
        case ContactState.NOT_OPEN:
            why = f"the invoice is {outcome.invoice_state.value}"
            case = note(record(case, step, StepState.SKIPPED, now, why), now, f"{step.title}: not sent, {why}")
    return invoice_is(case, outcome.invoice_state, outcome.remaining, now)


def did(case: Case, step: Step, result: Done, now: datetime) -> Case:
    """Books any other effect."""
    state = result.invoice_state
    delivered = isinstance(result, HandoffResult) and bool(result.reference)
    if step.kind is StepKind.HANDOFF:
        case = changed(case, handoff_begun=None)
        if case.closing and not delivered:
            return invoice_is(case, state, result.remaining, now)
    if step.kind in _ONLY_WHILE_OPEN and not delivered and state and state is not InvoiceState.OPEN:
        # The activity found the invoice closed and did nothing: a subscription that runs on gets its service back.
        case = record(case, step, StepState.SKIPPED, now, f"the invoice is {state.value}")
        if step.kind is StepKind.RESTRICT:
            case = changed(case, access_unsure=True)  # an earlier run may have restricted before it died
        return invoice_is(case, state, result.remaining, now)
    case = note(record(case, step, StepState.DONE, now, ""), now, step.title)
    match step.kind:
        case StepKind.RESTRICT:
            case = changed(case, access=step.access or Access.READ_ONLY, access_unsure=False)
        case StepKind.RESTORE:
            case = changed(case, access=Access.FULL, access_unsure=False)
        case StepKind.CANCEL_SUBSCRIPTION:
            case = changed(case, subscription_cancelled=True)
        case StepKind.HANDOFF if isinstance(result, HandoffResult):
            second = {"reminded": True, "second_reference": result.reference}
            again = case.handoff.model_copy(update=second) if case.handoff else None
            case = changed(case, handoff=again or Handoff(at=now, reference=result.reference))
        case StepKind.RECALL if case.handoff:
            last = step.key == RECALL_SECOND or case.handoff.second_reference in ("", case.handoff.reference)
            case = changed(case, handoff=case.handoff.model_copy(update={"recalled": last}))
    return invoice_is(case, state, result.remaining, now)


def record(case: Case, step: Step, state: StepState, now: datetime, why: str) -> Case:
    entry = StepRecord(state=state, at=now, note=why, channel=step.channel, stage=step.stage)
    return changed(case, steps={**case.steps, step.key: entry})


def needs_operator(case: Case, why: str, now: datetime) -> Case:
    return hold(case, Hold(reason=HoldReason.OPERATOR_NEEDED, since=now, note=why), now)


def interrupted(case: Case, step: Step) -> Case:
    """A step ended without an answer: what cannot be looked up later may have happened."""
    match step.kind:
        case StepKind.RESTRICT:
            return changed(case, access_unsure=True)
        case StepKind.HANDOFF:
            return changed(case, handoff_begun=step.key)
    return case


def postpone(case: Case, step: Step, why: str, now: datetime) -> Case:
    """The provider did not answer in time. The step stays to be done, each time after a longer pause."""
    times = case.postponed[step.key].times + 1 if step.key in case.postponed else 1
    # Bounded before it is reckoned: after weeks the power alone is longer than any time.
    until = now + min(timedelta(hours=2 ** min(times - 1, 4)), timedelta(hours=12))
    entry = Postponement(until=until, times=times)
    case = changed(case, postponed={**case.postponed, step.key: entry})
    return note(case, now, f"{step.title}: {why}; again at {until:%Y-%m-%d %H:%M}")


def close(case: Case, outcome: Outcome, why: str, now: datetime) -> Case:
    """Decides the end. The first decision stands, but a payment still beats giving up."""
    gave_up = case.closing is not None and case.closing.outcome in (Outcome.WRITTEN_OFF, Outcome.COLLECTIONS)
    if case.closed or (case.closing and not (gave_up and outcome is Outcome.RECOVERED)):
        return case
    # Whatever held the case up is over: the end does not wait for it.
    return note(changed(case, closing=Closing(outcome=outcome, why=why, at=now), holds=(), held_from=None), now, why)


def closed(case: Case, outcome: Outcome, why: str, now: datetime) -> Case:
    """The end has been written down. Nothing can happen to the case any more."""
    closing = case.closing or Closing(outcome=outcome, why=why, at=now)
    if case.closing and case.closing.outcome is not outcome:
        return case  # a payment arrived while the end was being written: the case ends anew, as recovered
    return note(changed(case, closing=closing, closed=True), now, f"closed as {outcome.value}")


def _recovered(case: Case, why: str, now: datetime) -> Case:
    return close(case, Outcome.RECOVERED, why, now)


def _foreign_attempt(case: Case, seen: events.ReportedAttempt, now: datetime) -> Case:
    attempt = Attempt(
        number=0,
        kind=seen.kind,
        at=seen.at,
        outcome=seen.outcome,
        method=case.method,
        decline_class=seen.decline.decline_class if seen.decline else None,
        code=seen.decline.code if seen.decline else None,
    )
    if seen.kind in OURS:
        raise ValueError(f"a reported attempt cannot be of our own kind {seen.kind.value}")
    on_its_way = [a for a in case.attempts if a.outcome is ChargeOutcome.PROCESSING and a.kind in OURS]
    pending = any(h.reason is HoldReason.PAYMENT_PROCESSING for h in case.holds)
    card = seen.decline is not None and seen.decline.raw.network is not None
    if pending and on_its_way and seen.outcome is ChargeOutcome.DECLINED and not card:
        # It is the answer to our own attempt: a second one in its place would spare the code its limit of tries.
        ours = on_its_way[-1]
        answer = {"outcome": seen.outcome, "decline_class": attempt.decline_class, "code": attempt.code}
        attempts = tuple(a.model_copy(update=answer) if a is ours else a for a in case.attempts)
        case = release(changed(case, attempts=attempts), {HoldReason.PAYMENT_PROCESSING}, now)
        if seen.decline:
            return declined(note(case, now, f"the bank debit failed, {seen.decline.code}"), seen.decline, now)
        return note(case, now, "the bank debit failed")
    case = changed(case, attempts=(*case.attempts, attempt))
    return note(case, now, f"an attempt that was not ours ({seen.kind.value.replace('_', ' ')}): {seen.outcome.value}")


def _tail(text: str) -> str:
    return f": {text}" if text else ""
