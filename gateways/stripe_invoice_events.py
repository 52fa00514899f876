"""Stripe's events about invoices and their payments. Pure functions."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from domain.events import MethodChange
from gateways import stripe_shapes as shapes
from gateways.ports.payments import InvoiceSnapshot
from gateways.provider_facts import (
    Fact,
    InvoiceAltered,
    InvoiceDue,
    MethodChanged,
    PaymentFailed,
    PaymentMoved,
    PaymentSucceeded,
    RenewalComing,
)
from gateways.stripe_envelope import Event, customer_of, invoice_reference, money_in
from gateways.stripe_fields import default_method, object_id, retries_made, subscription_id
from gateways.stripe_renewals import renews_at
from gateways.stripe_shapes import MalformedObject

_NEXT_TRY = "next_payment_attempt"
# Attributes of an invoice whose change a case has to know. Stripe updates the others at every attempt.
# `status` was not there before 2018-11-08: three flags told of it.
_TELLING = frozenset({"amount_due", "amount_remaining", "status", "closed", "forgiven", "paid", _NEXT_TRY})
_DEFAULTS = frozenset({"default_payment_method", "default_source"})


def _failed(event: Event, counts: bool) -> Fact:
    fields = _with_customer(event)
    return PaymentFailed(
        **fields,
        counts=counts,
        by_program=bool(event.request_key) and not fields["caused_by_us"],
        own_tries=retries_made(event.about) or 0,
    )


def _due(event: Event) -> Fact:
    return InvoiceDue(**_with_customer(event))


def _renewal(event: Event) -> Fact:
    """Its invoice is none yet: it has no id, or one that nobody can ask for (`upcoming_in_…`)."""
    subscription, customer_id = subscription_id(event.about), customer_of(event)
    if subscription is None or customer_id is None:
        return event.ignored("what will be billed is of no subscription, or of no customer")
    if event.about.get("collection_method") == "send_invoice":
        return event.ignored("the invoice will be sent to be paid by a date")
    at = renews_at(event.about)
    return RenewalComing(**event.said(), subscription_id=subscription, customer_id=customer_id, renews_at=at)


def _with_customer(event: Event) -> dict[str, Any]:
    invoice_id, _ = _invoice(event)
    customer_id = customer_of(event)
    customer = shapes.invoice_customer(event.about, customer_id) if customer_id else None
    return event.said(invoice_id) | {"customer": customer}


def _paid(event: Event) -> Fact:
    invoice_id, invoice = _invoice(event)
    return PaymentSucceeded(**event.said(invoice_id), invoice=invoice)


def _part_paid(event: Event) -> Fact:
    """Sent for every single payment, and does not show the invoice."""
    invoice_id = invoice_reference(event)
    return PaymentSucceeded(**event.said(invoice_id), amount=money_in(event, "amount_paid"))


def _altered(event: Event) -> Fact:
    invoice_id, invoice = _invoice(event)
    changed = event.previous.keys()
    if not changed or changed & _TELLING:
        # Of two plans the event does not tell which came last: the invoice itself does.
        return InvoiceAltered(**event.said(invoice_id), invoice=None if _NEXT_TRY in changed else invoice)
    if not changed & _DEFAULTS:
        return event.ignored("neither the invoice's state nor what is due on it changed", invoice_id)
    method_id = object_id(default_method(event.about))
    if method_id is None:
        return event.ignored("the invoice's own payment method was only taken away", invoice_id)
    return MethodChanged(
        **event.said(invoice_id), customer_id=customer_of(event), change=MethodChange.NEW, method_id=method_id
    )


def _invoice(event: Event) -> tuple[str, InvoiceSnapshot | None]:
    """The invoice's id, and the invoice where the event shows all of it."""
    invoice_id = object_id(event.about)
    if invoice_id is None:
        raise MalformedObject(f"The object of {event.type} has no 'id': expected an invoice.")
    if not shapes.shows_all(event.about):
        return invoice_id, None
    # With Automations the plan of Stripe's own tries comes later than the event that should show it.
    return invoice_id, shapes.read_invoice(event.about).model_copy(update={"tries": None})


def _credited(event: Event) -> Fact:
    """The note shows by how much less is due, but not what is due now."""
    return InvoiceAltered(**event.said(invoice_reference(event)), credited=money_in(event, "amount"))


def _payment_moved(event: Event) -> Fact:
    payment_id = object_id(event.about)
    if payment_id is None:
        raise MalformedObject(f"The object of {event.type} has no 'id': expected a payment intent.")
    invoice_id = object_id(event.about.get("invoice"))  # before basil only
    return PaymentMoved(
        **event.said(invoice_id), payment_id=payment_id, customer_id=customer_of(event), key=event.request_key
    )


INVOICES: Mapping[str, Callable[[Event], Fact]] = {
    "invoice.payment_failed": partial(_failed, counts=True),
    # Sent beside `invoice.payment_failed` when the bank wants the customer to confirm.
    "invoice.payment_action_required": partial(_failed, counts=False),
    # Of an invoice that was sent: some days before its due date, and after it.
    "invoice.will_be_due": _due,
    "invoice.overdue": _due,
    # Of a subscription, so many days before its renewal as the account's settings say.
    "invoice.upcoming": _renewal,
    "invoice.paid": _paid,
    "invoice.payment_succeeded": _paid,
    # A payment came in although nothing was due any more: `amount_overpaid`.
    "invoice.overpaid": _paid,
    "invoice_payment.paid": _part_paid,
    "invoice.updated": _altered,
    "invoice.voided": _altered,
    "invoice.marked_uncollectible": _altered,
    "credit_note.created": _credited,
    # More is due again.
    "credit_note.voided": _credited,
    # A bank debit that the customer began on the hosted page leaves the invoice open for days.
    "payment_intent.processing": _payment_moved,
    "payment_intent.canceled": _payment_moved,
}
