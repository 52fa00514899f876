"""What goes into a case's workflow and comes out of it."""

from datetime import datetime

from pydantic import Field

from domain.base import Message
from domain.case import Case, CaseStatus, Outcome
from domain.money import Money
from domain.record import Entry

INTERRUPTING = frozenset(
    {
        "payment_received",
        "invoice_changed",
        "dispute_opened",
        "dispute_closed",
        "agency_reported",
        "pause",
        "resume",
        "settle",
        "write_off",
        "skip",
        "hand_off",
        "recall",
    }
)
"""What may make a step pointless that is being carried out: the case stops waiting for it and looks again.

By name alone, whatever it says: what a message means is the domain's, and a replay must not depend on that.
"""


REFUSED = "OrderRefused"
"""The type of the error by which an order is refused."""
OVERTAKEN = "OrderOvertaken"
"""The same, when the case is not any more what the order was about."""


class CaseStart(Message):
    """The input of the workflow: a new case, one that the ledger gave back, or one that continues as new."""

    case: Case
    searchable: dict[str, str | int] = Field(default_factory=dict)  # the search attributes that it starts with


class CaseResult(Message):
    """How the case ended: the workflow's result."""

    outcome: Outcome
    why: str
    remaining: Money
    attempts: int
    closed_at: datetime


class Happened(Entry):
    """One entry of the record, with the step's title where it is about a step."""

    title: str | None = None

    def __str__(self) -> str:
        return in_words(self, self.title)


def in_words(entry: Entry, title: str | None) -> str:
    """An entry as people read it, with the title of its step if it is about one."""
    said = f"{title}: {entry.what}" if title else entry.what
    return f"{said}{', ' if title else ': '}{entry.why}" if entry.why else said


class CaseView(Message):
    """The answer to the query `status`: the case as operators and programs see it."""

    invoice_id: str
    customer_id: str
    status: CaseStatus
    stage: str
    policy: str
    amount: Money
    due: Money
    decline_class: str | None
    decline_code: str | None
    attempts: int
    counting_attempts: int
    holds: tuple[str, ...]
    tried_again: tuple[str, ...] = ()  # steps whose provider did not answer, with what it said last
    warnings: tuple[str, ...] = ()  # what is to be put right outside the case
    agency: str | None = None  # its reference, and whether it has acknowledged the case
    own_try: str | None = None  # when Stripe tries by itself, where it makes all tries
    access: str
    closed_channels: dict[str, str]
    outcome: Outcome | None
    next_at: datetime | None
    next_step: str | None
    next_key: str | None = None  # the key of that step, by which it is ordered to be skipped
    version: str = ""  # by which an order can say which state of the case it is about
    why: str
    deciding: bool = False  # it was told something, or was woken, and what comes next is being decided
    zone: str = ""  # the customer's time zone
    plan_is: str = ""  # what has to be said of the plan's dates
    steps: dict[str, str]  # step key → done, skipped or refused, with its note
    record: tuple[Happened, ...]
