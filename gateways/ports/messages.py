"""What the activities expect of the channels to the customer, and of the messages' texts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.addresses import address_key, dialled_number, email_address
from domain.base import Frozen
from domain.steps import Channel
from domain.truth import MessageFacts
from gateways.ports.payments import InvoiceSnapshot


class Address(Frozen):
    """Whom a message goes to. Lives in the ledger and in the activity that sends, nowhere else."""

    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None  # E.164
    language: str = ""  # as in `CustomerRow`

    def place(self, channel: Channel) -> str | None:
        """The address that a message goes to; None on a channel that needs none."""
        places = {Channel.EMAIL: email_address(self.email), Channel.SMS: dialled_number(self.phone)}
        return places.get(channel)

    def key(self, channel: Channel) -> str | None:
        """What the place that a channel leads to is compared by; None when it leads nowhere."""
        places = {Channel.EMAIL: self.email, Channel.SMS: self.phone, Channel.NOTICE: self.customer_id}
        place = places[channel]
        return address_key(place) if place else None

    @property
    def keys(self) -> list[str]:
        """What the customer's e-mail address and number are compared by."""
        found = (self.key(channel) for channel in (Channel.EMAIL, Channel.SMS))
        return sorted({key for key in found if key})


class Recipient(Frozen):
    """The address, and the channels that are closed to us, each with why."""

    address: Address
    closed_channels: dict[Channel, str]


class Rendered(Frozen):
    """A message ready to be sent. `html` is for e-mail, `subject` for e-mail and notice."""

    text: str
    subject: str = ""
    html: str = ""


class Messages(Protocol):
    """Templates by language, channel and stage."""

    def render(
        self,
        channel: Channel,
        facts: MessageFacts,
        address: Address,
        invoice: InvoiceSnapshot,
        language: str,
        others: Sequence[InvoiceSnapshot] = (),
    ) -> Rendered:
        """Renders one message; `others` are the customer's other unpaid invoices, which it names. An unknown language
        falls back to the merchant's."""


class Sent(Frozen):
    provider_id: str | None = None


class Sender(Protocol):
    """One channel: SendGrid, Twilio, the merchant's application."""

    def send(self, address: Address, message: Rendered, key: str) -> Sent:
        """Sends one message; `key` travels with it. Raises Unreachable, ProviderTrouble or ProviderMisuse."""

    def find(self, address: Address, message: Rendered, key: str, since: datetime) -> Sent | None:
        """Looks up whether the message with this key was accepted. None: certainly not.

        Raises ProviderTrouble when that cannot be known yet (with retry_after), LookupImpossible when never.
        """
