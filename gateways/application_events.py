"""Reads what the merchant's application says of notices as facts: a customer has seen one. Pure functions.

The contract is ours (docs/connect.md): Standard Webhooks, with the notice named by the `Idempotency-Key` that it came
with.
"""

from domain.events import ContactResult
from domain.steps import Channel
from gateways.provider_facts import ContactHeard, Fact, Ignored, MalformedEvent
from gateways.standard_events import envelope
from gateways.stripe_fields import text

PROVIDER = "application"

_RESULTS = {
    "notice.shown": ContactResult.DELIVERED,
    "notice.read": ContactResult.READ,
    "notice.failed": ContactResult.UNDELIVERED,
}


def read(event: object) -> Fact:
    """Reads one event. Raises MalformedEvent. A type that is not known here is `Ignored`."""
    said, data = envelope(event, PROVIDER)
    result = _RESULTS.get(said["event_type"])
    if result is None:
        return Ignored(**said, reason=f"known are {', '.join(_RESULTS)}")
    notice = text(data, "notice_id")
    if not notice:
        raise MalformedEvent("'data' has no 'notice_id': it is the Idempotency-Key that the notice came with.")
    return ContactHeard(**said, channel=Channel.NOTICE, result=result, key=notice)
