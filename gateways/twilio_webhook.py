"""Twilio's webhooks: what became of a message, and what somebody wrote. Signed with the address that Twilio called.

The check is the SDK's own, of both kinds of signature: with the account's token (HMAC-SHA1), or with a shared key
(HMAC-SHA256), which the request's settings header names.
"""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import HMAC_SHA1, RequestValidator, get_signature_algorithm

from gateways.ports.inbox import Arrival, NotGenuine, Unreadable
from gateways.twilio_events import PROVIDER

_SIGNATURE, _SETTINGS = "x-twilio-signature", "x-twilio-webhooks-signature-settings"
_MOST_FIELDS = 200
_LONGEST_NAME = 255


class TwilioWebhook:
    """`ports.Webhook` of Twilio.

    public_url:  what stands before the path of the addresses that Twilio calls: `https://dunning.example.com`.
    tokens:      the account's auth token; while it is being rotated, both.
    shared_keys: the secrets of webhook keys, where any are in use.
    """

    def __init__(self, public_url: str, tokens: Sequence[str], shared_keys: Sequence[str] = ()) -> None:
        self._public_url = public_url.rstrip("/")
        self._tokens = [RequestValidator(token) for token in tokens]
        self._shared_keys = [RequestValidator(key) for key in shared_keys]

    def open(self, body: bytes, headers: Mapping[str, str], target: str) -> Sequence[Arrival]:
        return [_arrival(dict(parse_qsl(urlsplit(target).query)) | self.form(body, headers, target))]

    def form(self, body: bytes, headers: Mapping[str, str], target: str) -> dict[str, str]:
        """What Twilio has sent. Raises NotGenuine."""
        algorithm = get_signature_algorithm(headers.get(_SETTINGS))
        signers = self._tokens if algorithm == HMAC_SHA1 else self._shared_keys
        fields = _fields(body)
        url, signature = self._public_url + target, headers.get(_SIGNATURE, "")
        if not any(signer.validate(url, fields, signature, algorithm) for signer in signers):
            raise NotGenuine(
                "X-Twilio-Signature is missing, or of another address or token: check WEB_PUBLIC_URL, which has to be "
                "what Twilio calls, and TWILIO_AUTH_TOKEN."
            )
        return fields


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise NotGenuine("The body is not a form as Twilio sends it.") from None


def _arrival(fields: Mapping[str, str]) -> Arrival:
    message, status = fields.get("MessageSid", ""), fields.get("MessageStatus") or fields.get("SmsStatus", "")
    if not message or not status or max(len(message), len(status)) > _LONGEST_NAME:
        raise Unreadable("The form has no MessageSid or no MessageStatus: only messages are taken here.")
    # Twilio's own id of a call may be missing; of one message each status comes once.
    body = json.dumps(fields)
    return Arrival(provider=PROVIDER, event_id=f"{message}-{status}", kind=f"message.{status}", body=body)
