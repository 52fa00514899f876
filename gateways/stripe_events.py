"""Reads Stripe's events as facts, in the current shape (basil and later) and the one before it. Pure functions.

An event comes in the API version of its webhook endpoint, and that one never changes for an event. So a field may be
missing that another version has: an event is a hint, and what it does not show is read by id. What it shows in a way
that cannot be right is refused.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from domain.base import Frozen
from domain.declines import RawDecline
from domain.events import DisputeOutcome, MethodChange
from domain.ids import is_ours
from domain.money import Money
from domain.steps import Channel
from gateways import stripe_shapes as shapes
from gateways.ports.payments import InvoiceSnapshot
from gateways.provider_facts import (
    CustomerChanged,
    CustomerDeleted,
    DisputeEnded,
    Fact,
    ForeignEvent,
    Ignored,
    InvoiceAltered,
    InvoiceDue,
    MalformedEvent,
    MethodChanged,
    PaymentDisputed,
    PaymentFailed,
    PaymentMoved,
    PaymentSucceeded,
    SubscriptionEnded,
)
from gateways.stripe_fields import Json, default_method, expanded, moment, object_id, retries_made, text
from gateways.stripe_origin import Served
from gateways.stripe_shapes import MalformedObject

PROVIDER = "stripe"
OWN = Served()
"""The key's own account, in either mode."""

_NEXT_TRY = "next_payment_attempt"
# Attributes of an invoice whose change a case has to know. Stripe updates the others at every attempt.
# `status` was not there before 2018-11-08: three flags told of it.
_TELLING = frozenset({"amount_due", "amount_remaining", "status", "closed", "forgiven", "paid", _NEXT_TRY})
_DEFAULTS = frozenset({"default_payment_method", "default_source"})
# Attributes of a payment method by which no bank decides. An address it may decide by.
_SAYS_NOTHING = frozenset({"allow_redisplay", "metadata"})
# Attributes of a customer that say who and where they are, and keys of theirs in its metadata.
_OF_CUSTOMER = frozenset({"name", "email", "phone", "address", "preferred_locales"})
_IN_METADATA = frozenset({"time_zone", "segment"})
_PLACES = {"email": Channel.EMAIL, "phone": Channel.SMS}
# A debit that comes back after it had succeeded is a "dispute" with one of these reasons: the bank's answer to it
# (docs.stripe.com/payments/ach-direct-debit; API reference: `dispute.reason`).
_RETURNS = frozenset({"insufficient_funds", "bank_cannot_process", "incorrect_account_details", "debit_not_authorized"})
# What else a dispute may end as (warning_closed, prevented …) leaves the payment as it was.
_DISPUTE_OUTCOMES = {"won": DisputeOutcome.WON, "lost": DisputeOutcome.LOST}


class EventNames(Frozen):
    """What an event calls itself and its invoice, also where it cannot be read. Of any length, and not checked."""

    event_id: str | None = None
    event_type: str | None = None
    invoice_id: str | None = None


class _Event(Frozen):
    """The envelope of one event."""

    id: str
    type: str
    at: datetime
    about: dict[str, Any]  # data.object
    previous: dict[str, Any]  # the old values of what changed; empty for events that are no update
    request_key: str  # the idempotency key of the request that caused the event; empty when none did

    def said(self, invoice_id: str | None = None) -> dict[str, Any]:
        """The fields that every fact has."""
        return {
            "provider": PROVIDER,
            "event_id": self.id,
            "event_type": self.type,
            "at": self.at,
            "invoice_id": invoice_id,
            "caused_by_us": invoice_id is not None and is_ours(self.request_key, invoice_id),
        }

    def ignored(self, reason: str, invoice_id: str | None = None) -> Ignored:
        return Ignored(**self.said(invoice_id), reason=reason)


def read(event: object, served: Served = OWN) -> Fact:
    """Reads one event as a webhook or the events API delivers it.

    Raises MalformedEvent with one sentence that says what is missing; ForeignEvent for an event that is not of the
    account and the mode that are `served`. A type that says nothing to a case, or that is not known here, is not
    malformed: it is `Ignored`.
    """
    envelope = _opened(event, served)
    reader = _READERS.get(envelope.type)
    if reader is None:
        return envelope.ignored("events of this type concern no case")
    try:
        return reader(envelope)
    except MalformedObject as error:
        raise MalformedEvent(f"Event {envelope.id} is not understood. {error}") from None


def names(event: Json) -> EventNames:
    """Finds an event's names without reading the rest."""
    about = expanded(expanded(event.get("data")).get("object"))
    of_invoice = text(about, "object") == "invoice"
    return EventNames(
        event_id=text(event, "id"),
        event_type=text(event, "type"),
        invoice_id=text(about, "id" if of_invoice else "invoice"),
    )


