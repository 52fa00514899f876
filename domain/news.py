"""What a case makes of the facts that it is told. Pure; each function returns the next case.

A fact that comes twice is applied once, and facts may come late and in any order. Nothing here refuses.
"""

from datetime import datetime

from domain import events
from domain.agency import AgencyState
from domain.case import Attempt, Case, HoldReason, Outcome
from domain.changes import (
    another_method,
    changed,
    close,
    close_channel,
    declined,
    disputed,
    invoice_is,
    known_here,
    not_arrived,
    once,
    recovered,
    refund_is_due,
    release,
    said,
    settled_for_good,
    taken_over,
    with_disputes,
)
from domain.consent import WISHES
from domain.invoice import InvoiceState
from domain.lost_answers import answered_elsewhere
from domain.money import CurrencyMismatch
from domain.outgoing import CaseResumed, Outgoing, PaymentReceived
from domain.outside import taken_in
from domain.paid import was_told
from domain.record import Entry
from domain.steps import OURS

OVERPAID = (
    "the invoice was paid twice, and the payment provider keeps it as the customer's credit for the next invoice: "
    "refund it there, or leave it"
)
"""What operators are told of money that the payment provider itself counts as too much."""


def paid_after_all(case: Case, fact: events.PaymentReceived | events.AgencyReported, at: datetime) -> Case | None:
    """A case that ended as given up and gets money: its end is carried out once more, by what is due now. Paid in full
    it ends as recovered, with all that belongs to that: access, recall from the agency. None: it was heard before, or
    no agency had the case."""
    fresh = once(changed(case, closed=False), fact.event_id)
    if fresh is None:
        return None
    if isinstance(fact, events.PaymentReceived):
        return payment_received(fresh, fact, at)
    return agency_reported(fresh, fact, at) if fresh.handoff else None


def payment_received(case: Case, fact: events.PaymentReceived, at: datetime, *, by_agency: bool = False) -> Case:
    """A full payment closes the case as recovered; a part payment lowers what is due and moves no date.

    More than is due is taken up to that: the rest has to be given back, or was never paid.
    """
    for money in (fact.amount, fact.remaining, fact.overpaid, fact.paid):
        if money and money.currency != case.due.currency:
            raise CurrencyMismatch(f"the payment is in {money.currency}, the invoice in {case.due.currency}")
    if fact.remaining is None and settled_for_good(case):
        if case.due.amount <= 0:
            why = "it came in outside the payment provider when nothing was due any more"
            return refund_is_due(case, fact.amount, why, at, fact.event_id)
        # The end is being carried out by what was due then.
        why = f"{fact.amount}, after the end: not booked"
        return _told(case, fact.event_id, "payment received", why, at, PaymentReceived(amount=fact.amount))
    if fact.remaining is None and case.due < fact.amount:
        why = f"{fact.amount} came in outside the payment provider, and {case.due} were due"
        if by_agency:
            why = f"the agency reported {fact.amount}, and {case.due} were due: ask it whether that is right"
        case = refund_is_due(case, fact.amount - case.due, why, at, fact.event_id)
    if fact.overpaid and (case.refund_due is None or case.refund_due < fact.overpaid):
        case = refund_is_due(changed(case, refund_due=None), fact.overpaid, OVERPAID, at, fact.event_id)
    is_booked, before = not fact.overpaid and _is_booked(case, fact), case.due
    if fact.remaining is None and case.due.amount > 0:
        # By another way than the provider: more than is due is not recorded there.
        case = taken_in(case, min(fact.amount, case.due, key=lambda money: money.amount), at)
        remaining = case.due - min(fact.amount, case.due, key=lambda money: money.amount)
    else:
        remaining = known_here(case, fact.remaining or case.due)
    case, fresh = was_told(case, fact)
    # Part payments may be reported in any order; what is due only ever falls by them.
    case = changed(case, due=min(case.due, remaining, key=lambda money: money.amount))
    in_full = case.due.amount <= 0
    why = "the invoice was paid in full" if in_full else f"part payment received, {case.due} still due"
    if is_booked:
        return case
    if fresh and not fact.paid and in_full and fact.remaining is not None and not fact.overpaid and before.amount > 0:
        # It names all that was ever paid on the invoice: earlier parts were told of before.
        fresh = min(fresh, before, key=lambda money: money.amount)
    event = PaymentReceived(amount=fresh) if fresh else None
    case = _told(case, fact.event_id, "payment received" if event else "payment told", why, at, event)
    return recovered(case, "the invoice was paid in full", at, fact.event_id, fact.paid) if in_full else case


