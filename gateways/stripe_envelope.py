"""The envelope of Stripe's events, which is the same for all of them. Pure functions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.base import Frozen
from domain.ids import is_ours
from domain.money import Money
from gateways.provider_facts import ForeignEvent, Ignored, MalformedEvent
from gateways.stripe_fields import Json, expanded, moment, object_id, text
from gateways.stripe_origin import Served
from gateways.stripe_shapes import MalformedObject

PROVIDER = "stripe"


class EventNames(Frozen):
    """What an event calls itself and its invoice, also where it cannot be read. Of any length, and not checked."""

    event_id: str | None = None
    event_type: str | None = None
    invoice_id: str | None = None


class Event(Frozen):
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


def names(event: Json) -> EventNames:
    """Finds an event's names without reading the rest."""
    about = expanded(expanded(event.get("data")).get("object"))
    of_invoice = text(about, "object") == "invoice"
    return EventNames(
        event_id=text(event, "id"),
        event_type=text(event, "type"),
        invoice_id=text(about, "id" if of_invoice else "invoice"),
    )


def opened(event: object, served: Served) -> Event:
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
    return Event(
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


def customer_of(event: Event) -> str | None:
    return object_id(event.about.get("customer")) or object_id(event.about.get("customer_account"))


def invoice_reference(event: Event) -> str:
    identity = object_id(event.about.get("invoice"))
    if identity is None:
        raise MalformedObject(f"The object of {event.type} has no 'invoice': expected the id of an invoice.")
    return identity


def money_in(event: Event, name: str) -> Money | None:
    amount, currency = event.about.get(name), event.about.get("currency")
    if amount is None or currency is None:
        return None
    try:
        return Money(amount=amount, currency=currency)
    except ValueError:
        raise MalformedObject(
            f"The object of {event.type} has no readable {name!r}: expected whole minor units and a currency."
        ) from None
