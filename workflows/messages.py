"""What a running case is told, by name: facts and orders, and who takes them in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain import apply, events, orders
from domain.base import Message
from domain.case import Case, CaseStatus, Outcome
from domain.money import Money
from domain.record import Entry

TakeFact = Callable[[Case, Any, datetime], Case]
Refuse = Callable[[Case, Any, datetime], str | None]


def _dispute_opened(case: Case, _fact: events.DisputeOpened, now: datetime) -> Case:
    return apply.dispute_opened(case, now)


FACTS: dict[str, tuple[type[Message], TakeFact]] = {
    "payment_received": (events.PaymentReceived, apply.payment_received),
    "invoice_changed": (events.InvoiceChanged, apply.invoice_changed),
    "payment_method_changed": (events.PaymentMethodChanged, apply.payment_method_changed),
    "dispute_opened": (events.DisputeOpened, _dispute_opened),
    "dispute_closed": (events.DisputeClosed, apply.dispute_closed),
    "contact_reported": (events.ContactReported, apply.contact_reported),
    "agency_reported": (events.AgencyReported, apply.agency_reported),
}
"""Signals with news from outside, each with the provider's event id."""

ORDERS: dict[str, tuple[type[Message], Refuse, TakeFact]] = {
    "pause": (events.Pause, orders.refuse_pause, apply.pause),
    "resume": (events.Resume, orders.refuse_resume, apply.resume),
    "settle": (events.Settle, orders.refuse_settle, apply.settle),
    "write_off": (events.WriteOff, orders.refuse_write_off, apply.write_off),
}
"""An operator's orders: updates, and signals from the Temporal UI that run the same code."""


class CaseStart(Message):
    """The input of the workflow: a new case, or the same case after continue-as-new."""

    case: Case
    notes: tuple[Entry, ...] = ()  # decisions that the ledger has not got yet


class CaseResult(Message):
    """How the case ended: the workflow's result."""

    outcome: Outcome
    why: str
    remaining: Money
    attempts: int
    closed_at: datetime


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
    access: str
    closed_channels: dict[str, str]
    outcome: Outcome | None
    next_at: datetime | None
    next_step: str | None
    why: str
    steps: dict[str, str]  # step key → done, skipped or refused, with its note
    journal: tuple[str, ...]


def parse(model: type[Message], data: Any) -> Message:
    """Builds a message from decoded JSON; None stands for one without fields. Raises pydantic's ValidationError."""
    return model.model_validate({} if data is None else data)
