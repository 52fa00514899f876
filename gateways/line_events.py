"""Reads LINE's events as facts. Pure."""

from datetime import UTC, datetime
from typing import Any

from domain.steps import Channel
from gateways.answers import wish_of
from gateways.provider_facts import CustomerWrote, Fact, Ignored, MalformedEvent, Wish
from gateways.stripe_fields import expanded, text

PROVIDER = "line"

_WISHES = {"follow": Wish.START, "unfollow": Wish.STOP}
"""Who blocks the account wants nothing from it there, and who follows it (again) does."""


def read(event: object) -> Fact:
    """Reads one event. Raises MalformedEvent."""
    if not isinstance(event, dict):
        raise MalformedEvent("The event is no object.")
    event_id, kind, stamp = text(event, "webhookEventId"), text(event, "type"), event.get("timestamp")
    if not event_id or not kind or not isinstance(stamp, int) or isinstance(stamp, bool):
        raise MalformedEvent("The event has no webhookEventId, no type or no timestamp.")
    try:
        at = datetime.fromtimestamp(stamp // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise MalformedEvent("The event's timestamp is no time in milliseconds.") from None
    said: dict[str, Any] = {"provider": PROVIDER, "event_id": event_id, "event_type": kind, "at": at}
    source = expanded(event.get("source"))
    user = text(source, "userId") if source.get("type") == "user" else None
    if user is None:
        return Ignored(**said, reason="it is about no single person")
    if kind in _WISHES:
        return CustomerWrote(**said, channel=Channel.LINE, address=user, text="", wish=_WISHES[kind])
    message = expanded(event.get("message"))
    words = text(message, "text") if kind == "message" and message.get("type") == "text" else None
    if words is None:
        return Ignored(**said, reason="nothing was written")
    return CustomerWrote(**said, channel=Channel.LINE, address=user, text=words, wish=wish_of(words))
