"""Which cases are told what, when the payment provider has news about an invoice or a customer."""

from datetime import datetime, timedelta

from domain import events
from domain.base import Message
from domain.case import CaseStatus, ChargeOutcome
from domain.declines import Decline, DeclineTable, classify
from domain.invoice import InvoiceState
from domain.outbox import charged
from domain.policy import Policy
from domain.record import Entry
from domain.retries import OtherMethods
from domain.steps import OURS, AttemptKind, Channel
from gateways.ports.ledger import Ledger
from gateways.ports.payments import InvoiceSnapshot, Payments
from gateways.ports.rows import AttemptRow, CaseRow
from gateways.provider_facts import (
    CustomerChanged,
    CustomerDeleted,
    DisputeEnded,
    InvoiceAltered,
    MethodChanged,
    MethodGone,
    PaymentDisputed,
    PaymentFailed,
    PaymentMoved,
    PaymentSucceeded,
    SubscriptionEnded,
)
from service.opening import foreign_attempt

# Two events may tell of one failure, and their times have whole seconds.
_SAME_FAILURE = timedelta(seconds=5)
_PROGRAM = "program"
_ANSWERS = (ChargeOutcome.PAID, ChargeOutcome.DECLINED, ChargeOutcome.PROCESSING)
_CAME_IN = (ChargeOutcome.PAID, ChargeOutcome.PROCESSING)
"""In place of a key: another program's charge, which the provider does not count as its own."""

News = (
    PaymentSucceeded
    | PaymentMoved
    | InvoiceAltered
    | SubscriptionEnded
    | MethodChanged
    | MethodGone
    | CustomerChanged
    | CustomerDeleted
    | PaymentDisputed
    | DisputeEnded
)
"""What only cases that run already are told."""

Told = list[tuple[CaseRow, str, Message]]
"""Which case is told what, by which signal."""