def _failed(event: _Event, counts: bool) -> Fact:
    fields = _with_customer(event)
    return PaymentFailed(
        **fields,
        counts=counts,
        by_program=bool(event.request_key) and not fields["caused_by_us"],
        own_tries=retries_made(event.about) or 0,
    )


def _due(event: _Event) -> Fact:
    return InvoiceDue(**_with_customer(event))


def _with_customer(event: _Event) -> dict[str, Any]:
    invoice_id, _ = _invoice(event)
    customer_id = _customer(event)
    customer = shapes.invoice_customer(event.about, customer_id) if customer_id else None
    return event.said(invoice_id) | {"customer": customer}


def _paid(event: _Event) -> Fact:
    invoice_id, invoice = _invoice(event)
    return PaymentSucceeded(**event.said(invoice_id), invoice=invoice)


def _part_paid(event: _Event) -> Fact:
    """Sent for every single payment, and does not show the invoice."""
    invoice_id = _invoice_reference(event)
    return PaymentSucceeded(**event.said(invoice_id), amount=_money(event, "amount_paid"))


def _altered(event: _Event) -> Fact:
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
        **event.said(invoice_id), customer_id=_customer(event), change=MethodChange.NEW, method_id=method_id
    )


def _invoice(event: _Event) -> tuple[str, InvoiceSnapshot | None]:
    """The invoice's id, and the invoice where the event shows all of it."""
    invoice_id = object_id(event.about)
    if invoice_id is None:
        raise MalformedObject(f"The object of {event.type} has no 'id': expected an invoice.")
    if not shapes.shows_all(event.about):
        return invoice_id, None
    # With Automations the plan of Stripe's own tries comes later than the event that should show it.
    return invoice_id, shapes.read_invoice(event.about).model_copy(update={"tries": None})


def _credited(event: _Event) -> Fact:
    """The note shows by how much less is due, but not what is due now."""
    return InvoiceAltered(**event.said(_invoice_reference(event)), credited=_money(event, "amount"))


def _payment_moved(event: _Event) -> Fact:
    payment_id = object_id(event.about)
    if payment_id is None:
        raise MalformedObject(f"The object of {event.type} has no 'id': expected a payment intent.")
    invoice_id = object_id(event.about.get("invoice"))  # before basil only
    return PaymentMoved(**event.said(invoice_id), payment_id=payment_id, customer_id=_customer(event))


def _subscription_ended(event: _Event) -> Fact:
    subscription_id, customer_id = object_id(event.about), _customer(event)
    if subscription_id is None or customer_id is None:
        raise MalformedObject(f"The object of {event.type} has no 'id' or no 'customer': expected a subscription.")
    return SubscriptionEnded(**event.said(), subscription_id=subscription_id, customer_id=customer_id)


def _method(event: _Event, change: MethodChange) -> Fact:
    customer_id = _customer(event)
    if customer_id is None:
        return event.ignored("the payment method belongs to no customer")
    if event.previous and event.previous.keys() <= _SAYS_NOTHING:
        return event.ignored("only the merchant's own notes on the payment method changed")
    return MethodChanged(**event.said(), customer_id=customer_id, change=change, method_id=object_id(event.about))


def _customer_changed(event: _Event) -> Fact:
    method = _customers_default(event)
    in_metadata = expanded(event.previous.get("metadata")).keys() & _IN_METADATA
    if not in_metadata and not event.previous.keys() & _OF_CUSTOMER:
        return method
    return CustomerChanged(
        **event.said(),
        customer=shapes.read_customer(event.about),
        channels=tuple(channel for name, channel in _PLACES.items() if name in event.previous),
        method=method if isinstance(method, MethodChanged) else None,
    )


def _customer_deleted(event: _Event) -> Fact:
    customer_id = object_id(event.about)
    if customer_id is None:
        raise MalformedObject(f"The object of {event.type} has no 'id': expected a customer.")
    return CustomerDeleted(**event.said(), customer_id=customer_id)


def _customers_default(event: _Event) -> Fact:
    settings = expanded(event.about.get("invoice_settings"))
    before = set(expanded(event.previous.get("invoice_settings"))) & {"default_payment_method"}
    return _new_default(event, object_id(event.about), settings, before | (event.previous.keys() & {"default_source"}))


def _subscriptions_default(event: _Event) -> Fact:
    return _new_default(event, _customer(event), event.about, event.previous.keys() & _DEFAULTS)


def _new_default(event: _Event, customer_id: str | None, holder: Json, changed: set[str]) -> Fact:
    """Of a default that moved: `changed` names which of the two kinds did, and `holder` shows the new one."""
    method_id = object_id(holder.get("default_payment_method"))
    # A source's id the event may not show.
    if customer_id is None or not changed or (method_id is None and "default_source" not in changed):
        return event.ignored("no payment method became the default one")
    return MethodChanged(**event.said(), customer_id=customer_id, change=MethodChange.NEW, method_id=method_id)


