"""What exports expect of the ledger: everything of one kind, a page at a time, in the order in which it was kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.base import Frozen
from domain.steps import Channel


class RecordLine(Frozen):
    """One entry of the record, with the case that it is of."""

    number: int  # in the order in which entries were kept
    invoice_id: str
    at: datetime  # UTC, the case's own time
    step: str
    what: str
    why: str
    rule: str | None


class MessageLine(Frozen):
    """One message as the customer saw it, without the address."""

    number: int  # in the order in which messages were begun
    invoice_id: str
    at: datetime  # UTC, the case's own time
    channel: Channel
    stage: str
    state: str
    delivery: str | None
    delivery_why: str
    delivery_at: datetime | None
    subject: str
    text: str


class ExportBook(Protocol):
    """`since`: only what happened from then on."""

    def records_after(self, number: int, limit: int, since: datetime | None) -> Sequence[RecordLine]: ...

    def messages_after(self, number: int, limit: int, since: datetime | None) -> Sequence[MessageLine]: ...
