"""Stripe's invoice of a renewal that is still to come: shown to who asks, and told of some days before.

It is no invoice yet, which could be read or paid by its id: a preview has one that begins with `upcoming_in`, and the
invoice of the event `invoice.upcoming` has none (API reference: `id` and `billing_reason` of the invoice).
"""

from sandbox.providers.journal import Json
from sandbox.providers.stripe_documents import invoice
from sandbox.providers.stripe_store import StripeStore, invalid_request
from sandbox.providers.stripe_subscriptions import ENDED

_DRAFT = 3_600
"""An invoice of a renewal is a draft for an hour before it is charged."""


def upcoming(store: StripeStore, subscription: Json) -> Json:
    """The invoice that the subscription's next renewal would make now, without an id."""
    if subscription["status"] in ENDED or subscription["cancel_at_period_end"]:
        raise invalid_request("No upcoming invoices for customer", status=404, code="invoice_upcoming_none")
    item = subscription["items"]["data"][0]
    begins, length = item["current_period_end"], item["current_period_end"] - item["current_period_start"]
    sent = subscription["collection_method"] == "send_invoice"
    found = invoice(
        "in_upcoming",
        begins,
        customer=store.get("customer", subscription["customer"]),
        subscription=subscription,
        number="",
        amount=item["price"]["unit_amount"] * item["quantity"],
        currency=item["price"]["currency"],
        collection_method=subscription["collection_method"],
        due_date=None,
        billing_reason="upcoming",
    )
    for line in found["lines"]["data"]:
        line["period"] = {"start": begins, "end": begins + length}
    found.update(
        auto_advance=False,
        effective_at=None,
        hosted_invoice_url=None,
        invoice_pdf=None,
        next_payment_attempt=None if sent else begins + _DRAFT,
        number=None,
        period_end=begins,
        period_start=begins - length,
        status="draft",
        webhooks_delivered_at=None,
    )
    found["status_transitions"]["finalized_at"] = None
    del found["id"]
    return found
