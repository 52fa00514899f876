"""Reads SendGrid's events as facts. Pure functions.

An event tells what a mail server said of one e-mail. Opening and clicking are no answer of a person: mail programs and
scanners do both by themselves.
"""

from datetime import UTC, datetime
from typing import Any

from domain.events import ContactResult
from domain.steps import Channel
from gateways.provider_facts import ContactHeard, Fact, Ignored, MalformedEvent
from gateways.sendgrid_email import KEY
from gateways.stripe_fields import Json, text

PROVIDER = "sendgrid"

_RESULTS = {
    "delivered": ContactResult.DELIVERED,
    "spamreport": ContactResult.COMPLAINED,
    "unsubscribe": ContactResult.OPTED_OUT,
    "group_unsubscribe": ContactResult.OPTED_OUT,
}
# Why SendGrid itself did not try. Any other reason is about the one e-mail.
_DROPPED = {
    "bounced address": ContactResult.BOUNCED,
    "invalid": ContactResult.INVALID_ADDRESS,
    "unsubscribed address": ContactResult.OPTED_OUT,
    "spam reporting address": ContactResult.COMPLAINED,
}
_SAYS_NOTHING = {
    "processed": "SendGrid has taken the e-mail, which its answer said already",
    "deferred": "the mail server asks for patience, and SendGrid tries again by itself for three days",
    "open": "a mail program has loaded the e-mail: that says nothing of a person",
    "click": "something followed a link: scanners do so too",
    "group_resubscribe": "a wish is withdrawn by an operator only",
}


def read(event: object) -> Fact:
    """Reads one event of a batch. Raises MalformedEvent. A kind that is not known here is `Ignored`."""
    if not isinstance(event, dict):
        raise MalformedEvent("The event is not a JSON object.")
    event_id, kind = text(event, "sg_event_id"), text(event, "event")
    if not event_id or not kind:
        raise MalformedEvent("The event has no 'sg_event_id' or no 'event'.")
    said: dict[str, Any] = {"provider": PROVIDER, "event_id": event_id, "event_type": kind, "at": _at(event)}
    result = _result(event, kind)
    if result is None:
        return Ignored(**said, reason=_SAYS_NOTHING.get(kind, "events of this kind say nothing of a contact"))
    return ContactHeard(
        **said,
        channel=Channel.EMAIL,
        result=result,
        key=text(event, KEY),
        address=text(event, "email"),
        why=(text(event, "status") or ""),
    )


def _result(event: Json, kind: str) -> ContactResult | None:
    if kind == "bounce":
        # `blocked`: the server refused this e-mail, or its sender; the address is as good as before.
        blocked = text(event, "type") == "blocked"
        return ContactResult.UNDELIVERED if blocked else ContactResult.BOUNCED
    if kind == "dropped":
        return _DROPPED.get((text(event, "reason") or "").strip().lower(), ContactResult.UNDELIVERED)
    return _RESULTS.get(kind)


def _at(event: Json) -> datetime:
    """Unix seconds. Raises MalformedEvent."""
    at = event.get("timestamp")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 < at < 2**33:
        raise MalformedEvent("The event's 'timestamp' is not a Unix time in seconds.")
    return datetime.fromtimestamp(int(at), UTC)