def _disputed(event: _Event) -> Fact:
    return PaymentDisputed(**_of_dispute(event))


def _dispute_ended(event: _Event) -> Fact:
    outcome = _DISPUTE_OUTCOMES.get(text(event.about, "status") or "", DisputeOutcome.WITHDRAWN)
    reason = text(event.about, "reason")
    returned = RawDecline(decline_code=reason) if reason in _RETURNS else None
    return DisputeEnded(**_of_dispute(event), outcome=outcome, amount=_money(event, "amount"), returned=returned)


def _of_dispute(event: _Event) -> dict[str, Any]:
    charge = expanded(event.about.get("charge"))
    return event.said(object_id(charge.get("invoice"))) | {  # before basil only
        "dispute_id": object_id(event.about) or "",
        "payment_id": object_id(event.about.get("payment_intent")),
        "charge_id": object_id(event.about.get("charge")),
        "customer_id": object_id(charge.get("customer")),
    }


_READERS: dict[str, Callable[[_Event], Fact]] = {
    "invoice.payment_failed": partial(_failed, counts=True),
    # Sent beside `invoice.payment_failed` when the bank wants the customer to confirm.
    "invoice.payment_action_required": partial(_failed, counts=False),
    # Of an invoice that was sent: some days before its due date, and after it.
    "invoice.will_be_due": _due,
    "invoice.overdue": _due,
    "invoice.paid": _paid,
    "invoice.payment_succeeded": _paid,
    # A payment came in although nothing was due any more: `amount_overpaid`.
    "invoice.overpaid": _paid,
    "invoice_payment.paid": _part_paid,
    "invoice.updated": _altered,
    "invoice.voided": _altered,
    "invoice.marked_uncollectible": _altered,
    "credit_note.created": _credited,
    # A bank debit that the customer began on the hosted page leaves the invoice open for days.
    "payment_intent.processing": _payment_moved,
    "payment_intent.canceled": _payment_moved,
    "customer.subscription.deleted": _subscription_ended,
    "payment_method.attached": partial(_method, change=MethodChange.NEW),
    "payment_method.updated": partial(_method, change=MethodChange.UPDATED),
    "payment_method.automatically_updated": partial(_method, change=MethodChange.UPDATED),
    "customer.updated": _customer_changed,
    "customer.deleted": _customer_deleted,
    "customer.subscription.updated": _subscriptions_default,
    "charge.dispute.created": _disputed,
    "charge.dispute.closed": _dispute_ended,
}


def _opened(event: object, served: Served) -> _Event:
    source = _part(event, "It is not a JSON object")
    for name in ("id", "type"):
        if not object_id(source.get(name)) or not text(source, name):
            raise MalformedEvent(_no_event(f"It has no {name!r}"))
    if why := served.refuses(source):
        raise ForeignEvent(f"Event {source['id']} is not taken: {why}.")
    at = moment(source.get("created"))
    if at is None:
        raise MalformedEvent(_no_event("Its 'created' is not a Unix time in seconds", source["id"]))
    data = _part(source.get("data"), "It has no 'data'", source["id"])
    return _Event(
        id=source["id"],
        type=source["type"],
        at=at,
        about=dict(_part(data.get("object"), "It has no 'data.object'", source["id"])),
        previous=dict(expanded(data.get("previous_attributes"))),
        request_key=text(expanded(source.get("request")), "idempotency_key") or "",
    )


def _part(value: object, problem: str, event_id: str | None = None) -> Json:
    if not isinstance(value, Mapping):
        raise MalformedEvent(_no_event(problem, event_id))
    return value


def _no_event(problem: str, event_id: str | None = None) -> str:
    which = f"Event {event_id} cannot be read" if event_id else "The event cannot be read"
    return f"{which}. {problem}: expected a Stripe event as a webhook has it, with id, type, created and data.object."


def _customer(event: _Event) -> str | None:
    return object_id(event.about.get("customer")) or object_id(event.about.get("customer_account"))


def _invoice_reference(event: _Event) -> str:
    identity = object_id(event.about.get("invoice"))
    if identity is None:
        raise MalformedObject(f"The object of {event.type} has no 'invoice': expected the id of an invoice.")
    return identity


def _money(event: _Event, name: str) -> Money | None:
    amount, currency = event.about.get(name), event.about.get("currency")
    if amount is None or currency is None:
        return None
    try:
        return Money(amount=amount, currency=currency)
    except ValueError:
        raise MalformedObject(
            f"The object of {event.type} has no readable {name!r}: expected whole minor units and a currency."
        ) from None