class NewsDesk:
    """Reads ledger and provider. Writes what the ledger keeps beside the cases: attempts that others made, the bank's
    late answers to ours, disputes, and what is new of a customer. Blocks then.

    Raises NotFound, ProviderTrouble or ProviderMisuse.
    """

    def __init__(self, ledger: Ledger, payments: Payments, declines: DeclineTable) -> None:
        self._ledger = ledger
        self._payments = payments
        self._declines = declines

    def of(self, fact: News) -> Told:
        match fact:
            case PaymentSucceeded():
                return self._payment(fact)
            case InvoiceAltered():
                return self._altered(fact)
            case PaymentMoved():
                return self._moved(fact)
            case SubscriptionEnded():
                return self._ended(fact)
            case MethodChanged():
                return self._method(fact)
            case CustomerChanged():
                return self._customer(fact)
            case MethodGone():
                return [self._as_it_is(case, fact) for case in self._open_cases(fact.customer_id)]
            case CustomerDeleted():
                self._ledger.customer_deleted(fact.customer_id)
                return [self._as_it_is(case, fact) for case in self._open_cases(fact.customer_id)]
            case PaymentDisputed() | DisputeEnded():
                return self._dispute(fact)

    def foreign_failure(self, fact: PaymentFailed) -> Told:
        """A further failure of an open case that this system's request did not cause."""
        case = self._open_case(fact.invoice_id)
        if case is None or fact.at <= case.opened_at + _SAME_FAILURE:
            return []  # over, or the failure that opened the case, told once more
        invoice = self._payments.read_invoice(case.invoice_id, with_decline=True)
        raw, kind = invoice.last_decline, self._whose(fact)
        decline = classify(raw, self._declines, at=fact.at) if raw else None
        of_bank = decline is not None and not decline.raw.of_card
        ours = None
        if of_bank:
            ours = self._returned(case.invoice_id, invoice, fact) or self._found(case.invoice_id, invoice, fact)
        if ours is None:
            row = foreign_attempt(invoice, kind, decline, fact.at)
            key = _PROGRAM if fact.by_program else ""
            self._ledger.record_foreign_attempt(row.model_copy(update={"key": key}), fact.event_id)
        message = events.InvoiceChanged(
            event_id=fact.event_id,
            **dict(invoice.now),
            attempt=_reported(ours) if ours else events.ReportedAttempt(at=fact.at, kind=kind, decline=decline),
        )
        return [(case, "invoice_changed", message)]

    def _whose(self, fact: PaymentFailed) -> AttemptKind:
        """Whose try it was. The provider counts its own, and those that nobody asked for besides are the customer's."""
        rows = self._ledger.attempts_of(fact.invoice_id)
        known = [row for row in rows if row.kind is AttemptKind.OTHER_ENGINE and row.key != _PROGRAM]
        # One of them is the failure that opened the case, if anything was on file to be charged.
        theirs = fact.own_tries > max(0, len(known) - 1)
        return AttemptKind.OTHER_ENGINE if theirs or fact.by_program else AttemptKind.CUSTOMER

    def action_wanted(self, fact: PaymentFailed) -> Told:
        """A payment that the customer began waits for its bank account to be verified. What a bank wants confirmed
        comes as a failure as well, and only that is told."""
        case = self._open_case(fact.invoice_id)
        if case is None or not self._payments.read_invoice(case.invoice_id).verifying:
            return []
        return [self._as_it_is(case, fact)]

    def _pending_debit(self, invoice_id: str) -> AttemptRow | None:
        """Our newest bank debit that is on its way: its answer comes days later, and without a request of ours."""
        ours = (row for row in reversed(self._ledger.attempts_of(invoice_id)) if row.kind in OURS)
        return next((row for row in ours if row.outcome is ChargeOutcome.PROCESSING), None)

    def _returned(self, invoice_id: str, invoice: InvoiceSnapshot, fact: PaymentFailed) -> AttemptRow | None:
        """Our pending debit, written down as failed. None: it is still on its way, and the failure is another's, whose
        news is late."""
        debit = self._pending_debit(invoice_id)
        found = self._payments.find_attempt(invoice, debit.started_at, debit.fingerprint) if debit else None
        if debit is None or found is None or found.decline is None:
            return None
        decline = classify(found.decline, self._declines, at=fact.at)
        self._settle(debit, ChargeOutcome.DECLINED, decline, fact.at, _failed(decline))
        return debit.model_copy(update={"outcome": ChargeOutcome.DECLINED, "decline": decline})

    def _came_through(self, invoice_id: str, invoice: InvoiceSnapshot, fact: News | PaymentFailed) -> None:
        """What became of our charges of an invoice that is paid: of a debit, and of one whose answer was lost.

        The case closes by this news, and what is written down later would come after its end.
        """
        self._found(invoice_id, invoice, fact)
        debit = self._pending_debit(invoice_id)
        if debit is None:
            return
        # Whoever pays after a debit has failed does it by the same payment: only the debit's own charge tells.
        found = self._payments.find_attempt(invoice, debit.started_at, debit.fingerprint)
        if found and found.outcome is ChargeOutcome.PAID:
            self._settle(debit, ChargeOutcome.PAID, None, fact.at, "the bank debit came through")
        elif found and found.decline:
            decline = classify(found.decline, self._declines, at=fact.at)
            self._settle(debit, ChargeOutcome.DECLINED, decline, fact.at, _failed(decline))

    def _settle(
        self, debit: AttemptRow, outcome: ChargeOutcome, decline: Decline | None, at: datetime, why: str
    ) -> None:
        entry = _answered(debit, outcome, decline, at, why)
        self._ledger.settle_attempt(debit.invoice_id, debit.attempt, outcome, decline, entry)

    def _found(self, invoice_id: str, invoice: InvoiceSnapshot, fact: News | PaymentFailed) -> AttemptRow | None:
        """What became of a charge of ours whose answer was lost, written down. The case stands still by this news, or
        closes, and would not ask. None: there is none, or it did not reach the provider."""
        rows = [row for row in self._ledger.attempts_of(invoice_id) if row.kind in OURS and row.state == "started"]
        for row in rows:
            found = self._payments.find_attempt(invoice, row.started_at, row.fingerprint, row.key)
            if found is None:
                continue
            decline = classify(found.decline, self._declines, at=fact.at) if found.decline else None
            said = decline.code if decline else found.outcome.value
            entry = _answered(row, found.outcome, decline, fact.at, f"its answer was lost, and found → {said}")
            self._ledger.finish_attempt(invoice_id, row.attempt, found.outcome, found.provider_id, decline, entry)
            return row.model_copy(update={"state": "finished", "outcome": found.outcome, "decline": decline})
        return None

    def _payment(self, fact: PaymentSucceeded) -> Told:
        case = self._ledger.case(fact.invoice_id)
        if case is None:
            return []
        # A fact about a single payment does not tell what remains, and others may have told of it already.
        invoice = fact.invoice or self._payments.read_invoice(case.invoice_id)
        if invoice.state is InvoiceState.PAID:
            self._came_through(case.invoice_id, invoice, fact)
        if case.status == "closed":
            return []
        paid = fact.amount or invoice.amount - invoice.remaining
        message = events.PaymentReceived(
            event_id=fact.event_id,
            amount=paid,
            remaining=invoice.remaining,
            overpaid=invoice.overpaid,
            paid=invoice.paid,
        )
        told: Told = [(case, "payment_received", message)]
        if case.status == CaseStatus.ON_HOLD and invoice.state is InvoiceState.OPEN and invoice.paying is not None:
            # Of a part that was on its way nothing else tells that it has arrived.
            now = events.InvoiceChanged(event_id=f"{fact.event_id}-invoice", **dict(invoice.now))
            told.append((case, "invoice_changed", now))
        return told

    def _altered(self, fact: InvoiceAltered) -> Told:
        case = self._open_case(fact.invoice_id)
        # What this system did to the invoice the case knows from its own activity.
        if case is None or fact.caused_by_us:
            return []
        return [self._changed(case, fact.invoice, fact) if fact.invoice else self._as_it_is(case, fact)]

    def _moved(self, fact: PaymentMoved) -> Told:
        """The provider knows what is on its way: the case is told how the invoice stands now."""
        if fact.invoice_id is None and fact.customer_id and not self._open_cases(fact.customer_id):
            return []  # every payment of every customer is told of: most concern no case
        case = self._open_case(fact.invoice_id or self._payments.invoice_of_payment(fact.payment_id))
        if case is None:
            return []
        invoice = self._payments.read_invoice(case.invoice_id)
        ours = self._began(case.invoice_id, invoice, fact)
        _, signal, message = self._changed(case, invoice, fact, read_now=True)
        return [(case, signal, message.but(attempt=_reported(ours)) if ours else message)]

    def _began(self, invoice_id: str, invoice: InvoiceSnapshot, fact: PaymentMoved) -> AttemptRow | None:
        """Our attempt that put the payment on its way: the news may be there before its answer, or instead of it."""
        rows = (row for row in self._ledger.attempts_of(invoice_id) if row.kind in OURS)
        row = next((row for row in rows if fact.key and row.key == fact.key), None)
        if row and row.state == "started":
            return self._found(invoice_id, invoice, fact)
        return row if row and row.outcome in _ANSWERS else None

    def _ended(self, fact: SubscriptionEnded) -> Told:
        cases = self._open_cases(fact.customer_id)
        return [self._as_it_is(case, fact) for case in cases if case.subscription_id == fact.subscription_id]

    def _as_it_is(self, case: CaseRow, fact: News | PaymentFailed) -> tuple[CaseRow, str, Message]:
        return self._changed(case, self._payments.read_invoice(case.invoice_id), fact, read_now=True)

    def _changed(
        self, case: CaseRow, invoice: InvoiceSnapshot, fact: News | PaymentFailed, *, read_now: bool = False
    ) -> tuple[CaseRow, str, Message]:
        if invoice.state is InvoiceState.PAID:
            self._came_through(case.invoice_id, invoice, fact)
        changed = events.InvoiceChanged(event_id=fact.event_id, **dict(invoice.now), read_now=read_now)
        return case, "invoice_changed", changed

    def _customer(self, fact: CustomerChanged) -> Told:
        """Events come in any order: where a case is open, the customer is read as the provider has them now."""
        cases = self._open_cases(fact.customer.customer_id)
        newest = self._payments.read_invoice(cases[0].invoice_id) if cases else None
        if newest is None or not newest.customer_deleted:
            self._ledger.customer_is(newest.customer if newest and newest.customer else fact.customer)
        told: Told = self._method(fact.method) if fact.method else []
        known = self._ledger.customer(fact.customer.customer_id)
        # Most addresses are a country and little else: where no letter goes, another street is nobody's news.
        silent = {Channel.LETTER} if known is None or known.postal_address is None else set[Channel]()
        channels = tuple(channel for channel in fact.channels if channel not in silent)
        message = events.ContactChanged(event_id=fact.event_id, channels=channels)
        for case in cases if channels or fact.moved else ():
            told.append((case, "contact_changed", message))
        return told

    def _method(self, fact: MethodChanged) -> Told:
        if fact.invoice_id is None:
            cases = self._open_cases(fact.customer_id) if fact.customer_id else []
            return [told for case in cases for told in self._of_method(case, fact)]
        case = self._open_case(fact.invoice_id)
        return [] if case is None or fact.caused_by_us else self._of_method(case, fact)

    def _of_method(self, case: CaseRow, fact: MethodChanged) -> Told:
        """The case is told only of the payment method that its invoice would be charged on; an id of None is any.

        A subscription's own card goes on being charged, whatever else the customer adds.
        """
        method = self._payments.read_invoice(case.invoice_id).payment_method
        if method is None or fact.method_id not in (None, method.id):
            return self._beside(case, fact)
        # A new card is told of twice, as added and as made the default: it is tried once.
        is_new = fact.change is events.MethodChange.NEW
        once = f"method-{method.id}-{fact.at:%Y%m%d}" if is_new else fact.event_id
        message = events.PaymentMethodChanged(event_id=once, change=fact.change, method=method.ref)
        return [(case, "payment_method_changed", message)]

    def _beside(self, case: CaseRow, fact: MethodChanged) -> Told:
        """A case whose policy may use another method on file is told that there is one."""
        if fact.change is not events.MethodChange.NEW or fact.method_id is None:
            return []
        policy = Policy.stored(self._ledger.policy(case.policy_digest))
        if policy.retries.other_methods is not OtherMethods.USE:
            return []
        change = events.MethodChange.BESIDE
        once = f"beside-{fact.method_id}-{fact.at:%Y%m%d}"
        return [(case, "payment_method_changed", events.PaymentMethodChanged(event_id=once, change=change))]

    def _dispute(self, fact: PaymentDisputed | DisputeEnded) -> Told:
        """A dispute halts every case of the customer; only the disputed invoice's own can be lost by it."""
        disputed = fact.invoice_id
        if disputed is None and fact.payment_id:
            disputed = self._payments.invoice_of_payment(fact.payment_id)
        if disputed and isinstance(fact, DisputeEnded) and fact.outcome is events.DisputeOutcome.LOST:
            self._taken_back(disputed, fact)
        customer = fact.customer_id
        if customer is None and disputed:
            customer = self._payments.read_invoice(disputed).customer_id
        if customer is None and fact.charge_id:
            customer = self._payments.customer_of_charge(fact.charge_id)
        if customer is None:
            return []
        self._keep(fact, customer)
        return [_about_dispute(case, fact, disputed) for case in self._open_cases(customer)]

    def _taken_back(self, invoice_id: str, fact: DisputeEnded) -> None:
        """If it was our charge that paid, and all of it was taken back, the attempt is not paid any more.

        An invoice's attempts share one payment at the provider: those that were declined before have its id as well.
        """
        ours = [row for row in self._ledger.attempts_of(invoice_id) if row.kind in OURS and row.outcome in _CAME_IN]
        row = next((row for row in ours if row.provider_id in (fact.payment_id, fact.charge_id)), None)
        if row is None or row.provider_id is None or fact.amount is None or fact.amount < row.amount:
            return
        raw = fact.returned
        decline = classify(raw.but(network=row.network), self._declines, at=fact.at) if raw else None
        why = f"the bank returned the debit → {decline.code}" if decline else "the customer won a dispute over it"
        entry = Entry(at=fact.at, step=row.step, what="taken back", why=why)
        outcome = ChargeOutcome.DECLINED if decline else ChargeOutcome.TAKEN_BACK
        self._ledger.attempt_taken_back(invoice_id, row.attempt, outcome, decline, entry)

    def _keep(self, fact: PaymentDisputed | DisputeEnded, customer: str) -> None:
        """A case that opens later stands still for it as well."""
        if isinstance(fact, PaymentDisputed):
            self._ledger.dispute_opened(fact.dispute_id, customer, fact.at)
            return
        self._ledger.dispute_ended(fact.dispute_id, customer, fact.outcome.value, fact.at)

    def _open_case(self, invoice_id: str | None) -> CaseRow | None:
        case = self._ledger.case(invoice_id) if invoice_id else None
        return case if case and case.status != "closed" else None

    def _open_cases(self, customer_id: str) -> list[CaseRow]:
        return self._ledger.open_cases_of(customer_id)


