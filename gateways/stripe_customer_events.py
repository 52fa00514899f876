"""Stripe's events about customers, their payment methods and subscriptions. Pure functions."""

from collections.abc import Callable, Mapping
from functools import partial

from domain.addresses import FIELDS
from domain.events import MethodChange
from domain.steps import Channel
from gateways import stripe_shapes as shapes
from gateways.provider_facts import (
    CustomerChanged,
    CustomerDeleted,
    Fact,
    MethodChanged,
    MethodGone,
    SubscriptionEnded,
)
from gateways.stripe_envelope import Event, customer_of
from gateways.stripe_fields import Json, expanded, object_id
from gateways.stripe_shapes import MalformedObject

_DEFAULTS = frozenset({"default_payment_method", "default_source"})
# Attributes of a payment method by which no bank decides. An address it may decide by.
_SAYS_NOTHING = frozenset({"allow_redisplay", "metadata"})
# Attributes of a customer that say who and where they are, and keys of theirs in its metadata.
_OF_CUSTOMER = frozenset({"name", "email", "phone", "address", "preferred_locales"})
_STATED_AS = {"postal_address": "address"}
_IN_METADATA = frozenset({"time_zone", "segment", "line_user_id", "preferred_channel"})


def _subscription_ended(event: Event) -> Fact:
    subscription_id, customer_id = object_id(event.about), customer_of(event)
    if subscription_id is None or customer_id is None:
        raise MalformedObject(f"The object of {event.type} has no 'id' or no 'customer': expected a subscription.")
    return SubscriptionEnded(**event.said(), subscription_id=subscription_id, customer_id=customer_id)


def _method(event: Event, change: MethodChange) -> Fact:
    customer_id = customer_of(event)
    if customer_id is None:
        return event.ignored("the payment method belongs to no customer")
    if event.previous and event.previous.keys() <= _SAYS_NOTHING:
        return event.ignored("only the merchant's own notes on the payment method changed")
    return MethodChanged(**event.said(), customer_id=customer_id, change=change, method_id=object_id(event.about))


def _customer_changed(event: Event) -> Fact:
    method = _customers_default(event)
    in_metadata = expanded(event.previous.get("metadata")).keys() & _IN_METADATA
    if not in_metadata and not event.previous.keys() & _OF_CUSTOMER:
        return method
    return CustomerChanged(
        **event.said(),
        customer=shapes.read_customer(event.about),
        channels=tuple(
            channel
            for channel, field in FIELDS.items()
            if _STATED_AS.get(field, field) in event.previous
            or field in in_metadata
            or (channel is Channel.LETTER and "name" in event.previous)  # it stands on the envelope
        ),
        moved=_moved(event),
        method=method if isinstance(method, MethodChanged) else None,
    )


def _moved(event: Event) -> bool:
    before, address = event.previous, expanded(event.about.get("address"))
    of_country = "address" in before and expanded(before["address"]).get("country") != address.get("country")
    # Stripe names of an address what has changed in it; all of it where there was none.
    same = isinstance(before.get("address"), dict) and "country" not in before["address"]
    return (of_country and not same) or "time_zone" in expanded(before.get("metadata"))


def _customer_deleted(event: Event) -> Fact:
    customer_id = object_id(event.about)
    if customer_id is None:
        raise MalformedObject(f"The object of {event.type} has no 'id': expected a customer.")
    return CustomerDeleted(**event.said(), customer_id=customer_id)


def _customers_default(event: Event) -> Fact:
    settings = expanded(event.about.get("invoice_settings"))
    before = set(expanded(event.previous.get("invoice_settings"))) & {"default_payment_method"}
    return _new_default(event, object_id(event.about), settings, before | (event.previous.keys() & {"default_source"}))


def _subscriptions_default(event: Event) -> Fact:
    return _new_default(event, customer_of(event), event.about, event.previous.keys() & _DEFAULTS)


def _new_default(event: Event, customer_id: str | None, holder: Json, changed: set[str]) -> Fact:
    """Of a default that moved: `changed` names which of the two kinds did, and `holder` shows the new one."""
    method_id = object_id(holder.get("default_payment_method"))
    # A source's id the event may not show.
    if customer_id is None or not changed or (method_id is None and "default_source" not in changed):
        return event.ignored("no payment method became the default one")
    return MethodChanged(**event.said(), customer_id=customer_id, change=MethodChange.NEW, method_id=method_id)


def _set_up(event: Event) -> Fact:
    """A payment method was saved for later: by the hosted page for it, or beside a payment."""
    customer_id, method_id = customer_of(event), object_id(event.about.get("payment_method"))
    if customer_id is None or method_id is None:
        return event.ignored("what was set up belongs to no customer")
    return MethodChanged(**event.said(), customer_id=customer_id, change=MethodChange.NEW, method_id=method_id)


def _detached(event: Event) -> Fact:
    """The method itself belongs to nobody any more: whose it was, only its old value tells."""
    customer_id = object_id(event.previous.get("customer"))
    if customer_id is None:
        return event.ignored("the event does not tell whose payment method it was")
    return MethodGone(**event.said(), customer_id=customer_id)


CUSTOMERS: Mapping[str, Callable[[Event], Fact]] = {
    "customer.subscription.deleted": _subscription_ended,
    "customer.subscription.updated": _subscriptions_default,
    "payment_method.attached": partial(_method, change=MethodChange.NEW),
    "payment_method.updated": partial(_method, change=MethodChange.UPDATED),
    "payment_method.automatically_updated": partial(_method, change=MethodChange.UPDATED),
    "payment_method.detached": _detached,
    "setup_intent.succeeded": _set_up,
    "customer.updated": _customer_changed,
    "customer.deleted": _customer_deleted,
}
