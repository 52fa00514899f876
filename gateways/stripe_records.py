"""Money that reached the merchant outside Stripe, written into Stripe's account of an invoice.

All of what remains: `pay` with `paid_out_of_band`. A part: a payment record, reported and then attached to the invoice;
Stripe shows it in `amount_paid_off_stripe`. (API 2025-10-29 and later.)
"""

from datetime import datetime

import stripe

from domain.invoice import InvoiceState
from domain.money import Money
from gateways.ports.payments import InvoiceSnapshot
from gateways.stripe_api import StripeApi, translated
from gateways.stripe_fields import Json, expanded, object_id

_WAY = "Paid outside Stripe"


def record(api: StripeApi, invoice: InvoiceSnapshot, amount: Money, at: datetime, key: str, expand: list[str]) -> Json:
    """Records at most what remains, and answers the invoice as Stripe has it then.

    Raises NotFound, ProviderTrouble or ProviderMisuse; the same call may then be made again under the same key.
    """
    what = f"record a payment on invoice {invoice.id}"
    takes = invoice.state in (InvoiceState.OPEN, InvoiceState.UNCOLLECTIBLE)
    # After a lost answer, or when the key is too old to be known: it may be there already.
    if not takes or _is_recorded(api, invoice, key, what):
        return api.get(what, "invoices", invoice.id, expand=expand)
    try:
        if invoice.remaining <= amount:
            return api.post("invoices", invoice.id, "pay", key=key, paid_out_of_band=True, expand=expand)
        return api.post(
            "invoices",
            invoice.id,
            "attach_payment",
            key=f"{key}:attach",
            payment_record=_reported(api, invoice, amount, at, key),
            expand=expand,
        )
    except stripe.StripeError as error:
        raise translated(error, what) from None


def _is_recorded(api: StripeApi, invoice: InvoiceSnapshot, key: str, what: str) -> bool:
    """Whether one of the invoice's payments is the record with this reference."""
    for payment in api.every(what, "invoice_payments", invoice=invoice.id):
        record_id = object_id(expanded(payment.get("payment")).get("payment_record"))
        if record_id:
            details = expanded(api.get(what, "payment_records", record_id).get("processor_details"))
            if expanded(details.get("custom")).get("payment_reference") == key:
                return True
    return False


def _reported(api: StripeApi, invoice: InvoiceSnapshot, amount: Money, at: datetime, key: str) -> str:
    """The id of a new payment record, the same one for the same key."""
    moment = int(at.timestamp())
    found = api.post(
        "payment_records",
        "report_payment",
        key=f"{key}:report",
        amount_requested={"value": amount.amount, "currency": amount.currency.lower()},
        initiated_at=moment,
        customer_details={"customer": invoice.customer_id},
        outcome="guaranteed",
        guaranteed={"guaranteed_at": moment},
        payment_method_details={"type": "custom", "custom": {"display_name": _WAY}},
        processor_details={"type": "custom", "custom": {"payment_reference": key}},
    )
    return str(found["id"])
