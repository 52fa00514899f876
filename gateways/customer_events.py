"""Reads what customers choose by the link in an e-mail. Pure; the time is that of arrival."""

from datetime import datetime

from domain.call_hours import stated
from domain.steps import Channel
from gateways.provider_facts import CustomerChose, Fact, MalformedEvent
from gateways.stripe_fields import expanded, text

PROVIDER = "customer"


def read(event: object, at: datetime) -> Fact:
    """Reads what the link's own reader has kept. Raises MalformedEvent."""
    source = expanded(event)
    event_id, contact, stop = text(source, "id"), text(source, "contact"), source.get("stop")
    if not event_id or not contact or not isinstance(stop, list):
        raise MalformedEvent("What was kept of the customer's choice is not complete.")
    channels = tuple(channel for channel in Channel if channel.value in stop)
    said = source.get("call_hours")
    if said is not None and not isinstance(said, str):
        raise MalformedEvent("What was kept of the hours for calls is not a text.")
    try:
        hours = None if said is None else stated(said)
    except ValueError as error:
        raise MalformedEvent(f"What was kept of the hours for calls cannot be read: {error}") from None
    return CustomerChose(
        provider=PROVIDER,
        event_id=event_id,
        event_type="stop" if channels else "call_hours",
        at=at,
        contact=contact,
        stop=channels,
        call_hours=hours,
    )