def _is_booked(case: Case, fact: events.PaymentReceived) -> bool:
    """Whether it is told once more: the provider has several events for the payment that paid an invoice."""
    paid = case.closing is not None and case.closing.outcome is Outcome.RECOVERED
    return paid and case.due.amount <= 0 and fact.remaining is not None and fact.remaining.amount <= 0


def invoice_changed(case: Case, fact: events.InvoiceChanged, at: datetime) -> Case:
    if fact.remaining and fact.remaining.currency != case.due.currency:
        raise CurrencyMismatch(f"the change is in {fact.remaining.currency}, the invoice in {case.due.currency}")
    before = case.invoice.method
    # Which method would be charged is taken over first: by it a decline is judged.
    case = taken_over(case, fact, at, fact.event_id)
    if fact.attempt:
        case = _reported_attempt(case, fact.event_id, fact.attempt, at)
    if fact.remaining and fact.state is InvoiceState.OPEN:
        left = known_here(case, fact.remaining)
        # An event may be older than what is known; what was read at this moment may also say that more is due again.
        if left < case.due or (fact.read_now and case.due < left and case.closing is None):
            why = f"{left} still due" if left < case.due else f"{left - case.due} more are due again: {left}"
            case = _told(changed(case, due=left), fact.event_id, "invoice changed", why, at)
    return invoice_is(case, fact.but(remaining=None), at, fact.event_id, before=before)


def payment_method_changed(case: Case, fact: events.PaymentMethodChanged, at: datetime) -> Case:
    """One immediate try follows, outside the budget, unless a bank would see no difference."""
    if fact.change is events.MethodChange.BESIDE:
        case = changed(case, beside=case.beside + 1)
        return _told(case, fact.event_id, "another payment method on file", "not the one of this invoice", at)
    why = {
        events.MethodChange.NEW: "the customer gave a new payment method",
        events.MethodChange.UPDATED: "the payment method was updated",
        events.MethodChange.AUTHENTICATED: "the customer authenticated the payment",
    }[fact.change]
    standing = case.decline.raw.method if case.decline else None
    authenticated = fact.change is events.MethodChange.AUTHENTICATED
    known = [method for method in (standing, case.tried_method) if method]
    if fact.method and not authenticated and any(fact.method.is_same(method) for method in known):
        return _told(case, fact.event_id, "payment method not changed", "the same number and expiry as before", at)
    if fact.method:
        case = changed(case, invoice=case.invoice.but(method=fact.method))
    return another_method(case, why, at, fact.event_id)


def dispute_opened(case: Case, fact: events.DisputeOpened, at: datetime) -> Case:
    """The case stands still, unless the dispute's end was told before its beginning."""
    known = case.disputes.get(fact.dispute_id) if fact.dispute_id else None
    if known is None:
        return disputed(case, fact.dispute_id, at, fact.event_id)
    why = "it is known already" if known else "it is over: that was told before"
    return _told(case, fact.event_id, "dispute opened", why, at)


def dispute_closed(case: Case, fact: events.DisputeClosed, at: datetime) -> Case:
    """The case goes on when no other dispute of the customer is open."""
    over = [fact.dispute_id] if fact.dispute_id else [*case.disputes]
    case = with_disputes(case, dict.fromkeys(over, False))
    left, held = sum(case.disputes.values()), bool(case.holds)
    if left == 0:
        case = release(case, {HoldReason.DISPUTE}, at)
    if fact.outcome is events.DisputeOutcome.LOST:
        return close(case, Outcome.CANCELLED, "the dispute was decided for the customer", at, fact.event_id)
    then = f"{left} more open" if left else "the case goes on"
    event = CaseResumed() if held and not case.holds else None
    if fact.outcome is events.DisputeOutcome.RETURNED:
        why = f"the bank returned the debit that had paid a part, which this invoice does not ask for again: {then}"
        return _told(case, fact.event_id, "payment taken back", why, at, event)
    return _told(case, fact.event_id, "dispute closed", f"{fact.outcome.value}: {then}", at, event)


