"""Links by which customers say what they want to get, without a login. A link names one message that was sent, signed;
it says nothing of anybody, and does not run out: an e-mail may be opened a year later.
"""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl
from uuid import uuid4

from itsdangerous import BadData, URLSafeSerializer

from domain.steps import Channel
from gateways.customer_events import PROVIDER
from gateways.ports.inbox import Arrival, NotGenuine, Unreadable

PATH = "/preferences/"
CHANNELS: tuple[Channel, ...] = tuple(channel for channel in Channel if channel is not Channel.NOTICE)
"""What customers can do without. A notice is shown by the merchant's own application."""

_SALT = "preferences"
_ONE_CLICK = "List-Unsubscribe"
_MOST_FIELDS = 20


class PreferenceLinks:
    """`ports.Webhook` of the customer, and the maker of its links.

    public_url: what stands before the path: `https://dunning.example.com`.
    secrets:    the newest first; links of the others are good as well.
    """

    def __init__(self, public_url: str, secrets: Sequence[str]) -> None:
        self._before = public_url.rstrip("/") + PATH
        self._signer = URLSafeSerializer([*reversed(secrets)], salt=_SALT)

    def link(self, contact: str) -> str:
        """The address of one contact (its key)."""
        return self._before + self._token(contact)

    def contact(self, token: str) -> str:
        """The key of the contact that a link was made for. Raises NotGenuine."""
        try:
            contact = self._signer.loads(token)
        except BadData:
            contact = None
        if not isinstance(contact, str):
            raise NotGenuine("This link is not complete: open it as it stands in the e-mail.")
        return contact

    def open(self, body: bytes, headers: Mapping[str, str], target: str) -> Sequence[Arrival]:  # noqa: ARG002 - the port's
        """The press of a mail program's button (RFC 8058: `List-Unsubscribe=One-Click`), or of the page's own: the
        channels that the customer does without."""
        contact = self.contact(target.partition("?")[0].rpartition("/")[2])
        channels = channels_of(body)
        # Each press is an event of its own: a channel may have been opened again since the last one.
        kept = {"id": uuid4().hex, "contact": contact, "stop": [channel.value for channel in channels]}
        return [Arrival(provider=PROVIDER, event_id=kept["id"], kind="stop", body=json.dumps(kept))]

    def _token(self, contact: str) -> str:
        token = self._signer.dumps(contact)
        return token if isinstance(token, str) else token.decode()


def channels_of(body: bytes) -> list[Channel]:
    """A form, as a mail program and the page send it. Raises Unreadable."""
    try:
        fields = parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Unreadable("The body is not a form.") from None
    wished = {value for name, value in fields if name == "stop"}
    if (_ONE_CLICK, "One-Click") in fields:
        wished.add(Channel.EMAIL.value)
    found = [channel for channel in CHANNELS if channel.value in wished]
    if not found:
        raise Unreadable("Nothing was chosen.")
    return found
