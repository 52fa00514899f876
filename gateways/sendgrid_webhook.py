"""SendGrid's Event Webhook: the signature over timestamp and raw body, and its batches taken apart.

The signature is ECDSA (P-256, SHA-256); the public key stands in SendGrid's console as base64 of its DER form.
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gateways.ports.inbox import Arrival, NotGenuine, Unreadable
from gateways.ports.trouble import ProviderMisuse
from gateways.sendgrid_events import PROVIDER

TOLERANCE = timedelta(hours=25)
"""SendGrid documents none. It tries for 24 hours, and does not say that it signs anew: an older signature must not lose
what happened. What is delivered once more changes nothing, by the event's id."""

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_SECONDS = re.compile("[0-9]{1,15}")  # Python refuses to read a number of some thousand digits
_LONGEST_NAME = 255


class SendGridWebhook:
    """`ports.Webhook` of SendGrid.

    keys: the public keys (base64) of the webhooks that are served; while one is being changed, the old and the new one.
    Raises ProviderMisuse for a key that is none.
    """

    def __init__(self, keys: Sequence[str], tolerance: timedelta = TOLERANCE) -> None:
        self._keys = [_key(text) for text in keys]
        self._tolerance = tolerance.total_seconds()

    def open(self, body: bytes, headers: Mapping[str, str], target: str) -> Sequence[Arrival]:  # noqa: ARG002 - the port's
        timestamp = headers.get(_TIMESTAMP, "")
        signature = _decoded(headers.get(_SIGNATURE, ""))
        if not self._is_fresh(timestamp) or not any(
            _is_signed(key, signature, timestamp.encode() + body) for key in self._keys
        ):
            raise NotGenuine("The signature is missing, too old, or not of a key in SENDGRID_WEBHOOK_KEYS.")
        try:
            events = json.loads(body.decode())  # bytes alone would be taken in UTF-16, too
        except (ValueError, RecursionError):
            raise Unreadable("The body is not JSON.") from None
        if not isinstance(events, list):
            raise Unreadable("The body is not a JSON array: expected SendGrid's events.")
        return [arrival for event in events if (arrival := _arrival(event))]

    def _is_fresh(self, timestamp: str) -> bool:
        return bool(_SECONDS.fullmatch(timestamp)) and abs(time.time() - int(timestamp)) <= self._tolerance


def _arrival(event: object) -> Arrival | None:
    """One without an id or a kind is none of the documented ones: the others of its batch are kept all the same."""
    if not isinstance(event, Mapping):
        return None
    event_id, kind = event.get("sg_event_id"), event.get("event")
    if not isinstance(event_id, str) or not isinstance(kind, str) or not event_id or not kind:
        return None
    if max(len(event_id), len(kind)) > _LONGEST_NAME:
        return None
    return Arrival(provider=PROVIDER, event_id=event_id, kind=kind, body=json.dumps(event))


def _is_signed(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _key(text: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ProviderMisuse("SENDGRID_WEBHOOK_KEYS has what is no verification key: copy it from SendGrid's console.")
    return key
