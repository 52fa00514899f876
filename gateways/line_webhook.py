"""LINE's webhooks: who follows the account, who no longer does, and what they write.

Signed with the channel's secret: base64 of HMAC-SHA256 over the raw body. The SDK has the same check; it is not used
here because importing it takes a web process two seconds (tests/gateways/test_line.py compares both).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from gateways.line_events import PROVIDER
from gateways.ports.inbox import Arrival, NotGenuine, Unreadable

_SIGNATURE = "x-line-signature"
_LONGEST_NAME = 255


class LineWebhook:
    """`ports.Webhook` of LINE. secrets: the channel's; while it is being changed, the old and the new one."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = [secret.encode() for secret in secrets]

    def open(self, body: bytes, headers: Mapping[str, str], target: str) -> Sequence[Arrival]:  # noqa: ARG002 - the port's
        given = headers.get(_SIGNATURE, "").encode("utf-8", "replace")
        if not any(hmac.compare_digest(signature(secret, body), given) for secret in self._secrets):
            raise NotGenuine("X-Line-Signature is missing, or of another channel: check LINE_WEBHOOK_SECRETS.")
        try:
            events = json.loads(body.decode())["events"]
        except (ValueError, RecursionError, KeyError, TypeError):
            raise Unreadable("The body is not JSON with a list of events.") from None
        if not isinstance(events, list):
            raise Unreadable("The body is not JSON with a list of events.")
        return [arrival for event in events if (arrival := _arrival(event))]


def signature(secret: bytes, body: bytes) -> bytes:
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest())


def _arrival(event: object) -> Arrival | None:
    """LINE delivers again under the same webhookEventId. In standby another channel of the account answers."""
    if not isinstance(event, Mapping) or event.get("mode") == "standby":
        return None
    event_id, kind = event.get("webhookEventId"), event.get("type")
    if not isinstance(event_id, str) or not isinstance(kind, str) or not event_id or not kind:
        return None
    if max(len(event_id), len(kind)) > _LONGEST_NAME:
        return None
    return Arrival(provider=PROVIDER, event_id=event_id, kind=kind, body=json.dumps(event))
