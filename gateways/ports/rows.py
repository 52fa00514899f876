"""The rows of the ledger, as its callers see them."""

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from pydantic import Field

from domain.base import Frozen
from domain.case import ChargeOutcome, Outcome
from domain.consent import Source
from domain.declines import Decline
from domain.money import Money
from domain.steps import Access, AttemptKind, Channel
from domain.truth import MessageFacts

Row = TypeVar("Row")


class CustomerRow(Frozen):
    """The customer as the ledger keeps it. The only place for personal data."""

    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    line_user_id: str | None = None  # as the merchant's LINE account knows them
    postal_address: str | None = None  # as `domain.postal.PostalAddress` writes it
    preferred_channel: Channel | None = None  # on which they want to hear from us, as they said
    call_hours: str | None = None  # in which they want to be called, as `domain.call_hours.written` writes them
    call_hours_at: datetime | None = None  # when somebody said so last
    country: str = ""
    region: str = ""  # US state or Canadian province, ISO 3166-2 without the country
    language: str = ""  # what the customer wants, the best first: "fr-CA, th" (domain/languages.py); empty: not known
    time_zone: str | None = None
    segment: str = "any"
    stated: dict[str, str] | None = None  # what the payment provider stated last


class Closure(Frozen):
    """A channel that is closed: for one address, or by the customer's own wish."""

    customer_id: str
    channel: Channel
    address: str | None  # what the address is compared by; None: not known, and so any of the customer's
    why: str
    wish: bool = False  # the customer's own: it holds for the person, and for everybody who has the address
    event_id: str
    at: datetime
    source: Source = Source.UNKNOWN
    proof: str = ""  # how the one who told us knows
    opened_at: datetime | None = None  # it holds no more since then
    opened_by: str | None = None  # the event, or who gave the order


class CaseRow(Frozen):
    """A case at its newest decision, for lists and reports. No personal data.

    `status`: opening (its workflow does not run yet), or one of domain.case.CaseStatus.
    """

    invoice_id: str
    invoice_number: str | None = None
    customer_id: str
    subscription_id: str | None = None
    segment: str = "any"
    policy: str  # "standard@1", for humans
    policy_digest: str
    amount: Money
    remaining: Money
    opened_at: datetime
    status: str
    stage: str = "silent"  # of the newest message; `silent` before the first
    decline_code: str | None = None
    decline_class: str | None = None
    access: Access = Access.FULL
    hold: str | None = None  # why it stands still, in words
    next_at: datetime | None = None
    next_step: str | None = None
    why: str = ""  # the newest decision's reason
    decided_at: datetime | None = None  # None: nothing was decided yet
    outcome: Outcome | None = None
    closed_at: datetime | None = None
    owed_again: bool = False  # money that had ended it was taken back, and was not billed anew
    reopened_as: str | None = None  # the invoice by which that was billed anew
    reopens: str | None = None  # the invoice whose payment was taken back, which this one bills anew
    refund_due: Money | None = None  # what came in twice: the merchant has to give it back


class Late(Frozen):
    """What money that moved after a case's end makes of its row. None: that stays as it is."""

    remaining: Money
    outcome: Outcome | None = None
    owed_again: bool | None = None
    reopened_as: str | None = None
    refund_due: Money | None = None


class Cursor(Frozen):
    """Where a page of cases ended: the next one begins after it."""

    opened_at: datetime
    invoice_id: str


class Page(Frozen, Generic[Row]):
    """One page of a list; `after` leads to the next one, None on the last."""

    rows: tuple[Row, ...]
    after: Cursor | None = None


class KnownEvent(Frozen):
    """An event of a provider that has come in."""

    invoice_id: str | None  # what it was about, where that was one invoice


class AttemptRow(Frozen):
    """One charge attempt. `state`: started (outcome unknown until finished), finished."""

    invoice_id: str
    attempt: int
    kind: AttemptKind
    key: str
    step: str
    state: str
    as_of: datetime
    started_at: datetime  # the worker's clock: what the provider's records are compared with
    amount: Money
    network: str | None = None
    fingerprint: str | None = None
    outcome: ChargeOutcome | None = None
    provider_id: str | None = None
    decline: Decline | None = None


MADE = ("sending", "sent", "unknown")
"""The states of a contact that was made, or may have been."""


class ContactRow(Frozen):
    """One contact on one channel. `state`: sending (outcome unknown), failed (certainly not sent), sent, unknown,
    unreachable."""

    invoice_id: str
    step: str
    channel: Channel
    stage: str
    key: str
    state: str
    as_of: datetime
    started_at: datetime
    provider_id: str | None = None
    subject: str = ""
    text: str = ""
    html: str | None = None  # of an e-mail
    address: str | None = None  # where it went; None: a notice, or from before it was kept
    said: MessageFacts | None = None  # what it tells of the case
    names: tuple[str, ...] = ()  # ids of the customer's other invoices that it names
    delivery: str | None = None  # what its provider said of it last, a value of domain.events.ContactResult
    delivery_why: str = ""  # the provider's own code
    delivery_at: datetime | None = None
    withdrawn_at: datetime | None = None  # of a notice: when it was taken back


class Reply(Frozen):
    """What a customer wrote to us."""

    customer_id: str
    channel: Channel
    event_id: str
    at: datetime
    text: str = Field(repr=False)


class Reserved(NamedTuple):
    """The contact that stands, and whether it is the caller's to send."""

    row: ContactRow
    ours: bool
