"""Which of a customer's other invoices are named beside one."""

from datetime import datetime

from domain.gates import Allow
from domain.rules.invoice import Aim, judge_now
from gateways.ports.ledger import Ledger
from gateways.ports.payments import InvoiceSnapshot, Payments

_MOST_NAMED = 10
"""More would be a list that nobody reads, and each costs a request."""


def other_invoices(
    invoice_id: str, customer_id: str, at: datetime, payments: Payments, ledger: Ledger
) -> tuple[InvoiceSnapshot, ...]:
    """The customer's other invoices of which something may be said at a moment (UTC), the oldest case first.

    Not those whose case stands still or is with an agency: nothing is said of these.
    """
    others = ledger.open_beside(invoice_id, customer_id)
    read = [payments.read_invoice(other) for other in others[:_MOST_NAMED]]
    return tuple(
        invoice for invoice in read if invoice.pay_url and isinstance(judge_now(invoice.now, Aim.SAY, at), Allow)
    )
