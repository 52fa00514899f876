"""Reads Stripe's events as facts, in the current shape (basil and later) and the one before it. Pure functions.

An event comes in the API version of its webhook endpoint, and that one never changes for an event. So a field may be
missing that another version has: an event is a hint, and what it does not show is read by id. What it shows in a way
that cannot be right is refused.
"""

from collections.abc import Callable, Mapping

from gateways.provider_facts import Fact, MalformedEvent
from gateways.stripe_customer_events import CUSTOMERS
from gateways.stripe_dispute_events import DISPUTES
from gateways.stripe_envelope import PROVIDER, Event, EventNames, names, opened
from gateways.stripe_invoice_events import INVOICES
from gateways.stripe_origin import Served
from gateways.stripe_shapes import MalformedObject

__all__ = ["OWN", "PROVIDER", "READERS", "TYPES", "EventNames", "names", "read"]

OWN = Served()
"""The key's own account, in either mode."""

READERS: Mapping[str, Callable[[Event], Fact]] = {**INVOICES, **CUSTOMERS, **DISPUTES}
"""The events that a webhook endpoint has to be registered for, and what reads them."""

TYPES = frozenset(READERS)
"""The types that a webhook endpoint has to be subscribed to: those that are read, and no other."""

_BY_ANOTHER = "another event tells a case of it"
# Events that say something about money that is owed, and why a case hears nothing of them.
SILENT: Mapping[str, str] = {
    "invoice.created": "nothing has failed yet",
    "invoice.finalized": "nothing has failed yet",
    "invoice.finalization_failed": "the invoice is still a draft: see in Stripe what it lacks",
    "invoice.sent": "nothing has failed yet",
    "invoice.deleted": "only a draft can be deleted, and none has a case",
    "invoice.payment_attempt_required": "it is paid by a method that Stripe does not charge",
    "customer.subscription.paused": "what is owed stays owed",
    "customer.subscription.resumed": "what is owed stays owed",
    "customer.subscription.trial_will_end": "nothing has failed yet",
    "customer.subscription.pending_update_applied": _BY_ANOTHER,
    "customer.subscription.pending_update_expired": _BY_ANOTHER,
    "customer.source.expiring": "the card is looked at before the renewal that it is to pay",
    "setup_intent.setup_failed": "no payment method came of it",
    "setup_intent.requires_action": "no payment method came of it yet",
    "payment_intent.succeeded": _BY_ANOTHER,
    "payment_intent.payment_failed": _BY_ANOTHER,
    "payment_intent.requires_action": _BY_ANOTHER,
    "charge.succeeded": _BY_ANOTHER,
    "charge.failed": _BY_ANOTHER,
    "charge.updated": _BY_ANOTHER,
    "charge.refunded": "what the merchant gives back is not owed again",
    "refund.created": "what the merchant gives back is not owed again",
    "refund.failed": "what the merchant gives back is not owed again",
    "charge.dispute.updated": "the dispute is neither new nor over",
    "charge.dispute.funds_withdrawn": "the dispute is neither new nor over",
    "charge.dispute.funds_reinstated": "the dispute is neither new nor over",
    "mandate.updated": "the next debit's answer tells whether the mandate still stands",
    "checkout.session.completed": _BY_ANOTHER,
    "checkout.session.async_payment_succeeded": _BY_ANOTHER,
    "checkout.session.async_payment_failed": _BY_ANOTHER,
    "checkout.session.expired": "nothing came of it",
}


def read(event: object, served: Served = OWN) -> Fact:
    """Reads one event as a webhook or the events API delivers it.

    Raises MalformedEvent with one sentence that says what is missing; ForeignEvent for an event that is not of the
    account and the mode that are `served`. A type that says nothing to a case, or that is not known here, is not
    malformed: it is `Ignored`.
    """
    envelope = opened(event, served)
    reader = READERS.get(envelope.type)
    if reader is None:
        return envelope.ignored(SILENT.get(envelope.type, "events of this type concern no case"))
    try:
        return reader(envelope)
    except MalformedObject as error:
        raise MalformedEvent(f"Event {envelope.id} is not understood. {error}") from None
