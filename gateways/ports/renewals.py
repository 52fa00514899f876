"""What is expected of payment provider and ledger before a subscription renews."""

from datetime import date, datetime
from typing import NamedTuple, Protocol

from pydantic import Field

from domain.base import Frozen
from domain.gates import Postpone, Refuse
from domain.renewal import Notice, RenewalNow
from domain.rules.contacts import ContactCaps
from domain.steps import Channel
from gateways.ports.messages import Address, Rendered
from gateways.ports.payments import PaymentMethod, Payments
from gateways.ports.rows import CustomerRow


class RenewalSnapshot(Frozen):
    """A subscription's next renewal as the provider has it now."""

    subscription_id: str
    customer_id: str
    now: RenewalNow
    method: PaymentMethod | None  # what will be charged
    bought: str | None = None  # in the merchant's words
    customer: CustomerRow | None = Field(default=None, repr=False)  # of a deleted one only the id


class Renewals(Protocol):
    """Stripe."""

    def read_renewal(self, subscription_id: str, *, with_last: bool = False) -> RenewalSnapshot | None:
        """None: the subscription has ended, or will not renew. `with_last`: with what was paid the last time, which
        costs one more request."""


class Provider(Payments, Renewals, Protocol):
    """The payment provider with its renewals."""


class RenewalMessages(Protocol):
    """The words of notices before a renewal."""

    @property
    def closed(self) -> dict[Channel, str]:
        """Channels that nothing of the kind can be written on, each with why."""

    def render(
        self,
        channel: Channel,
        notice: Notice,
        renewal: RenewalSnapshot,
        address: Address,
        charged_on: date,
        key: str = "",
    ) -> Rendered | None:
        """One message; letters are none of it. None: there is no page where the customer could do it. `charged_on`:
        where the customer is."""


class NoticeRow(Frozen):
    """One notice before a renewal. `state`: as of a `ContactRow`, or left_out (it was right to say nothing)."""

    key: str  # domain/ids.py
    customer_id: str
    subscription_id: str
    notice: Notice
    renews_at: datetime
    segment: str
    policy: str  # "standard@1"
    channel: Channel
    state: str
    as_of: datetime
    started_at: datetime
    provider_id: str | None = None
    subject: str = ""
    text: str = ""
    html: str | None = None
    address: str | None = None
    why: str = ""
    rule: str | None = None
    delivery: str | None = None
    delivery_why: str = ""
    delivery_at: datetime | None = None


class ReservedNotice(NamedTuple):
    """The notice that stands, and whether it is the caller's to send."""

    row: NoticeRow
    ours: bool


class NoticeBook(Protocol):
    """Notices, each reserved before it is made. They count for what one person gets, as contacts do."""

    def customer_met(self, customer: CustomerRow) -> None:
        """Somebody is to be written to of whom no case is known: kept, unless they are known already."""

    def begin_notice(self, row: NoticeRow, to: Address, caps: ContactCaps) -> ReservedNotice | Postpone | Refuse:
        """Reserves the notice, in one transaction, as `ContactBook.begin_contact` does. One that stands is returned as
        it is; one that had `failed` is the caller's again. Refuse also for who was erased."""

    def leave_out(self, row: NoticeRow) -> None:
        """Keeps why nothing is said, once; what was said already stays."""

    def finish_notice(self, key: str, state: str, provider_id: str | None, why: str, rule: str | None = None) -> None:
        """sending → `state`. Finished already: nothing happens."""

    def notice(self, key: str) -> NoticeRow | None:
        """The notice with this key."""

    def notice_heard(self, key: str, delivery: str, why: str, at: datetime) -> NoticeRow | None:
        """What became of the notice with this key; None when there is none. As `ContactBook.contact_heard`."""

    def notices_of(self, customer_id: str) -> list[NoticeRow]:
        """Oldest first."""