def contact_reported(case: Case, fact: events.ContactReported, at: datetime) -> Case:
    result = fact.result.words
    case = _told(case, fact.event_id, "contact reported", f"{fact.channel.value} {result}", at)
    if fact.result in events.NOT_ARRIVED:
        case = not_arrived(case, fact.channel)
    return close_channel(case, fact.channel, result) if fact.result in events.CLOSES_CHANNEL else case


def contact_changed(case: Case, fact: events.ContactChanged, at: datetime) -> Case:
    """Another address is open until something is known of it; the customer's own wish is about any. Without a channel
    the customer is somewhere else, or wants other hours for calls: what waits for the old ones is decided anew."""
    where = ", ".join(channel.value for channel in fact.channels)
    where = where or ("the hours for calls" if fact.call_hours else "the customer's place")
    case = _told(case, fact.event_id, "contact changed", where, at)
    opened = {channel for channel in fact.channels if case.closed_channels.get(channel) not in WISHES}
    left = {channel: why for channel, why in case.closed_channels.items() if channel not in opened}
    return changed(case, closed_channels=left)


def person_changed(case: Case, fact: events.PersonChanged, at: datetime) -> Case:
    """What it is, the next decision reads, and holds the case or lets it go on."""
    return _told(case, fact.event_id, "person changed", "what protects the customer is read anew", at)


def agency_reported(case: Case, fact: events.AgencyReported, at: datetime) -> Case:
    def told(case: Case, why: str) -> Case:
        return _told(case, fact.event_id, "agency reported", why, at)

    if case.handoff is None:
        return told(case, f"{fact.report.value}, but the case is not with an agency")
    # Whatever it reports, it has the case.
    case = changed(case, handoff=case.handoff.at_least(AgencyState.ACKNOWLEDGED))
    match fact.report:
        case events.AgencyReport.ACKNOWLEDGED:
            return told(case, "it acknowledged the handoff")
        case events.AgencyReport.RETURNED:
            assert case.handoff is not None  # noqa: S101 - as above
            returned = case.handoff.at_least(AgencyState.RETURNED)
            return told(changed(case, handoff=returned), "it gave the case back without success")
        case events.AgencyReport.PAYMENT:
            if fact.amount is None:
                return told(case, "a payment without an amount: not booked")
            paid = events.PaymentReceived(event_id=fact.event_id, amount=fact.amount)
            return payment_received(case, paid, at, by_agency=True)


def _reported_attempt(case: Case, source: str, seen: events.ReportedAttempt, at: datetime) -> Case:
    if seen.kind in OURS and seen.number:
        return answered_elsewhere(case, seen, at)
    if seen.kind in OURS:
        raise ValueError(f"a reported attempt of our own kind {seen.kind.value} needs its number")
    decline = seen.decline
    answer = {
        "outcome": seen.outcome,
        "decline_class": decline.decline_class if decline else None,
        "code": decline.code if decline else None,
    }
    attempt = Attempt(number=0, kind=seen.kind, at=seen.at, method=case.method_changes, **answer)
    case = changed(case, attempts=(*case.attempts, attempt))
    why = f"{seen.kind.value.replace('_', ' ')}: {seen.outcome.value}"
    case = _told(case, source, "an attempt that was not ours", why, at)
    # A bank's answer binds, whoever asked; but only for the method that it was asked about.
    tried = decline.raw.method if decline else None
    if decline is None or tried is None or not decline.is_about(case.invoice.method) or case.invoice.sent:
        return case
    return declined(case, decline, at)


def _told(case: Case, source: str, what: str, why: str, at: datetime, event: Outgoing | None = None) -> Case:
    return said(case, Entry(at=at, step=source, what=what, why=why, event=event))
