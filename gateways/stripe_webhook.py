"""Stripe's webhook: the signature over the raw body, and the envelope of the event. What it says is read later.

The signature's check is the SDK's own (`Stripe-Signature: t=…,v1=…`, HMAC-SHA256 over "{t}.{body}").
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

import stripe

from gateways.ports.inbox import Arrival, NotGenuine, Unreadable
from gateways.stripe_events import PROVIDER
from gateways.stripe_fields import object_id, text

TOLERANCE = timedelta(minutes=5)
"""How old a signature may be: the SDK's default."""

_LONGEST_NAME = 255


class StripeWebhook:
    """`ports.Webhook` of Stripe.

    secrets: of the endpoints that are served (`whsec_…`); while a secret is being rotated, the old and the new one.
    """

    def __init__(self, secrets: Sequence[str], tolerance: timedelta = TOLERANCE) -> None:
        self._secrets = tuple(secrets)
        self._tolerance = int(tolerance.total_seconds())

    def open(self, body: bytes, headers: Mapping[str, str], target: str) -> Sequence[Arrival]:  # noqa: ARG002 - the port's
        try:
            signed = body.decode()
        except UnicodeDecodeError:
            raise NotGenuine("The body is not UTF-8, as Stripe's is.") from None
        if not any(self._is_signed(signed, headers.get("stripe-signature"), secret) for secret in self._secrets):
            raise NotGenuine("Stripe-Signature is missing, too old, or made with none of STRIPE_WEBHOOK_SECRETS.")
        return [_arrival(signed)]

    def _is_signed(self, body: str, header: str | None, secret: str) -> bool:
        try:
            return bool(stripe.WebhookSignature.verify_header(body, header, secret, self._tolerance))
        except stripe.SignatureVerificationError:
            return False


def _arrival(body: str) -> Arrival:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None
    if not isinstance(event, Mapping):
        raise Unreadable("The body is not a JSON object: expected one Stripe event.")
    event_id, kind = object_id(event.get("id")), text(event, "type")
    if not event_id or not kind or max(len(event_id), len(kind)) > _LONGEST_NAME:
        raise Unreadable("The event has no 'id' or no 'type'.")
    return Arrival(provider=PROVIDER, event_id=event_id, kind=kind, body=body)
