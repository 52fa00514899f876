"""Money that moves after a case has ended: a new round for what was taken back, another end for what came in.

What was taken back is billed anew, as an invoice of its own with a case of its own (docs/decisions/0028). A case that
was given up and is paid after all is taken up once more for its end, under the same workflow id.
"""

from datetime import datetime

from pydantic import ValidationError

from domain import events
from domain.case import Case
from domain.gates import Refuse
from domain.ids import bill_key
from domain.invoice import InvoiceState
from domain.money import CurrencyMismatch
from domain.news import paid_after_all
from domain.policy import Policy
from domain.reopening import billed_anew
from gateways.ports.ledger import Ledger
from gateways.ports.payments import InvoiceSnapshot, Payments
from gateways.ports.rows import CaseRow
from gateways.provider_facts import AgencySaid, DisputeEnded, InvoiceAltered, PaymentSucceeded
from service.agency_news import case_of, message_of
from service.late import GIVEN_UP, book_bill, book_less, book_loss, book_payment, loss_of
from service.opening import Failure

Resumed = tuple[Case, Policy]
"""A case that is taken up once more, and the policy that it follows."""


class Rounds:
    """Reads ledger and provider, books, and bills. Blocks. Everything may be done again after a crash.

    Raises NotFound, ProviderTrouble or ProviderMisuse.
    """

    def __init__(self, ledger: Ledger, payments: Payments) -> None:
        self._ledger = ledger
        self._payments = payments

    def taken_back(self, fact: DisputeEnded) -> Failure | str | None:
        """Books what was taken back: of a case that has ended, and by a returned debit also a part. Where it is billed
        anew, or unpaid again as it is, the failure that opens the invoice's case. Of an invoice that never had one and
        stays paid, what an operator has to know."""
        disputed = self._disputed(fact)
        case = self._ledger.case(disputed) if disputed else None
        if disputed and case is None:
            return self._without_case(disputed, fact)
        loss = loss_of(case, fact) if case else None
        if case is None or loss is None:
            return None
        invoice = self._payments.read_invoice(case.invoice_id)
        answer = billed_anew(
            invoice.now,
            loss.amount,
            Policy.stored(self._ledger.policy(case.policy_digest)),
            second_round=case.reopens is not None,
            given_up=case.outcome in GIVEN_UP,
            of_subscription=invoice.subscription_id is not None,
        )
        if isinstance(answer, Refuse):
            book_loss(self._ledger, case, loss, fact, answer)
            return None
        bill = self._payments.bill_anew(invoice, loss.amount, bill_key(case.invoice_id, loss.occasion))
        book_bill(self._ledger, case, loss, fact, bill)
        return Failure(
            invoice_id=bill,
            heard_at=fact.at,
            failed_at=fact.at,
            decline=fact.returned,
            policy=case.policy.partition("@")[0],
            reopens=case.invoice_id,
            contested=fact.returned is None,
        )

    def paid_late(self, fact: PaymentSucceeded) -> Resumed | None:
        """A payment for a case that has ended. One that was given up and is paid in full now is taken up once more;
        any other payment is booked."""
        case = self._ledger.case(fact.invoice_id)
        if case is None or case.status != "closed":
            return None
        invoice = fact.invoice or self._payments.read_invoice(case.invoice_id)
        if invoice.state is InvoiceState.PAID and invoice.paid and invoice.paid.amount == 0:
            return None  # by a credit note over all of it, whose own event is booked
        if resumed := self._resumed(case, invoice, fact):
            return resumed
        book_payment(self._ledger, case, invoice, fact)
        return None

    def altered_late(self, fact: InvoiceAltered) -> None:
        """A credit note, or that the invoice is void, after its case has ended: it is booked."""
        void = fact.invoice is not None and fact.invoice.state is InvoiceState.VOID
        if fact.caused_by_us or not (void or fact.credited):
            return
        case = self._ledger.case(fact.invoice_id)
        if case and case.status == "closed":
            book_less(self._ledger, case, fact.invoice or self._payments.read_invoice(case.invoice_id), fact)

    def agency_paid(self, fact: AgencySaid) -> Resumed | None:
        """What the agency collected for a case that had been given up."""
        case = case_of(self._ledger, fact)
        if fact.report is not events.AgencyReport.PAYMENT or case.outcome not in GIVEN_UP:
            return None
        return given_up(self._ledger, case.invoice_id, message_of(fact), fact.at)

    def _resumed(self, case: CaseRow, invoice: InvoiceSnapshot, fact: PaymentSucceeded) -> Resumed | None:
        left = invoice.remaining
        if (
            case.outcome not in GIVEN_UP
            or invoice.state is not InvoiceState.PAID
            or left.currency != case.amount.currency
        ):
            return None
        paid = events.PaymentReceived(
            event_id=fact.event_id,
            amount=case.remaining,
            remaining=left,
            overpaid=invoice.overpaid,
            paid=invoice.paid,
        )
        return given_up(self._ledger, case.invoice_id, paid, fact.at)

    def _without_case(self, invoice_id: str, fact: DisputeEnded) -> Failure | str:
        """It was paid before anything failed. No policy was chosen for it, so nothing is billed by itself (0047)."""
        invoice = self._payments.read_invoice(invoice_id)
        if fact.returned and invoice.state is InvoiceState.OPEN:
            return Failure(invoice_id=invoice_id, heard_at=fact.at, failed_at=fact.at, decline=fact.returned)
        amount = fact.amount or "money"
        state = invoice.state.value
        how = "the bank returned the debit" if fact.returned else "the dispute was decided for the customer"
        return (
            f"{amount} of {invoice_id} taken back: {how}; it is {state} in Stripe and has no case: bill it anew there, "
            "or leave it"
        )

    def _disputed(self, fact: DisputeEnded) -> str | None:
        """Of which invoice a dispute was lost."""
        if fact.outcome is not events.DisputeOutcome.LOST:
            return None
        disputed = fact.invoice_id
        if disputed is None and fact.payment_id:
            disputed = self._payments.invoice_of_payment(fact.payment_id)
        return disputed


def given_up(
    ledger: Ledger, invoice_id: str, paid: events.PaymentReceived | events.AgencyReported, at: datetime
) -> Resumed | None:
    """The case that had been given up as it goes on with a payment. None where it has heard of that before, where the
    payment is in another currency, and where today's code cannot read the case's state."""
    try:
        case = Case.model_validate_json(ledger.state_of(invoice_id) or "")
        goes_on = paid_after_all(case, paid, at)
    except (ValidationError, CurrencyMismatch):
        return None
    if goes_on is None:
        return None
    ledger.taken_up(invoice_id)
    return goes_on, Policy.stored(ledger.policy(case.policy.digest))
