"""Money that moves after a case has ended: it is booked, and an operator finds it in a list."""

from domain import events
from domain.case import Outcome
from domain.money import Money
from domain.outgoing import CaseRecovered, PaymentReceived, PaymentTakenBack
from domain.record import Entry
from gateways.ports.ledger import Ledger
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.rows import CaseRow
from gateways.provider_facts import DisputeEnded, PaymentSucceeded

LATE = "late"
"""Where entries about money come from that moved after the end."""

_GIVEN_UP = (Outcome.COLLECTIONS, Outcome.WRITTEN_OFF)
_GOT = (Outcome.RECOVERED, Outcome.SETTLED, Outcome.PLAN_COMPLETED)


def book_payment(ledger: Ledger, case: CaseRow, invoice: InvoiceSnapshot, fact: PaymentSucceeded) -> bool:
    """A payment of what had been given up: whether it was news."""
    left = invoice.remaining
    if left.currency != case.remaining.currency or case.remaining <= left:
        return False  # several events tell of one payment, and of those that ended the case
    recovered = left.amount == 0 and case.outcome in _GIVEN_UP
    ended = case.outcome.value.replace("_", " ") if case.outcome else "closed"
    why = f"{case.remaining - left} came in after the case had ended ({ended}), {left} still due"
    event = CaseRecovered(late=True) if recovered else PaymentReceived(amount=case.remaining - left, late=True)
    entry = Entry(at=fact.at, step=LATE, what="paid after the end", why=why, event=event)
    return ledger.after_the_end(case.invoice_id, fact.event_id, entry, left, Outcome.RECOVERED if recovered else None)


def book_loss(ledger: Ledger, case: CaseRow, fact: DisputeEnded) -> bool:
    """A debit that came back, or a lost dispute, after the money had been had: whether it was news."""
    lost = fact.outcome is events.DisputeOutcome.LOST and case.outcome in _GOT
    if not lost or fact.amount is None or fact.amount.currency != case.remaining.currency:
        return False
    owed = case.remaining + Money(amount=min(fact.amount.amount, case.amount.amount), currency=fact.amount.currency)
    why = f"{fact.amount} were taken back after the case had ended: the bank returned it, or decided the dispute so"
    event = PaymentTakenBack(amount=fact.amount)
    entry = Entry(at=fact.at, step=LATE, what="taken back after the end", why=why, event=event)
    return ledger.after_the_end(case.invoice_id, fact.dispute_id or fact.event_id, entry, owed)
