"""What the API answers with and takes. Money is minor units beside its currency; times are RFC 3339, in UTC."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import Field, WithJsonSchema

from domain import events
from domain.base import Frozen
from domain.events import AgencyReport, ContactResult
from domain.moments import Moment
from domain.money import Money
from domain.steps import Channel
from service.cases import STATUSES
from web.api.record_shape import record_schema

# What the domain takes, and no more: a fact that it refuses after the door would be a mistake of ours.
Remark = Annotated[events.Remark, Field(description="No personal data: it stays in Temporal's history.")]
EventId = Annotated[events.EventId, Field(description="Your own id: given twice it counts once.")]

S = TypeVar("S", bound=Frozen)
Record = Annotated[dict[str, Any], WithJsonSchema(record_schema())]
Status = Annotated[
    str,
    Field(pattern=f"^({'|'.join(STATUSES)})$", json_schema_extra={"enum": [*STATUSES]}),
]
SEARCHED = (
    "this id, e-mail address or phone number (with its country's prefix), or with an invoice of this id or number. "
    "The whole of it: parts are not found."
)
"""What customers are found by, in words."""


def shown_as(shape: type[S], source: object) -> S:
    """What the shape has of the source, field by field: what is added there is told only when it is added here."""
    return shape(**{name: getattr(source, name) for name in shape.model_fields})


class PauseOrder(Frozen):
    until: Moment | None = Field(default=None, description="Without it: until the case is resumed.")
    note: Remark = ""


class NoteOrder(Frozen):
    note: Remark = ""


class SettleOrder(Frozen):
    amount: Money
    paid: bool = Field(default=False, description="The money is in: it is recorded at Stripe as paid elsewhere.")
    note: Remark = ""


class SkipOrder(NoteOrder):
    step: str = Field(default="", max_length=255, description="`next_key` of the case: nothing else is skipped.")


class OpenOrder(NoteOrder):
    asked: bool = Field(default=False, description="The customer asked for it. Needed where they closed it themselves.")


class CloseOrder(Frozen):
    event_id: EventId


class ChannelAnswer(Frozen):
    """The customer's channels that are closed now, each with the reason."""

    customer_id: str
    closed_channels: dict[Channel, str]


class ContactReport(Frozen):
    event_id: EventId
    channel: Channel
    result: ContactResult
    address: str | None = Field(default=None, max_length=254, description="Where it went; else the present address.")


class AgencyReportBody(Frozen):
    event_id: EventId
    report: AgencyReport
    amount: Annotated[str | None, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,3})?$")] = None
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$")] = None


class PlannedStep(Frozen):
    at: datetime
    title: str
    why: str
    done: bool = Field(description="False: as things stand it is left out, and `why` says why.")


class CaseAnswer(Frozen):
    """One case. `case` is as its workflow tells it; without a worker as the ledger has it, and `why` says so."""

    invoice_id: str
    case: dict[str, Any]
    plan: list[PlannedStep]
    in_hand: list[str] = Field(description="Steps that are tried again now, each with what stands in its way.")
    why: str = ""


class RecordEntry(Frozen):
    at: datetime
    step: str
    what: str
    why: str
    rule: str | None = None


class RecordAnswer(Frozen):
    entries: list[RecordEntry]


class MessageAnswer(Frozen):
    """One message as the customer saw it, without the address that it went to."""

    at: datetime
    channel: Channel
    stage: str
    state: str
    subject: str
    text: str


class MessagesAnswer(Frozen):
    messages: list[MessageAnswer]


class TakenAnswer(Frozen):
    """What became of a record: `opened`, `exists`, `paid`, `no case`, `passed on`, `kept`, `ignored`; `note`: why."""

    result: str
    invoice_id: str | None
    note: str = ""


class HeardAnswer(Frozen):
    """What became of a report: `told`, `kept` for the customer's other cases, or `over`."""

    result: str


class InboxEvent(Frozen):
    id: int
    provider: str
    event_id: str
    kind: str
    at: datetime
    state: str
    attempts: int
    next_try: datetime
    result: str | None
    note: str
    invoice_id: str | None


class InboxAnswer(Frozen):
    events: list[InboxEvent]
    after: int | None = Field(description="Where the next page begins; null on the last.")


class AuditEntry(Frozen):
    number: int
    at: datetime
    request_id: str
    key_id: str
    name: str
    method: str
    path: str
    status: int = Field(description="0: no answer was written down; it may have been carried out or not.")


class AuditAnswer(Frozen):
    entries: list[AuditEntry]
    after: int | None
