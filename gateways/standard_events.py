"""What all events have that come as Standard Webhooks: the delivery's id, `type`, `timestamp` and `data`."""

from datetime import UTC, datetime
from typing import Any

from gateways.provider_facts import MalformedEvent
from gateways.stripe_fields import Json, expanded, text


def envelope(event: object, provider: str) -> tuple[dict[str, Any], Json]:
    """What every fact has, and the event's data. Raises MalformedEvent."""
    source = expanded(event)
    event_id, kind = text(source, "id"), text(source, "type")
    if not event_id or not kind:
        raise MalformedEvent("The event is not a JSON object with a 'type'.")
    said = {"provider": provider, "event_id": event_id, "event_type": kind, "at": _at(text(source, "timestamp"))}
    return said, expanded(source.get("data"))


def _at(stated: str | None) -> datetime:
    """When it happened. Raises MalformedEvent."""
    try:
        at = datetime.fromisoformat(stated or "")
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise MalformedEvent("'timestamp' is not a time with its zone such as 2026-11-27T09:30:00Z.")
    return at.astimezone(UTC)
