"""The rows of the ledger, as its callers see them."""

from datetime import datetime

from domain.base import Frozen
from domain.case import ChargeOutcome, Outcome
from domain.declines import Decline
from domain.money import Money
from domain.steps import AttemptKind, Channel


class CustomerRow(Frozen):
    """The customer as the ledger keeps it. The only place for personal data."""

    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str = ""
    language: str = "en"
    time_zone: str | None = None
    segment: str = "any"


class CaseRow(Frozen):
    """The ledger's projection of a case, for lists and reports."""

    invoice_id: str
    invoice_number: str | None = None
    customer_id: str
    subscription_id: str | None = None
    policy: str
    policy_digest: str
    amount: Money
    remaining: Money
    opened_at: datetime
    status: str  # opening | open | closed
    decline_code: str | None = None
    decline_class: str | None = None
    outcome: Outcome | None = None
    closed_at: datetime | None = None


class AttemptRow(Frozen):
    """One charge attempt. `state`: started (outcome unknown until finished), finished, refused."""

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
    rule: str | None = None


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


class TimelineRow(Frozen):
    """One line of the append-only record."""

    at: datetime
    invoice_id: str
    step: str
    what: str
    why: str
    rule: str | None = None


class CardUse(Frozen):
    """One charge on a card that reached the network, across all invoices."""

    at: datetime
    amount: Money
    outcome: ChargeOutcome


class Refusal(Frozen):
    """A rule's no: which rule, why, and until when."""

    rule: str
    why: str
    not_before: datetime | None = None
