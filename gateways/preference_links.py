"""Links by which customers say what they want to get, without a login. A link names one message that was sent, signed;
it says nothing of anybody, and does not run out: an e-mail may be opened a year later.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4

from itsdangerous import BadData, URLSafeSerializer

from domain.call_hours import PARTS, CallTime, Part, written
from domain.steps import Channel
from gateways.customer_events import PROVIDER
from gateways.ports.inbox import Arrival, NotGenuine, Unreadable

PATH = "/preferences/"
CHANNELS: tuple[Channel, ...] = tuple(channel for channel in Channel if channel is not Channel.NOTICE)
"""What customers can do without. A notice is shown by the merchant's own application."""

SAVE, HOURS = "save", "hours"
"""The names in the form in which customers say when they want to be called."""
_SALT = "preferences"
_ONE_CLICK = "List-Unsubscribe"
_MOST_FIELDS = 20


class Choice(NamedTuple):
    """What one form says."""

    stop: tuple[Channel, ...] = ()
    call_hours: tuple[CallTime, ...] | None = None  # None: it does not say; empty: whenever it is lawful


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
        channels that the customer does without, or the hours in which they want to be called."""
        contact = self.contact(target.partition("?")[0].rpartition("/")[2])
        choice = choice_of(body)
        # Each press is an event of its own: a channel may have been opened again since the last one.
        kept: dict[str, Any] = {
            "id": uuid4().hex,
            "contact": contact,
            "stop": [channel.value for channel in choice.stop],
        }
        if choice.call_hours is not None:
            kept["call_hours"] = written(choice.call_hours)
        kind = "stop" if choice.stop else "call_hours"
        return [Arrival(provider=PROVIDER, event_id=kept["id"], kind=kind, body=json.dumps(kept))]

    def _token(self, contact: str) -> str:
        token = self._signer.dumps(contact)
        return token if isinstance(token, str) else token.decode()


def choice_of(body: bytes) -> Choice:
    """A form, as a mail program and the page send it. Raises Unreadable."""
    try:
        fields = parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Unreadable("The body is not a form.") from None
    wished = {value for name, value in fields if name == "stop"}
    if (_ONE_CLICK, "One-Click") in fields:
        wished.add(Channel.EMAIL.value)
    found = tuple(channel for channel in CHANNELS if channel.value in wished)
    call_hours = _hours([value for name, value in fields if name == HOURS]) if (SAVE, HOURS) in fields else None
    if not found and call_hours is None:
        raise Unreadable("Nothing was chosen.")
    return Choice(found, call_hours)


def _hours(chosen: Sequence[str]) -> tuple[CallTime, ...]:
    if not set(chosen) <= set(Part):
        raise Unreadable("The form names a part of the day that there is not.")
    return tuple(hours for part, hours in PARTS.items() if part in chosen)
