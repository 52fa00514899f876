"""Webhooks that are signed as Standard Webhooks has it (standardwebhooks.com): the agency's and the application's.

The id of the delivery is the header `webhook-id`: the same however often it is delivered. The check is the reference
library's own (HMAC-SHA256 over "{id}.{timestamp}.{body}", not older than five minutes).
"""

import json
from collections.abc import Mapping, Sequence

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from gateways.ports.inbox import Arrival, NotGenuine, Unreadable
from gateways.ports.trouble import ProviderMisuse
from gateways.stripe_fields import text

_LONGEST_NAME = 255


class StandardWebhook:
    """`ports.Webhook` of a sender that keeps to Standard Webhooks.

    provider: whose events these are, as the ledger names it.
    secrets:  `whsec_…`; while one is being rotated, the old and the new one.
    setting:  where the secrets stand, for errors.
    Raises ProviderMisuse for a secret that is none.
    """

    def __init__(self, provider: str, secrets: Sequence[str], setting: str) -> None:
        self._provider = provider
        self._setting = setting
        try:
            self._signers = [Webhook(secret) for secret in secrets]
        except (ValueError, EmptyWebhookSecretError):
            raise ProviderMisuse(f"{setting} has what is no secret: whsec_ and base64 after it.") from None

    def open(self, body: bytes, headers: Mapping[str, str], target: str) -> Sequence[Arrival]:  # noqa: ARG002 - the port's
        try:
            signed = body.decode()
        except UnicodeDecodeError:
            raise NotGenuine("The body is not UTF-8.") from None
        given = {name: value for name, value in headers.items() if name.startswith("webhook-")}
        if not any(_is_signed(signer, signed, given) for signer in self._signers):
            raise NotGenuine(
                f"webhook-signature is missing, too old, or made with none of {self._setting}: sign as "
                "standardwebhooks.com describes it."
            )
        return [self._arrival(signed, headers["webhook-id"])]

    def _arrival(self, body: str, event_id: str) -> Arrival:
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            raise Unreadable("The body is not JSON.") from None
        kind = text(event, "type") if isinstance(event, Mapping) else None
        if not event_id or not kind or max(len(event_id), len(kind)) > _LONGEST_NAME:
            raise Unreadable("The body is not a JSON object with a 'type', or webhook-id is empty or too long.")
        kept = json.dumps(dict(event) | {"id": event_id})
        return Arrival(provider=self._provider, event_id=event_id, kind=kind, body=kept)


def _is_signed(signer: Webhook, body: str, headers: dict[str, str]) -> bool:
    try:
        signer.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        # The library lets ValueError through for a signature that is not even formed like one.
        return False
    return True