def _about_dispute(
    case: CaseRow, fact: PaymentDisputed | DisputeEnded, disputed: str | None
) -> tuple[CaseRow, str, Message]:
    if isinstance(fact, PaymentDisputed):
        return case, "dispute_opened", events.DisputeOpened(event_id=fact.event_id, dispute_id=fact.dispute_id)
    outcome = fact.outcome
    if outcome is events.DisputeOutcome.LOST and case.invoice_id != disputed:
        outcome = events.DisputeOutcome.ELSEWHERE
    elif outcome is events.DisputeOutcome.LOST and fact.returned:
        outcome = events.DisputeOutcome.RETURNED
    closed = events.DisputeClosed(event_id=fact.event_id, dispute_id=fact.dispute_id, outcome=outcome)
    return case, "dispute_closed", closed


def _reported(ours: AttemptRow) -> events.ReportedAttempt:
    """An attempt of ours as the case is told of it, when its answer may not have come to it."""
    assert ours.outcome  # noqa: S101 - it is answered
    return events.ReportedAttempt(
        at=ours.as_of, kind=ours.kind, outcome=ours.outcome, decline=ours.decline, number=ours.attempt, step=ours.step
    )


def _failed(decline: Decline) -> str:
    return f"the bank debit failed → {decline.code}"


def _answered(debit: AttemptRow, outcome: ChargeOutcome, decline: Decline | None, at: datetime, why: str) -> Entry:
    event = charged(outcome, debit.attempt, debit.kind, debit.amount, decline)
    return Entry(at=at, step=debit.step, what=outcome.value, why=why, event=event)
