"""What the activities expect of the channels to the customer, and of the messages' texts."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from domain.addresses import FIELDS, READ, address_key
from domain.base import Frozen
from domain.money import Money
from domain.steps import Channel, Stage
from domain.terms import Agreed
from domain.truth import MessageFacts
from gateways.ports.payments import InvoiceSnapshot


class Address(Frozen):
    """Whom a message goes to. Lives in the ledger and in the activity that sends, nowhere else."""

    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None  # E.164
    line_user_id: str | None = None
    postal_address: str | None = None  # as `domain.postal.PostalAddress` writes it
    language: str = ""  # as in `CustomerRow`

    def place(self, channel: Channel) -> str | None:
        """The address that a message goes to; None on a channel that needs none."""
        field = FIELDS.get(channel)
        return READ[field](getattr(self, field)) if field else None

    def key(self, channel: Channel) -> str | None:
        """What the place that a channel leads to is compared by; None when it leads nowhere."""
        place = getattr(self, FIELDS.get(channel, "customer_id"))
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


class FilledTemplate(Frozen):
    """An approved text of the provider's, and what stands in its places."""

    id: str
    values: dict[str, str]  # by the place's name


class Listed(Frozen):
    """Others of the customer's unpaid invoices, in a letter."""

    intro: str
    rows: tuple[tuple[str, str], ...]  # number and amount of each


class Letter(Frozen):
    """What stands in one letter, as `letter.typ` lays it out: texts, and nothing that is looked up or worked out."""

    paper: str  # a4 or us-letter
    language: str  # BCP 47
    direction: str  # ltr or rtl
    sender: tuple[str, ...]  # the merchant's name and address, line by line
    recipient: tuple[str, ...]  # the customer's
    date: str
    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]  # the amounts: label and value
    lists: tuple[Listed, ...]
    code: str  # before the code that leads to `link`
    link: str
    transfer: str  # before the account; empty where none is named
    bank: tuple[str, ...]  # the account, line by line
    closing: str
    help: str
    ways: tuple[str, ...]  # where the merchant answers
    regards: str
    merchant: str
    foot: tuple[str, ...]

    @property
    def text(self) -> str:
        """As it is read, for the ledger."""
        parts = [
            "\n".join(self.recipient),
            self.date,
            self.greeting,
            *self.paragraphs,
            "\n".join(f"{label}: {value}" for label, value in self.rows),
            f"{self.code}\n{self.link}",
            *("\n".join([each.intro, *(": ".join(row) for row in each.rows)]) for each in self.lists),
            "\n".join([self.transfer, *self.bank]) if self.transfer else "",
            self.closing,
            f"{self.help} {', '.join(self.ways)}",
            f"{self.regards}\n{self.merchant}",
            "\n".join(self.foot),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"


class Printed(Frozen):
    """A letter that is ready to be printed."""

    pdf: bytes
    pages: int


class Press(Protocol):
    """Lays letters out."""

    def printed(self, letter: Letter) -> Printed:
        """The same letter is the same bytes. Raises Unreachable for signs that no font has, ProviderMisuse for a layout
        that is wrong."""

    def pictures(self, letter: Letter) -> list[str]:
        """Each page as SVG, to be looked at. Raises as `printed`."""


class Rendered(Frozen):
    """A message ready to be sent. `html` is for e-mail, `subject` for e-mail, notice and letter."""

    text: str
    subject: str = ""
    html: str = ""
    letter: Letter | None = None  # what is printed: `text` says the same
    template: FilledTemplate | None = None  # by which it is sent: `text` is what it makes
    sender_name: str | None = None  # of an e-mail; None: the one of its channel
    reply_to: str | None = None  # where answers to an e-mail go; None: as its channel says


class Messages(Protocol):
    """Templates by language, channel and stage."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that there are words for, by their tags in lower case."""

    def unapproved(self, stage: Stage, language: str) -> dict[Channel, str]:
        """Channel → why nothing of this stage can be written there to who reads this language (BCP 47)."""

    def render(
        self,
        channel: Channel,
        facts: MessageFacts,
        address: Address,
        invoice: InvoiceSnapshot,
        language: str,
        others: Sequence[InvoiceSnapshot] = (),
        key: str = "",
        link: str | None = None,
        agreed: Agreed | None = None,
        on: date | None = None,
    ) -> Rendered:
        """Renders one message; `others` are the customer's other unpaid invoices, which it names; `key` is the
        contact's, for the link to what the customer gets. `link`: in place of the provider's own link to the payment
        page. `agreed`: what the customer agreed to, which an e-mail quotes. `on`: the day that
        a letter is dated. An unknown language falls back to the
        merchant's."""


class ShortLinks(Protocol):
    """The merchant's own short addresses of payment pages."""

    def code(self, invoice_id: str) -> str:
        """The code of an invoice, always the same under one secret."""

    def link(self, code: str) -> str:
        """The address that is sent."""


class RequiredWords(Protocol):
    """What the law of a place wants a message to name."""

    def complete(
        self, channel: Channel, message: Rendered, language: str, due: Money, names: Collection[str]
    ) -> tuple[Rendered, Collection[str]]:
        """The message with what can be added of `names`, and the names that it has then. `due`: the amount that it is
        about."""


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
