"""Money that moves after a case has ended: it is booked, and an operator finds it in a list."""

from domain import events
from domain.base import Frozen
from domain.case import Outcome
from domain.changes import REFUND_DUE
from domain.gates import Refuse
from domain.invoice import InvoiceState
from domain.money import Money
from domain.news import OVERPAID
from domain.outgoing import CaseRecovered, Outgoing, PaymentReceived, PaymentTakenBack, RefundDue
from domain.record import Entry
from gateways.ports.ledger import Ledger
from gateways.ports.payments import InvoiceSnapshot
from gateways.ports.rows import CaseRow, Late
from gateways.provider_facts import DisputeEnded, InvoiceAltered, PaymentSucceeded

LATE = "late"
"""Where entries about money come from that moved after the end."""

GIVEN_UP = (Outcome.COLLECTIONS, Outcome.WRITTEN_OFF)
_GOT = (Outcome.RECOVERED, Outcome.SETTLED, Outcome.PLAN_COMPLETED)


class Loss(Frozen):
    """Money that had been had, and was taken back."""

    amount: Money
    occasion: str  # the dispute by which the provider tells it


def loss_of(case: CaseRow, fact: DisputeEnded) -> Loss | None:
    """What a debit that came back, or a lost dispute, took of a case; None when nothing that is owed again.

    Of a debit also a part, while the case goes on or after it was given up. A dispute that is lost then ends the case.
    """
    got = case.status == "closed" and case.outcome in _GOT
    part = fact.returned and (case.status != "closed" or case.outcome in GIVEN_UP)
    lost = fact.outcome is events.DisputeOutcome.LOST and (got or part)
    if not lost or fact.amount is None or fact.amount.currency != case.remaining.currency:
        return None
    # What is owed again already was taken by another dispute: no more than the whole is.
    left = case.amount.amount - (case.remaining.amount if case.owed_again else 0)
    taken = Money(amount=min(fact.amount.amount, left), currency=fact.amount.currency)
    if taken.amount <= 0:
        return None
    return Loss(amount=taken, occasion=fact.dispute_id or fact.event_id)


def book_loss(ledger: Ledger, case: CaseRow, loss: Loss, fact: DisputeEnded, refusal: Refuse) -> None:
    """It is owed again, and an operator has to decide."""
    why = f"{_taken(loss, fact)}; {refusal.why}: bill it anew in Stripe, or leave it"
    late = Late(remaining=case.remaining + loss.amount, owed_again=True)
    event = PaymentTakenBack(amount=loss.amount)
    ledger.after_the_end(case.invoice_id, loss.occasion, _entry(fact, _taken_back(case), why, event), late)


def book_bill(ledger: Ledger, case: CaseRow, loss: Loss, fact: DisputeEnded, bill: str) -> None:
    """It is owed on another invoice now, and no more on this one."""
    why = f"{_taken(loss, fact)}; billed anew as {bill}, which has a case of its own"
    late = Late(remaining=case.remaining, reopened_as=bill)
    event = PaymentTakenBack(amount=loss.amount, billed_as=bill)
    ledger.after_the_end(case.invoice_id, loss.occasion, _entry(fact, _taken_back(case), why, event), late)


def _taken_back(case: CaseRow) -> str:
    return "taken back after the end" if case.status == "closed" else "taken back"


def _taken(loss: Loss, fact: DisputeEnded) -> str:
    if fact.returned:
        code = (fact.returned.decline_code or "").replace("_", " ")
        return f"{loss.amount} were taken back: the bank returned the debit ({code})"
    return f"{loss.amount} were taken back: the dispute was decided for the customer"


def book_payment(ledger: Ledger, case: CaseRow, invoice: InvoiceSnapshot, fact: PaymentSucceeded) -> None:
    """Money for a case that has ended: what is due falls, and what is too much has to be given back."""
    _book_excess(ledger, case, invoice, fact)
    left = invoice.remaining
    # What was taken back the provider's account of the invoice knows nothing of.
    moved = case.owed_again or case.reopened_as
    if moved or left.currency != case.remaining.currency or case.remaining <= left:
        return  # several events tell of one payment, and of those that ended the case
    recovered = left.amount == 0 and case.outcome in GIVEN_UP
    ended = case.outcome.value.replace("_", " ") if case.outcome else "closed"
    why = f"{case.remaining - left} came in after the case had ended ({ended}), {left} still due"
    event = CaseRecovered(late=True) if recovered else PaymentReceived(amount=case.remaining - left, late=True)
    late = Late(remaining=left, outcome=Outcome.RECOVERED if recovered else None)
    ledger.after_the_end(case.invoice_id, fact.event_id, _entry(fact, "paid after the end", why, event), late)


def book_less(ledger: Ledger, case: CaseRow, invoice: InvoiceSnapshot, fact: InvoiceAltered) -> None:
    """A credit note, or a void invoice, of a case that has ended: less is owed, and nothing came in."""
    void = invoice.state is InvoiceState.VOID
    left = Money(amount=0, currency=invoice.remaining.currency) if void else invoice.remaining
    if case.owed_again or case.reopened_as or left.currency != case.remaining.currency or case.remaining <= left:
        return
    less = case.remaining - left
    if not void:
        # What came in besides is booked by the news of its payment.
        less = min(less, fact.credited or less)
    left = case.remaining - less
    why = f"{less} less are due {'(the invoice is void)' if void else '(credit note)'}, {left} still due"
    entry = Entry(at=fact.at, step=LATE, what="owed no more after the end", why=why)
    ledger.after_the_end(case.invoice_id, fact.event_id, entry, Late(remaining=left))


def _book_excess(ledger: Ledger, case: CaseRow, invoice: InvoiceSnapshot, fact: PaymentSucceeded) -> None:
    excess = invoice.overpaid
    if excess is None or excess.currency != case.remaining.currency or (case.refund_due and excess <= case.refund_due):
        return
    entry = _entry(fact, REFUND_DUE, f"{excess} to be given back: {OVERPAID}", RefundDue(amount=excess))
    late = Late(remaining=case.remaining, refund_due=excess)
    ledger.after_the_end(case.invoice_id, f"overpaid {excess.amount}", entry, late)


def _entry(fact: DisputeEnded | PaymentSucceeded, what: str, why: str, event: Outgoing) -> Entry:
    return Entry(at=fact.at, step=LATE, what=what, why=why, event=event)
